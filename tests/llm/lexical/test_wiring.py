"""Tests of `batonmcp.llm.lexical.wiring`."""

from typing import Any

import pytest

from batonmcp.llm.lexical.parameters import Parameter, parameters_of
from batonmcp.llm.lexical.shapes import shape_of
from batonmcp.llm.lexical.wiring import Source, condition_on, wire
from builders import tool

_TEXT = {"type": "string"}


def _source(properties: dict[str, Any], *words: str) -> Source:
    document = {"type": "object", "properties": properties, "required": list(properties)}
    return Source(step="s1", result=shape_of(document, document), many=False, words=frozenset(words))


def _rows(**properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "array",
        "items": {"type": "object", "properties": properties, "required": list(properties)},
    }


def _parameter(name: str, schema: dict[str, Any] | None = None) -> list[Parameter]:
    return list(parameters_of(tool(input_schema={"properties": {name: schema or _TEXT}})))


@pytest.mark.parametrize(
    ("parameter", "properties", "value", "for_each"),
    [
        ("city", {"city": _TEXT}, "s1.city", None),
        ("userName", {"user_names": {"type": "array", "items": _TEXT}}, "item", "unique([a for a in s1.user_names])"),
        ("tree", {"rows": _rows(tree=_TEXT)}, "item", "unique([a.tree for a in s1.rows])"),
        ("tree_id", {"tree": {"type": "object", "properties": {"id": _TEXT}}}, "s1.tree.id", None),
        ("tree_id", {"trees": _rows(id=_TEXT)}, "item", "unique([a.id for a in s1.trees])"),
        ("city", {"cities": _rows(name=_TEXT)}, "item", "unique([a.name for a in s1.cities])"),
    ],
)
def test_wire(parameter: str, properties: dict[str, Any], value: str, for_each: str | None) -> None:
    """A parameter gets what has its name, at any depth, once for each of several."""
    found = wire(_parameter(parameter), _source(properties))
    assert found
    assert (found.value, found.for_each) == (value, for_each)


def test_a_list_is_given_whole_to_a_parameter_that_takes_one() -> None:
    """No call for each item where one call takes them all."""
    source = _source({"trees": _rows(id=_TEXT)})
    found = wire(_parameter("tree_ids", {"type": "array", "items": _TEXT}), _source({"tree_ids": _rows()}))
    assert found is None
    found = wire(_parameter("tree_id", {"type": "array", "items": _TEXT}), source)
    assert found
    assert (found.value, found.for_each) == ("unique([a.id for a in s1.trees])", None)


@pytest.mark.parametrize(
    "properties",
    [{"town": _TEXT}, {"city": {"type": "integer"}}, {"city": {"type": "object", "properties": {"x": _TEXT}}}],
)
def test_nothing_is_wired_by_another_name_or_type(properties: dict[str, Any]) -> None:
    """What does not fit is not forced."""
    assert wire(_parameter("city"), _source(properties)) is None


def test_what_the_query_speaks_of_decides_between_lists() -> None:
    """The list that the later clause names wins over the one that the earlier names, that over any other."""
    properties = {"elms": _rows(tree=_TEXT), "oaks": _rows(tree=_TEXT), "ashes": _rows(tree=_TEXT)}
    found = wire(_parameter("tree"), _source(properties, "oak"))
    assert found
    assert found.for_each == "unique([a.tree for a in s1.oaks])"
    found = wire(_parameter("tree"), _source(properties, "oak"), focus={"ash"})
    assert found
    assert found.for_each == "unique([a.tree for a in s1.ashes])"


def test_each_prefers_lists() -> None:
    """Who asks for something for each of several does not mean the single one."""
    source = _source({"tree": _TEXT, "rows": _rows(tree=_TEXT)})
    found, for_each = wire(_parameter("tree"), source), wire(_parameter("tree"), source, each=True)
    assert found
    assert found.value == "s1.tree"
    assert for_each
    assert for_each.value == "item"


def test_sure_names_only() -> None:
    """A name such as `id` may mean anything."""
    source = _source({"id": _TEXT})
    assert wire(_parameter("id"), source)
    assert wire(_parameter("id"), source, sure=True) is None


def test_enumerations_must_meet() -> None:
    """A value that the parameter never allows is not wired."""
    assert wire(_parameter("kind", {"enum": ["a"]}), _source({"kind": {"enum": ["b"]}})) is None


@pytest.mark.parametrize(
    ("properties", "words", "term"),
    [
        ({"trees": _rows(), "name": _TEXT}, [], "len(s1.trees) > 0"),
        ({"trees": _rows(), "beds": _rows()}, ["bed"], "len(s1.beds) > 0"),
        ({"trees": _rows(), "beds": _rows()}, [], None),
        ({"count": {"type": "integer"}}, [], "s1.count > 0"),
        ({"ripe": {"type": "boolean"}, "sick": {"type": "boolean"}}, ["sick"], "s1.sick"),
        ({"name": _TEXT}, [], None),
        ({}, [], "s1"),
    ],
)
def test_condition_on(properties: dict[str, Any], words: list[str], term: str | None) -> None:
    """A list tells whether there is something, else a number or truth value, else an undeclared result as a whole."""
    assert condition_on(_source(properties, *words), "some") == term


def test_the_list_that_data_comes_from_is_the_one_meant() -> None:
    """A condition is about what the step then uses."""
    source = _source({"trees": _rows(), "beds": _rows(name=_TEXT)})
    found = wire(_parameter("bed_name"), source)
    assert found
    assert condition_on(source, "some", place=found.place) == "len(s1.beds) > 0"


def test_nothing_found_is_not_nothing_known() -> None:
    """A step that failed does not count as one that found nothing."""
    assert condition_on(_source({"trees": _rows()}), "none") == "s1 != null and not (len(s1.trees) > 0)"
