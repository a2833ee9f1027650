"""Forms of servers, as fields that a line of text can fill."""

import pytest
from pydantic import JsonValue

from batonmcp.cli.form import Field, fields_of, value_of


def schema(**properties: JsonValue) -> JsonValue:
    """Return a form with these fields."""
    return {"type": "object", "properties": properties}


@pytest.mark.parametrize(
    "form",
    [
        None,
        {"type": "object"},
        schema(a={"type": "array", "items": {"type": "string"}}),
        schema(a={"type": "object"}),
        schema(a="string"),
        schema(a={"type": "string", "oneOf": [{"const": "x"}]}),
        schema(a={"type": "string", "enum": [1]}),
        schema(a={"type": "string", "enum": ["\x1b[2J"]}),
        schema(a={"type": "string", "enum": "x"}),
        {"properties": {f"f{number}": {"type": "string"} for number in range(21)}},
    ],
)
def test_forms_that_lines_cannot_fill(form: JsonValue) -> None:
    """A form with anything but texts, numbers and yes or no is left alone as a whole."""
    assert fields_of(form) is None


def test_fields() -> None:
    """A field has a label, and says what may be typed."""
    fields = fields_of(
        {
            "properties": {
                "a": {"type": "string", "title": "A\x1b", "description": "the first", "default": ["no"]},
                "b": {"type": "number", "default": 1.5},
                "c": {"type": "boolean"},
            },
            "required": ["c"],
        }
    )
    assert fields is not None
    assert [field.prompt for field in fields] == [
        "  A, the first (may be empty): ",
        "  b (a number; empty: 1.5): ",
        "  c (y/n): ",
    ]


@pytest.mark.parametrize(
    ("field", "typed", "value"),
    [
        (Field(name="a", label="a", kind="string"), "5", "5"),
        (Field(name="a", label="a", kind="string", choices=["x"]), "x", "x"),
        (Field(name="a", label="a", kind="string", choices=["x"]), "y", None),
        (Field(name="a", label="a", kind="integer"), "5", 5),
        (Field(name="a", label="a", kind="integer"), "5.5", None),
        (Field(name="a", label="a", kind="number"), "5.5", 5.5),
        (Field(name="a", label="a", kind="number"), "inf", None),
        (Field(name="a", label="a", kind="boolean"), "YES", True),
        (Field(name="a", label="a", kind="boolean"), "n", False),
        (Field(name="a", label="a", kind="boolean"), "5", None),
    ],
)
def test_what_is_typed(field: Field, typed: str, value: JsonValue) -> None:
    """A text is taken as the kind of value that the field is for, or not at all."""
    assert value_of(field, typed) == value
