"""Schemas as graphs."""

from typing import Any

import pytest

from batonmcp.core.schema_graph import MOST_SUBSCHEMAS, Astray, Node, TooMuch, schema_graph

LEAF = {"type": "integer"}


def root_of(document: dict[str, Any]) -> Node:
    """Return the root of a schema's graph."""
    return schema_graph(document)[0]


def test_each_keyword_leads_to_its_subschemas() -> None:
    """Those that judge the same value, those of which one judges a member, and those that may all judge it."""
    here = {
        "not": LEAF | {"a": 1},
        "if": LEAF | {"a": 2},
        "allOf": [LEAF | {"a": 3}, LEAF | {"a": 4}, True],
        "dependentSchemas": {"x": LEAF | {"a": 5}},
        "dependencies": {"x": ["y"]},
    }
    each = {"properties": {"a": LEAF | {"b": 1}, "b": {}}, "items": [LEAF | {"b": 2}], "additionalProperties": False}
    every = {"patternProperties": {"^a": LEAF | {"c": 1}}, "contains": LEAF | {"c": 2}}
    root = root_of({**here, **each, **every, "$defs": {"unused": LEAF | {"d": 1}}})
    assert (len(root.here), len(root.each), len(root.every)) == (5, 3, 2)


def test_references_are_followed() -> None:
    """By pointer, by anchor, and to the schema of schemas, which is known to cost something."""
    pointed = {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b/0"}, "b": [LEAF]}}
    assert len(root_of(pointed).here[0].here) == 1
    assert len(root_of({"$ref": "#n", "$defs": {"a": {"$anchor": "n"}}}).here) == 1
    assert len(root_of({"$dynamicRef": "#n", "allOf": [{"$dynamicAnchor": "n"}, {"$dynamicAnchor": "n"}]}).here) == 4
    assert root_of({"$ref": "http://json-schema.org/draft-07/schema#"}).own > 50


def test_a_place_is_one_node_however_often_it_is_referred_to() -> None:
    """So that a graph is never larger than its document."""
    document = {"allOf": [{"$ref": "#/$defs/a"}] * 50, "$defs": {"a": LEAF}}
    assert len({id(reference.here[0]) for reference in root_of(document).here}) == 1


def test_what_comes_first_in_the_order_needs_nothing_that_comes_later() -> None:
    """Whoever walks in this order has the results that a subschema builds on."""
    document = {"allOf": [{"$ref": "#/$defs/b"}], "$defs": {"b": {"anyOf": [{"$ref": "#/$defs/a"}]}, "a": LEAF}}
    _, order = schema_graph(document)
    assert all(order.index(other) < order.index(node) for node in order for other in node.here)


@pytest.mark.parametrize(
    "document",
    [
        {"properties": {str(number): {"a": number} for number in range(MOST_SUBSCHEMAS)}},
        {"pattern": "a{20001}"},
        {"patternProperties": {"a" * 20_001: True}},
    ],
    ids=["subschemas", "repetition", "long pattern"],
)
def test_too_much(document: dict[str, Any]) -> None:
    """Past the limits there is no graph."""
    with pytest.raises(TooMuch):
        schema_graph(document)


@pytest.mark.parametrize(
    "document",
    [
        {"$ref": "#"},
        {"anyOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": {"allOf": [{"$ref": "#/$defs/a"}]}}},
        {"$ref": "https://example.com/a.json"},
        {"$ref": "#nowhere"},
        {"$ref": ""},
        {"$id": "http://json-schema.org/own", "$ref": "http://json-schema.org/own#/$defs/a", "$defs": {"a": LEAF}},
        {"$ref": "b.json", "$defs": {"b": {"$id": "b.json"}}},
    ],
    ids=str,
)
def test_astray(document: dict[str, Any]) -> None:
    """References in a circle, to other documents, or by addresses, which may mean something else than they seem to."""
    with pytest.raises(Astray):
        schema_graph(document)


def test_own_work_grows_with_what_is_compared() -> None:
    """Plain constants are looked up; structured ones are compared one by one; patterns count by size."""
    plain = root_of({"enum": list(range(1000))})
    structured = root_of({"enum": [{"a": [1]}] * 1000})
    assert plain.own == 1
    assert structured.own > 10_000
    assert root_of({"pattern": "a{1000}"}).patterns == 11
