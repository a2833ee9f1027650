"""Schemas that all apply, as one."""

from typing import Any

import pytest

from batonmcp.llm.schema.merge import listed_properties, merged, required_in


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ({"type": "string"}, {"minLength": 1}, {"type": "string", "minLength": 1}),
        ({"minimum": 1, "maximum": 9}, {"minimum": 3, "maximum": 20}, {"minimum": 3, "maximum": 9}),
        ({"minimum": "x"}, {"minimum": 3}, {"minimum": 3}),
        ({"minimum": 3}, {"minimum": "x"}, {"minimum": 3}),
        ({"type": ["string", "null"]}, {"type": ["null", "integer"]}, {"type": ["null"]}),
        ({"type": "string"}, {"type": "integer"}, {"type": "string"}),
        ({"enum": [1, 2, 3]}, {"enum": [3, 2]}, {"enum": [2, 3]}),
        ({"enum": [1]}, {"enum": [2]}, {"enum": [1]}),
        ({"required": ["a"]}, {"required": ["b"]}, {"required": ["a", "b"]}),
        ({"description": "mine"}, {"description": "other"}, {"description": "mine"}),
        (
            {"properties": {"a": {"type": "string"}, "b": {}}},
            {"properties": {"a": {"minLength": 1}, "c": {}}},
            {"properties": {"a": {"allOf": [{"type": "string"}, {"minLength": 1}]}, "b": {}, "c": {}}},
        ),
        ({"items": {"type": "string"}}, {"items": {"type": "string"}}, {"items": {"type": "string"}}),
        ({"items": {"a": 1}}, {"items": {"b": 1}}, {"items": {"allOf": [{"a": 1}, {"b": 1}]}}),
    ],
)
def test_both_apply(one: dict[str, Any], other: dict[str, Any], both: dict[str, Any]) -> None:
    """Bounds get tighter, properties and what is required come together, and what contradicts stays as in the first."""
    assert merged(one, other) == both


def test_neither_shuts_out_the_other() -> None:
    """Two closed objects with different properties cannot both be: the merged one is open."""
    one: dict[str, Any] = {"properties": {"a": {}}, "additionalProperties": False}
    other: dict[str, Any] = {"properties": {"b": {}}}
    assert "additionalProperties" not in merged(one, other)
    assert merged(one, {**other, "additionalProperties": False})["additionalProperties"] is False
    assert merged(one, {"required": ["a"]})["additionalProperties"] is False


def test_properties_and_what_is_required_in_every_form() -> None:
    """Properties may be a list of objects with names, and required a mark at each of them."""
    entry = {"name": "a", "required": True}
    assert listed_properties({"properties": [entry, {"type": "string"}, 7]}) == {"a": entry}
    assert listed_properties({"properties": 7}) == {}
    assert required_in({"properties": [entry], "required": ["b", 7, "b"]}) == ["b", "a"]
    assert required_in({"properties": {"a": {"required": ["x"]}}, "required": True}) == []
