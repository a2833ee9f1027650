"""Schemas as endpoints take them: every real one, every nasty one, and whatever can be made up."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from batonmcp.llm.reply.shapes import as_list, as_object, is_list, is_object
from batonmcp.llm.schema.safe import safe_schema

CATALOGUE = Path(__file__).parents[4] / "shared" / "data" / "catalogue" / "tools.jsonl"
REFUSED = {
    "$ref",
    "$defs",
    "definitions",
    "allOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "const",
    "$schema",
    "id",
    "$id",
}
TYPES = {"string", "number", "integer", "boolean", "object", "array", "null"}

RECURSIVE: dict[str, Any] = {
    "type": "object",
    "properties": {"tree": {"$ref": "#/$defs/node"}},
    "$defs": {
        "node": {
            "type": "object",
            "description": "A node.",
            "properties": {
                "name": {"type": "string"},
                "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
            },
        }
    },
}
DOUBLING: dict[str, Any] = {
    "type": "object",
    "properties": {"a": {"$ref": "#/$defs/d0"}},
    "$defs": {
        **{
            f"d{n}": {
                "type": "object",
                "properties": {"l": {"$ref": f"#/$defs/d{n + 1}"}, "r": {"$ref": f"#/$defs/d{n + 1}"}},
            }
            for n in range(30)
        },
        "d30": {"type": "string"},
    },
}
MERGING: dict[str, Any] = {
    "$defs": {
        **{f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(30)},
        "d30": {"properties": {"a": {"type": "string"}}},
    },
    "$ref": "#/$defs/d0",
}


def nested(levels: int, key: str) -> dict[str, Any]:
    """Return a schema within schemas."""
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        schema = {"allOf": [schema]} if key == "allOf" else {"type": "object", "properties": {"a": schema}}
    return {"type": "object", "properties": {"a": schema}}


NASTY: dict[str, Any] = {
    "nothing": {},
    "no properties": {"type": "object"},
    "a string": {"type": "string"},
    "recursive": RECURSIVE,
    "doubling": DOUBLING,
    "merging": MERGING,
    "itself": {"$ref": "#"},
    "a circle": {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}},
    "elsewhere": {"properties": {"a": {"$ref": "https://evil.test/schema.json"}, "b": {"$ref": "#/nowhere"}}},
    "deep": nested(60, "properties"),
    "deep allOf": nested(60, "allOf"),
    "booleans": {"properties": {"a": True, "b": False, "c": {"items": True}, "d": {"anyOf": [True, False]}}},
    "nulls": {"properties": {"a": None, "b": {"type": None, "enum": None, "items": None}}, "required": None},
    "words for types": {
        "properties": {"a": "string", "b": {"type": "int"}, "c": {"type": "List"}, "d": {"type": "any"}}
    },
    "draft 3": {"properties": {"a": {"type": ["string", {"type": "object"}], "required": True, "divisibleBy": 2}}},
    "draft 4": {"properties": {"a": {"type": "integer", "minimum": 0, "exclusiveMinimum": True}}, "id": "x"},
    "tuples": {"properties": {"a": {"type": "array", "items": [{"type": "string"}, {"type": "integer"}]}}},
    "prefixes": {"properties": {"a": {"prefixItems": [{"type": "string"}], "items": False}}},
    "unions": {"oneOf": [{"properties": {"a": {"type": "string"}}}, {"properties": {"b": {"type": "string"}}}]},
    "a list of properties": {"properties": [{"name": "a", "type": "string"}, {"type": "string"}, 7]},
    "odd keywords": {"properties": {"a": {"minimum": "1", "pattern": 7, "maxLength": -1, "multipleOf": 0}}},
    "infinity": {"properties": {"a": {"type": "number", "maximum": float("inf"), "default": float("nan")}}},
    "halves of characters": {"properties": {"a": {"description": "\ud800", "enum": ["\ud800"]}, "\ud800": {}}},
    "many properties": {"properties": {f"p{n}": {"type": "string"} for n in range(3_000)}, "required": ["p2999"]},
    "many values": {"properties": {"a": {"enum": list(range(100_000))}}},
    "long words": {"description": "x " * 50_000, "properties": {"a": {"description": "y" * 100_000}}},
    "wide": {
        "properties": {f"p{n}": {"anyOf": [{"type": "object", "properties": {"a": {}}}] * 50} for n in range(200)}
    },
    "required alternatives": {"properties": {"a": {}, "b": {}}, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
    "conditions": {"properties": {"a": {}}, "if": {}, "then": {"properties": {"b": {}}}, "else": False},
    "a property named as a keyword": {"properties": {"$ref": {"type": "string"}, "allOf": {"type": "string"}}},
}


def faults(schema: object, *, root: bool = True) -> Iterator[str]:
    """Yield what an endpoint would refuse."""
    if not is_object(schema):
        yield f"{schema!r} is no object"
        return
    if root and (schema.get("type") != "object" or not isinstance(schema.get("properties"), dict)):
        yield "its root is no object with properties"
    refused: set[str] = REFUSED & schema.keys() | ({"anyOf", "enum"} & schema.keys() if root else set())
    yield from sorted(refused)
    types = schema.get("type", [])
    if not set([types] if isinstance(types, str) else types) <= TYPES:
        yield f"it is of type {types}"
    if "array" in types and "items" not in schema:
        yield "an array has no items"
    if len(schema.get("description", "")) > 1_024:
        yield "its description is too long"
    properties = schema.get("properties", {})
    if not set(schema.get("required", [])) <= set(properties):
        yield "it requires what it does not have"
    for member in [*properties.values(), *schema.get("anyOf", [])]:
        yield from faults(member, root=False)
    for key in ("items", "additionalProperties"):
        if key in schema and not (key == "additionalProperties" and isinstance(schema[key], bool)):
            yield from faults(schema[key], root=False)


def check(document: dict[str, Any], *, plain: bool = False) -> dict[str, Any]:
    """Convert a schema and see that endpoints take it, that it is stable, and that it can be sent."""
    result = safe_schema(document, plain=plain)
    assert not list(faults(result))
    assert len(json.dumps(result, allow_nan=False, ensure_ascii=False).encode("utf-8", "surrogatepass")) <= 300_000
    assert json.dumps(result) == json.dumps(safe_schema(json.loads(json.dumps(document)), plain=plain))
    return result


@pytest.mark.parametrize("document", NASTY.values(), ids=NASTY)
@pytest.mark.parametrize("plain", [False, True])
def test_nasty_schema_becomes_a_safe_one(document: dict[str, Any], plain: bool) -> None:  # noqa: FBT001 - both
    """Each nasty schema becomes one that endpoints take, in less than a second of work."""
    started = time.process_time()
    check(document, plain=plain)
    assert time.process_time() - started < 1


@pytest.mark.skipif(not CATALOGUE.is_file(), reason="the public catalogue of real tools is not beside this project")
def test_every_real_tool() -> None:
    """Of 527 real tools each keeps its properties and what it requires; what is safe already does not change again."""
    tools = [json.loads(line) for line in CATALOGUE.read_text("utf-8").splitlines()]
    assert len(tools) == 527
    for tool in tools:
        original = tool["inputSchema"]
        result = check(original)
        assert result["properties"].keys() == original.get("properties", {}).keys()
        assert set(result.get("required", [])) == set(original.get("required", [])) & result["properties"].keys()
        assert safe_schema(result) == result


def test_safe_schema_stays_as_it_is() -> None:
    """What endpoints take already is what they get."""
    safe = {
        "type": "object",
        "description": "Where.",
        "properties": {
            "city": {"type": "string", "description": "Its name.", "minLength": 1, "pattern": "^[A-Z]"},
            "days": {"type": ["integer", "null"], "default": 3, "minimum": 1, "maximum": 7},
            "unit": {"type": "string", "enum": ["C", "F"]},
            "places": {"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "number"}]}, "maxItems": 2},
            "more": {"type": "object", "properties": {"a": {"type": "boolean"}}, "required": ["a"]},
            "any": {},
        },
        "required": ["city"],
        "additionalProperties": False,
    }
    assert safe_schema(safe) == safe


def test_plain_schema_has_no_bounds() -> None:
    """For an endpoint that makes a grammar of a schema, what no grammar knows is left out; the shape stays."""
    document = {
        "type": "object",
        "properties": {"a": {"type": "string", "pattern": "^x", "maxLength": 10**9, "format": "uri", "enum": ["x"]}},
        "required": ["a"],
    }
    assert safe_schema(document, plain=True) == {
        "type": "object",
        "properties": {"a": {"type": "string", "enum": ["x"]}},
        "required": ["a"],
    }


def test_what_does_not_fit_loses_its_deepest_levels() -> None:
    """A schema too large keeps every property of its root; what is cut is far down."""
    result = check(DOUBLING)
    assert result["properties"]["a"]["properties"]["l"]["type"] == "object"
    wide = check(NASTY["many properties"])
    assert len(wide["properties"]) == 500
    assert wide["required"] == ["p2999"]


def test_what_cannot_be_written_is_an_object_of_anything() -> None:
    """A document that is no JSON at all asks for nothing."""
    assert safe_schema({"properties": {"a": {"default": {1, 2}}}}) == {"type": "object", "properties": {}}


BRANCHES = st.lists(st.deferred(lambda: FINE), min_size=1, max_size=3)
FINE: st.SearchStrategy[Any] = st.deferred(
    lambda: st.one_of(
        st.booleans(),
        st.sampled_from([{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/b"}, {"$ref": "#"}, {}]),
        st.fixed_dictionaries({"type": st.sampled_from(sorted(TYPES)) | st.just(["string", "null"])}),
        st.fixed_dictionaries({"enum": st.lists(VALUES, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"const": VALUES}),
        st.fixed_dictionaries({"type": st.just("integer"), "minimum": st.integers(-2, 2)}),
        st.fixed_dictionaries(
            {"type": st.just("array")},
            optional={"items": FINE, "prefixItems": BRANCHES, "maxItems": st.integers(0, 3)},
        ),
        OBJECTS,
        st.fixed_dictionaries({}, optional={"anyOf": BRANCHES, "allOf": BRANCHES, "type": st.just("object")}),
        st.fixed_dictionaries({"oneOf": BRANCHES}, optional={"not": FINE}),
        st.fixed_dictionaries({"if": FINE, "then": FINE, "else": FINE}),
    )
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "x"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)
PROPERTIES = st.dictionaries(st.sampled_from("ab"), FINE, max_size=2)
OBJECTS = st.fixed_dictionaries(
    {"type": st.just("object"), "properties": PROPERTIES},
    optional={
        "required": st.lists(st.sampled_from("abc"), max_size=2, unique=True),
        "additionalProperties": FINE,
        **dict.fromkeys(("allOf", "anyOf", "oneOf"), BRANCHES),
    },
)


ROOTS = st.fixed_dictionaries(
    {"type": st.just("object"), "properties": PROPERTIES},
    optional={"required": st.lists(st.sampled_from("abc"), max_size=2, unique=True), "additionalProperties": FINE},
)


@pytest.mark.parametrize("plain", [False, True])
@given(ROOTS, st.dictionaries(st.sampled_from("ab"), FINE), st.dictionaries(st.sampled_from("abc"), VALUES))
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_never_stricter(
    plain: bool,  # noqa: FBT001 - both
    document: dict[str, Any],
    definitions: dict[str, Any],
    arguments: dict[str, Any],
) -> None:
    """What the tool's own schema accepts, the safe one accepts, where types are written: no good call is lost."""
    original = {**document, "$defs": definitions}
    try:
        judge = jsonschema_rs.validator_for(original, offline=True)
        fits = judge.is_valid(arguments)
    except ValueError:
        assume(False)  # noqa: FBT003 - it refers to nothing, or to itself without end
        return
    result = check(original, plain=plain)
    assert not fits or jsonschema_rs.is_valid(result, arguments)


WORDS = st.sampled_from(
    [*sorted(REFUSED), *sorted(TYPES), "type", "properties", "items", "enum", "anyOf", "required", "a"]
)
LEAVES = st.none() | st.booleans() | st.integers(-5, 5) | WORDS | st.sampled_from(["#", "#/properties/a", "#/$defs/a"])
SCHEMAS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=25,
)


def names(schema: object, root: object, seen: int = 0) -> set[str]:
    """Return the properties that a schema has in any way at its root, found by a slower and simpler way."""
    found: set[str] = set()
    if not is_object(schema) or seen > 8:
        return found
    listed = schema.get("properties")
    if is_list(listed):
        found |= {entry["name"] for entry in listed if is_object(entry) and isinstance(entry.get("name"), str)}
    found |= {*as_object(listed), *(name for name in as_list(schema.get("required")) if isinstance(name, str))}
    for key in ("allOf", "anyOf", "oneOf", "extends", "then", "else"):
        for member in as_list(schema.get(key)):
            found |= names(member, root, seen + 1)
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith("#"):
        target: Any = root
        for part in filter(None, reference[1:].split("/")):
            target = as_object(target).get(part)
        found |= names(target, root, seen + 1)
    return found


@given(st.dictionaries(WORDS, SCHEMAS, max_size=6))
def test_any_document_becomes_a_safe_schema(document: dict[str, Any]) -> None:
    """Whatever is called a schema becomes one, and has no property that the document does not name at its root."""
    result = check(document)
    assert result["properties"].keys() <= names(document, document)
    assert safe_schema(result) == safe_schema(safe_schema(result))
