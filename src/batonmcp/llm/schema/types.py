"""The types that a schema is about, by whatever names it has for them."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from batonmcp.llm.reply.shapes import as_list, is_list

__all__ = ["KNOWN", "inferred", "is_number", "type_of", "types_in"]

KNOWN = ("string", "number", "integer", "boolean", "object", "array", "null")

_ALIASES = {
    "str": "string",
    "text": "string",
    "date": "string",
    "datetime": "string",
    "date-time": "string",
    "uuid": "string",
    "uri": "string",
    "url": "string",
    "file": "string",
    "enum": "string",
    "int": "integer",
    "int32": "integer",
    "int64": "integer",
    "long": "integer",
    "float": "number",
    "double": "number",
    "decimal": "number",
    "numeric": "number",
    "bool": "boolean",
    "dict": "object",
    "map": "object",
    "record": "object",
    "json": "object",
    "list": "array",
    "tuple": "array",
    "set": "array",
    "none": "null",
    "nil": "null",
}
_OF_PYTHON: dict[type[Any], str] = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
}
_TELLING = (
    ("object", ("properties", "additionalProperties", "patternProperties", "minProperties", "maxProperties")),
    ("array", ("items", "prefixItems", "minItems", "maxItems", "uniqueItems")),
    ("string", ("pattern", "minLength", "maxLength", "format")),
    ("number", ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "divisibleBy")),
)


def types_in(written: object) -> list[str]:
    """Return the types that `type` names, in their order and each once; none where it says "any" or nothing known."""
    listed = as_list(written) if is_list(written) else [written]
    names = [name.strip().lower() for name in listed if isinstance(name, str)]
    return list(dict.fromkeys(known for name in names if (known := _ALIASES.get(name, name)) in KNOWN))


def inferred(schema: Mapping[str, Any], values: Iterable[object]) -> list[str]:
    """Return the types of a schema that names none: those of the values that it lists, else what its keywords tell."""
    listed = list(dict.fromkeys(map(type_of, values)))
    if listed:
        return listed
    return next(([name] for name, keys in _TELLING if any(key in schema for key in keys)), list[str]())


def type_of(value: object) -> str:
    """Return the JSON type of a value."""
    return _OF_PYTHON.get(type(value), "object")


def is_number(value: object) -> bool:
    """Whether a bound is one."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
