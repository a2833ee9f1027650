"""Tests of `batonmcp.llm.lexical.places`."""

from typing import Any

from batonmcp.core.expression import evaluate, parse
from batonmcp.llm.lexical.places import Place, places_of
from batonmcp.llm.lexical.shapes import shape_of

_TREE = {"properties": {"name": {"type": "string"}, "kind": {"type": ["string", "null"]}}, "required": ["name", "kind"]}
_GARDEN: dict[str, Any] = {
    "properties": {
        "owner": {"properties": {"last-name": {"type": "string"}}, "required": ["last-name"]},
        "beds": {
            "type": "array",
            "items": {"properties": {"trees": {"type": "array", "items": _TREE}}},
        },
    },
    "required": ["owner", "beds"],
}
_VALUE: Any = {
    "owner": {"last-name": "Li"},
    "beds": [{"trees": [{"name": "oak", "kind": None}, {"name": "elm", "kind": "big"}]}, {}],
}


def _places(*, many: bool = False) -> dict[str, Place]:
    found = places_of("s1", shape_of(_GARDEN, _GARDEN), many=many)
    return {"_".join([*place.owner, *place.words]): place for place in found if place.words and not place.shape.items}


def test_expressions_read_the_place() -> None:
    """Each place has an expression that gives its value, or those of all items that have one."""
    places = _places()
    assert places["owner_last_nam"].listed == 's1.owner["last-name"]'
    for name, values in {"owner_last_nam": "Li", "tree_nam": ["oak", "elm"], "tree_kind": ["big"]}.items():
        assert evaluate(parse(places[name].listed), {"s1": _VALUE}) == values


def test_a_step_with_a_result_for_each_item_is_a_list() -> None:
    """The results of a `for_each` are gone through."""
    place = _places(many=True)["tree_nam"]
    assert evaluate(parse(place.listed), {"s1": [_VALUE, _VALUE]}) == ["oak", "elm"] * 2
    assert place.variable == "c"


def test_around_names_all_that_leads_to_a_place() -> None:
    """A place inside a list is about what the list is about."""
    assert {"bed", "tree", "nam"} <= _places()["tree_nam"].around
