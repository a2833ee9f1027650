"""The types of a schema."""

import math

import pytest

from batonmcp.llm.schema.types import inferred, is_number, type_of, types_in


@pytest.mark.parametrize(
    ("written", "types"),
    [
        ("string", ["string"]),
        (["string", "null", "string"], ["string", "null"]),
        (" Integer ", ["integer"]),
        ("int", ["integer"]),
        ("float", ["number"]),
        ("dict", ["object"]),
        ("datetime", ["string"]),
        ("any", []),
        ("Customer", []),
        (None, []),
        ({"type": "string"}, []),
        ([{"type": "string"}, "null"], ["null"]),
    ],
)
def test_types_by_whatever_names(written: object, types: list[str]) -> None:
    """Types are known by JSON Schema's names and those of languages; anything else names none."""
    assert types_in(written) == types


@pytest.mark.parametrize(
    ("schema", "values", "types"),
    [
        ({"properties": {}}, [], ["object"]),
        ({"items": {}}, [], ["array"]),
        ({"pattern": "x"}, [], ["string"]),
        ({"minimum": 1}, [], ["number"]),
        ({"pattern": "x"}, [1, 2.5, 3], ["integer", "number"]),
        ({"description": "x"}, [], []),
    ],
)
def test_type_that_is_not_written(schema: dict[str, object], values: list[object], types: list[str]) -> None:
    """It is what the listed values are, else what the keywords are about, else open."""
    assert inferred(schema, values) == types


def test_type_of_values() -> None:
    """Each JSON value has one type."""
    values: list[object] = [None, True, 1, 1.5, "a", [], {}]
    assert [type_of(value) for value in values] == ["null", "boolean", "integer", "number", "string", "array", "object"]


def test_numbers() -> None:
    """A bound is a finite number."""
    assert is_number(0)
    assert is_number(1.5)
    assert not any(map(is_number, [True, "1", None, math.inf, math.nan]))
