"""The plainest way to write a schema."""

from typing import Any

import pytest

from batonmcp.llm.schema.plain import plainly

CASES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"type": "string", "enum": ["a", "b"]}, {"type": "string", "enum": ["a", "b"]}),
    ({"type": "string", "enum": ["", "b"]}, {"type": "string", "description": 'One of ["", "b"]'}),
    (
        {"type": "integer", "enum": [1, 2], "description": "Size"},
        {"type": "integer", "description": "Size. One of [1, 2]"},
    ),
    (
        {"type": ["string", "null"], "description": "City"},
        {"description": "City", "anyOf": [{"type": "string"}, {"type": "null"}]},
    ),
    (
        {"type": ["object", "array"], "properties": {"a": {"type": "string"}}, "items": {}},
        {"anyOf": [{"type": "object", "properties": {"a": {"type": "string"}}}, {"type": "array", "items": {}}]},
    ),
    (
        {"type": "array", "items": {"type": ["string", "null"]}},
        {"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
    ),
    ({"type": "object", "additionalProperties": False}, {"type": "object"}),
    (
        {"type": "object", "additionalProperties": {"type": ["string", "null"]}},
        {"type": "object", "additionalProperties": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
    ),
    (
        {"anyOf": [{"type": "string"}, {"type": "integer", "enum": [1]}]},
        {"anyOf": [{"type": "string"}, {"type": "integer", "description": "One of [1]"}]},
    ),
]


@pytest.mark.parametrize(("schema", "plain"), CASES)
def test_each_value_has_one_type(schema: dict[str, Any], plain: dict[str, Any]) -> None:
    """Several types are a choice, values that are no texts are told in words, and nothing is forbidden that was not."""
    assert plainly(schema) == plain
