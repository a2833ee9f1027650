"""Tests of `batonmcp.llm.lexical.parameters`."""

from typing import Any

import pytest

from batonmcp.llm.lexical.parameters import Parameter, parameters_of
from builders import tool


def _parameter(name: str, schema: dict[str, Any]) -> Parameter:
    document = {"type": "object", "properties": {name: schema}}
    return parameters_of(tool(input_schema=document))[0]


@pytest.mark.parametrize(
    ("name", "schema", "want"),
    [
        ("verbose", {"type": "boolean"}, "boolean"),
        ("days", {"type": "integer"}, "number"),
        ("target", {"type": "string", "format": "uri"}, "url"),
        ("pageUrl", {"type": "string"}, "url"),
        ("to_email", {"type": "string"}, "email"),
        ("source_timezone", {"type": "string"}, "zone"),
        ("time_zone", {"type": "string"}, "zone"),
        ("repo_path", {"type": "string"}, "path"),
        ("files", {"type": "array", "items": {"type": "string"}}, "path"),
        ("since", {"type": "string"}, "date"),
        ("query", {"type": "string"}, "prose"),
        ("user_id", {"type": "string"}, "id"),
        ("city", {"type": "string"}, "name"),
        ("message", {"enum": ["a", "b"]}, "name"),
        ("options", {"type": "object"}, "other"),
        ("maybe", {"anyOf": [{"type": "string"}, {"type": "null"}]}, "name"),
    ],
)
def test_want_of_a_parameter(name: str, schema: dict[str, Any], want: str) -> None:
    """What a parameter wants is read from its type, its format and its name."""
    assert _parameter(name, schema).want == want


def test_roles() -> None:
    """Names of origins and destinations have a role."""
    assert _parameter("from_date", {"type": "string"}).role == "source"
    assert _parameter("destination", {"type": "string"}).role == "target"
    assert _parameter("city", {"type": "string"}).role is None


def test_hints_come_from_examples_and_quotes_in_the_description() -> None:
    """What a schema shows as a value is a hint."""
    shown = _parameter("kind", {"type": "string", "examples": ["a"], "description": "Either 'local' or \"remote\"."})
    assert shown.hints == ("a", "local", "remote")


def test_required_parameters_stand_first() -> None:
    """Values go to required parameters before optional ones."""
    document = {"properties": {"a": {"type": "string"}, "b": {"type": "string"}}, "required": ["b"]}
    found = parameters_of(tool(input_schema=document))
    assert [(parameter.name, parameter.required) for parameter in found] == [("b", True), ("a", False)]
