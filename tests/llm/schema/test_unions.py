"""The alternatives of a subschema."""

from typing import Any

import pytest

from batonmcp.llm.schema.unions import branches_of, either, is_nullable, without_unions

TEXT = {"type": "string"}
NUMBER = {"type": "number"}


BRANCHES: list[tuple[dict[str, Any], list[Any]]] = [
    ({"anyOf": [TEXT, NUMBER]}, [TEXT, NUMBER]),
    ({"oneOf": [TEXT, {"type": "null"}, False]}, [TEXT]),
    ({"anyOf": [{"required": ["a"]}, {"not": {}}]}, []),
    ({"type": ["string", NUMBER]}, [TEXT, NUMBER]),
    ({"type": ["string", "null"]}, []),
    ({"anyOf": 7}, []),
    ({"anyOf": [TEXT, True]}, []),
    ({"anyOf": [TEXT, {}]}, []),
    ({"anyOf": [TEXT, {"required": ["a"]}], "properties": {"a": {}}}, [TEXT, {"required": ["a"]}]),
    ({"anyOf": [{"required": ["a"]}], "properties": {"a": {}}}, []),
]


@pytest.mark.parametrize(("flat", "branches"), BRANCHES)
def test_branches_that_are_about_the_value(flat: dict[str, Any], branches: list[Any]) -> None:
    """Those of every draft count; null, never, and what only requires properties do not."""
    assert branches_of(flat) == branches


def test_null_in_every_way() -> None:
    """OpenAPI has a mark for it, JSON Schema an alternative."""
    assert is_nullable({"nullable": True})
    assert is_nullable({"oneOf": [TEXT, {"type": "null"}]})
    assert not is_nullable({"nullable": "true", "anyOf": [TEXT]})


def test_either_has_each_once() -> None:
    """Equal variants are one; a single one needs no alternative."""
    assert either([TEXT, TEXT]) == TEXT
    assert either([TEXT, NUMBER, TEXT]) == {"anyOf": [TEXT, NUMBER]}
    assert without_unions({"anyOf": [], "oneOf": [], "title": "x"}) == {"title": "x"}
