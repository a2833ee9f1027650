"""The conversion of a schema, part by part."""

from typing import Any

import pytest

from batonmcp.llm.schema.convert import Bounds, Overfull, converted

BOUNDS = Bounds(deepest=8, description=1_024)


def prop(schema: object, **document: object) -> dict[str, Any]:
    """Return what a property becomes."""
    return converted({"properties": {"a": schema}, **document}, BOUNDS, plain=False)["properties"]["a"]


PROPERTIES: list[tuple[Any, dict[str, Any]]] = [
    (True, {}),
    ({}, {}),
    ("string", {"type": "string"}),
    ({"const": "x"}, {"type": "string", "enum": ["x"]}),
    ({"type": "string", "enum": [1, 2]}, {"type": "integer", "enum": [1, 2]}),
    ({"type": "number", "enum": [1, 2.5]}, {"type": "number", "enum": [1, 2.5]}),
    ({"enum": ["a"], "nullable": True}, {"type": ["string", "null"], "enum": ["a", None]}),
    ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
    ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"type": ["string", "null"]}),
    ({"oneOf": [{"type": "string"}, {"type": "integer"}]}, {"anyOf": [{"type": "string"}, {"type": "integer"}]}),
    (
        {"oneOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}], "description": "x"},
        {"description": "x", "anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]},
    ),
    ({"oneOf": [{"const": "a", "title": "A"}, {"const": "b"}]}, {"type": "string", "enum": ["a", "b"]}),
    ({"anyOf": [{"type": "string"}, {"type": "string"}]}, {"type": "string"}),
    ({"type": ["string", {"enum": [1]}]}, {"anyOf": [{"type": "string"}, {"type": "integer", "enum": [1]}]}),
    ({"type": "array"}, {"type": "array", "items": {}}),
    ({"type": "array", "items": True}, {"type": "array", "items": {}}),
    ({"items": {"type": "string"}}, {"type": "array", "items": {"type": "string"}}),
    (
        {"type": "array", "items": [{"type": "string"}, {"type": "integer"}]},
        {"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "integer"}]}},
    ),
    (
        {"prefixItems": [{"type": "string"}, {"type": "string"}], "minItems": 2},
        {"type": "array", "minItems": 2, "items": {"type": "string"}},
    ),
    (
        {"type": "object", "properties": {"x": False, "y": {}}, "required": ["x", "y", "z"]},
        {"type": "object", "properties": {"y": {}, "z": {}}, "required": ["y", "z"]},
    ),
    (
        {"properties": {"y": {}}, "required": ["y", "z"], "additionalProperties": False},
        {"type": "object", "properties": {"y": {}}, "required": ["y"], "additionalProperties": False},
    ),
    (
        {"type": "object", "patternProperties": {"^x": {}}, "additionalProperties": False},
        {"type": "object"},
    ),
    (
        {"type": "object", "additionalProperties": {"const": 1}},
        {"type": "object", "additionalProperties": {"type": "integer", "enum": [1]}},
    ),
    (
        {"properties": {"x": {}, "y": {}}, "anyOf": [{"required": ["x"]}, {"required": ["y"]}]},
        {"type": "object", "properties": {"x": {}, "y": {}}},
    ),
    (
        {
            "type": "object",
            "properties": {"k": {}},
            "oneOf": [{"properties": {"x": {}}}, {"properties": {"y": {}}}],
        },
        {
            "anyOf": [
                {"type": "object", "properties": {"x": {}, "k": {}}},
                {"type": "object", "properties": {"y": {}, "k": {}}},
            ]
        },
    ),
    ({"allOf": [{"type": "string"}, {"minLength": 1}]}, {"type": "string", "minLength": 1}),
]


@pytest.mark.parametrize(("schema", "expected"), PROPERTIES)
def test_property(schema: object, expected: dict[str, Any]) -> None:
    """Each part that endpoints do not take is said in a way that they do."""
    assert prop(schema) == expected


def test_long_list_of_values_is_described() -> None:
    """A list of values too long to be sent is shown by some of them."""
    result = prop({"type": "string", "enum": [f"zone{n}" for n in range(1_000)], "description": "A zone."})
    assert "enum" not in result
    assert result["description"].startswith('A zone. One of "zone0", "zone1"')


def test_alternatives_at_the_root() -> None:
    """All properties of all alternatives, and what each requires; a mark that tells them apart has all values."""
    document = {
        "type": "object",
        "properties": {"id": {"type": "string"}},
        "required": ["id"],
        "oneOf": [
            {"properties": {"kind": {"const": "a"}, "x": {"type": "string"}}, "required": ["kind", "x"]},
            {"properties": {"kind": {"const": "b"}, "x": {"type": "integer"}}, "required": ["kind"]},
            {"$ref": "#/$defs/c"},
            {"type": "string"},
            False,
        ],
        "$defs": {"c": {"properties": {"kind": {"const": "c"}}, "required": ["kind"]}},
    }
    assert converted(document, BOUNDS, plain=False) == {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "kind": {"type": "string", "enum": ["a", "b", "c"]},
            "x": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        },
        "required": ["id", "kind"],
    }


def test_recursion_ends_with_what_it_is() -> None:
    """A part within itself is told by its type and words, without its parts."""
    node: dict[str, Any] = {
        "type": "object",
        "description": "A node.",
        "properties": {"next": {"$ref": "#/$defs/node"}, "all": {"type": "array", "items": {"$ref": "#/$defs/node"}}},
    }
    result = prop({"$ref": "#/$defs/node"}, **{"$defs": {"node": node}})
    assert result["properties"]["all"] == {"type": "array", "items": {"type": "object", "description": "A node."}}
    assert result["properties"]["next"] == {"type": "object", "description": "A node."}


def test_two_that_extend_the_same_are_whole() -> None:
    """A part that comes in by two ways is there, with all that is in it."""
    definitions = {
        "base": {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]},
        "a": {"allOf": [{"$ref": "#/$defs/base"}, {"properties": {"x": {"type": "integer"}}}]},
        "b": {"allOf": [{"$ref": "#/$defs/base"}, {"properties": {"y": {"type": "integer"}}}]},
    }
    result = prop({"allOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/b"}]}, **{"$defs": definitions})
    assert result == {
        "type": "object",
        "properties": {"id": {"type": "string"}, "x": {"type": "integer"}, "y": {"type": "integer"}},
        "required": ["id"],
    }


def test_depth_is_what_the_bounds_say() -> None:
    """Below the deepest level only types and words are left."""
    schema: dict[str, Any] = {"properties": {"a": {"properties": {"b": {"items": {"type": "string"}}}}}}
    shallow = converted(schema, Bounds(deepest=1, description=10), plain=False)
    assert shallow["properties"] == {"a": {"type": "object"}}


def test_too_many_are_refused_or_left_open() -> None:
    """Where it must fit, too many subschemas are an error; else what is left is anything."""
    schema: dict[str, Any] = {
        "properties": {f"p{n}": {"type": "object", "properties": {f"q{m}": {} for m in range(400)}} for n in range(50)}
    }
    with pytest.raises(Overfull):
        converted(schema, BOUNDS, plain=False)
    bare = converted(schema, Bounds(deepest=1, description=10, strict=False), plain=False)
    assert len(bare["properties"]) == 50
