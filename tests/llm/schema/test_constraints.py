"""What a schema demands beyond a type."""

from typing import Any

import pytest

from batonmcp.llm.schema.constraints import constraints


@pytest.mark.parametrize(
    ("schema", "types", "expected"),
    [
        (
            {"minLength": 1, "pattern": "x", "format": "uri"},
            ["string"],
            {"format": "uri", "minLength": 1, "pattern": "x"},
        ),
        ({"minLength": -1, "maxLength": 1.5, "pattern": 7}, ["string"], {}),
        ({"minLength": 1}, ["integer"], {}),
        ({"minimum": 0, "maximum": float("inf")}, ["integer"], {"minimum": 0}),
        ({"minimum": 0, "exclusiveMinimum": True}, ["number"], {"exclusiveMinimum": 0}),
        ({"exclusiveMinimum": True}, ["number"], {}),
        ({"exclusiveMaximum": 9}, ["number"], {"exclusiveMaximum": 9}),
        ({"divisibleBy": 2}, ["integer"], {"multipleOf": 2}),
        ({"multipleOf": 0}, ["integer"], {}),
        ({"minItems": 1, "uniqueItems": True}, ["array"], {"minItems": 1, "uniqueItems": True}),
        ({"default": 3, "examples": [1, 2, 3, 4]}, [], {"default": 3, "examples": [1, 2, 3]}),
        ({"default": None, "examples": "x"}, [], {}),
        ({"default": "x" * 1_000, "examples": [float("nan")]}, [], {}),
    ],
)
def test_constraints_as_they_should_be(schema: dict[str, Any], types: list[str], expected: dict[str, Any]) -> None:
    """What is about values of the type and is written as it should be stays, in the words of today's drafts."""
    assert constraints(schema, types, plain=False) == expected


def test_plain_has_only_what_helps_to_choose() -> None:
    """A default and examples bind nobody; all else may be more than a grammar can do."""
    schema = {"minLength": 1, "pattern": "x", "default": "y"}
    assert constraints(schema, ["string"], plain=True) == {"default": "y"}
