"""The types of expressions: what a declared shape rules out is found before a run, and nothing else is."""

from typing import Any

import pytest

from batonmcp.core.expression import parse
from batonmcp.core.typed import element, mismatch, selected, unselectable

CITY: dict[str, Any] = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "size": {"type": "integer"}},
    "additionalProperties": False,
}
FOUND: dict[str, Any] = {
    "type": "object",
    "properties": {
        "cities": {"type": "array", "items": {"$ref": "#/$defs/city"}},
        "total": {"type": "number"},
        "more": {"type": "object"},
        "open": {"type": "object", "properties": {"a": {"type": "string"}}},
        "either": {"type": ["string", "object"]},
    },
    "additionalProperties": False,
    "$defs": {"city": CITY},
}
KNOWN = {"s": FOUND, "dark": None}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("s.citys", "`s` has no 'citys'."),
        ("s['citys']", "`s` has no 'citys'."),
        ("len(s.citys) > 0", "`s` has no 'citys'."),
        ("s.cities.name", "`s.cities` is a list and has no 'name'."),
        ("s.cities[0].nam", "`s.cities[0]` has no 'nam'."),
        ("s.total.value", "`s.total` is a number and has no 'value'."),
        ("[c.name for c in s.citys]", "`s` has no 'citys'."),
        ("f'{s.totl}'", "`s` has no 'totl'."),
    ],
)
def test_what_cannot_be_there_is_found(source: str, message: str) -> None:
    """A key that the schema rules out is told once, with what is there instead."""
    ((found, cure),) = unselectable(parse(source), KNOWN)
    assert found == message
    assert cure


@pytest.mark.parametrize(
    "source",
    [
        "s.cities[0].name",
        "s.cities[-1]['size']",
        "s.more.anything.at.all",
        "s.open.b",
        "s.either.x",
        "dark.x.y",
        "other.x",
        "s.items()",
        "s.cities[0].name.upper()",
        "[s.x for s in dark]",
        "s.get('citys')",
        "s[dark.key]",
    ],
)
def test_what_may_be_there_is_not_reported(source: str) -> None:
    """An open object, an unknown value, a method or a variable of its own is left to the run."""
    assert list(unselectable(parse(source), KNOWN)) == []


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("s.total", "number"),
        ("s.cities[0].size", "integer"),
        ("s.cities", "array"),
        ("s.total + 1", None),
        ("dark", None),
    ],
)
def test_a_selection_has_the_type_of_its_place(source: str, kind: str | None) -> None:
    """References are followed; an expression that does more has no known type."""
    found = selected(parse(source), KNOWN)
    assert (found and found["type"]) == kind


def test_the_element_of_a_list() -> None:
    """The item of a loop over a list has the type of its elements."""
    item = element(selected(parse("s.cities"), KNOWN))
    name = selected(parse("item.name"), {"item": item})
    assert name is not None
    assert name["type"] == "string"
    assert [message for message, _ in unselectable(parse("item.nam"), {"item": item})] == ["`item` has no 'nam'."]
    assert element(CITY) is None
    assert element(None) is None


@pytest.mark.parametrize(
    ("given", "wanted", "unfit"),
    [
        ("string", "integer", True),
        ("array", "string", True),
        ("integer", "number", False),
        ("number", "integer", False),
        ("string", "string", False),
        ("string", ["string", "null"], False),
        (None, "string", False),
    ],
)
def test_types_that_never_fit(given: object, wanted: object, unfit: bool) -> None:  # noqa: FBT001 - a table
    """Only two plain types that exclude each other are a mismatch; a number may be a whole one."""
    assert (mismatch({"type": given} if given else {}, {"type": wanted}) is not None) == unfit
    assert mismatch(None, {"type": wanted}) is None
    assert mismatch({"type": "null"}, {"type": wanted}) is None
