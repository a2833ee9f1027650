"""Tests of `batonmcp.llm.lexical.shapes`."""

from typing import Any

from batonmcp.llm.lexical.shapes import Shape, shape_of


def _shape(document: dict[str, Any]) -> Shape:
    return shape_of(document, document)


def test_shape_follows_references() -> None:
    """A reference into the document is looked up."""
    shape = _shape({"properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"type": "string", "enum": ["x"]}}})
    assert shape.members["a"].options == ("x",)


def test_shape_lays_alternatives_on_top_of_each_other() -> None:
    """Whatever one alternative allows is allowed."""
    shape = _shape({"anyOf": [{"type": "integer"}, {"type": "null"}]})
    assert shape.types == {"integer", "null"}
    assert shape.scalars == {"integer", "number"}


def test_shape_of_a_schema_that_holds_itself_ends() -> None:
    """A recursive schema has a finite shape."""
    document = {"$ref": "#/$defs/T", "$defs": {"T": {"properties": {"next": {"$ref": "#/$defs/T"}}}}}
    assert "next" in _shape(document).members


def test_shape_of_odd_schemas_is_any() -> None:
    """What is no schema, or refers to nothing, allows anything."""
    assert _shape({"type": 5, "properties": [], "$ref": "#/nowhere"}).types == frozenset()
    assert shape_of(5, {}).members == {}


def test_shape_knows_options_examples_and_items() -> None:
    """Enumerations, constants, examples and items are read."""
    shape = _shape({"type": "array", "items": {"const": "a"}, "examples": ["b"], "default": "c"})
    assert shape.items
    assert shape.items.options == ("a",)
    assert shape.items.types == {"string"}
    assert shape.examples == ("b", "c")
