"""What a schema demands of a value beyond its type, as far as it is written as it should be."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from batonmcp.llm.reply.shapes import as_list, is_list
from batonmcp.llm.schema.types import is_number

__all__ = ["constraints"]

_SIZES = {
    "string": ("minLength", "maxLength"),
    "array": ("minItems", "maxItems"),
    "object": ("minProperties", "maxProperties"),
}
_NUMBERS = ("minimum", "maximum", "multipleOf")
_NUMERIC = frozenset({"number", "integer"})
_EXCLUSIVE = (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum"))
_LARGEST_DEFAULT = 500
_MOST_EXAMPLES = 3


def constraints(schema: Mapping[str, Any], types: Collection[str], *, plain: bool) -> dict[str, Any]:
    """Return the constraints that say something about values of these types.

    Args:
        schema: A subschema.
        types: Of the values that it is about; none: of any.
        plain: Without any that a grammar may not know.
    """
    result = _shown(schema)
    if plain:
        return result
    if "string" in types:
        result |= {key: schema[key] for key in ("pattern", "format") if isinstance(schema.get(key), str)}
    for name in _SIZES.keys() & set(types):
        result |= {key: schema[key] for key in _SIZES[name] if _is_size(schema.get(key))}
    if not _NUMERIC.isdisjoint(types):
        result |= _bounds(schema)
    if "array" in types and schema.get("uniqueItems") is True:
        result["uniqueItems"] = True
    return dict(sorted(result.items()))


def _shown(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return what only helps to choose a value."""
    result: dict[str, Any] = {}
    if "default" in schema and schema["default"] is not None and _is_short(schema["default"]):
        result["default"] = schema["default"]
    examples = [example for example in as_list(schema.get("examples")) if _is_short(example)]
    if examples and is_list(schema.get("examples")):
        result["examples"] = examples[:_MOST_EXAMPLES]
    return result


def _bounds(schema: Mapping[str, Any]) -> dict[str, Any]:
    result = {key: schema[key] for key in _NUMBERS if is_number(schema.get(key))}
    if is_number(schema.get("divisibleBy")):  # its name in draft 3
        result.setdefault("multipleOf", schema["divisibleBy"])
    for exclusive, inclusive in _EXCLUSIVE:
        if is_number(schema.get(exclusive)):
            result[exclusive] = schema[exclusive]
        elif schema.get(exclusive) is True and inclusive in result:  # drafts 3 and 4
            result[exclusive] = result.pop(inclusive)
    if result.get("multipleOf", 1) <= 0:
        del result["multipleOf"]
    return result


def _is_size(value: object) -> bool:
    return type(value) is int and value >= 0


def _is_short(value: object) -> bool:
    try:
        return len(json.dumps(value, allow_nan=False)) <= _LARGEST_DEFAULT
    except ValueError:
        return False
