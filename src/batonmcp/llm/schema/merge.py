"""Schemas that all apply, merged into one. What two say differently is left open where it cannot be joined."""

from collections.abc import Callable, Mapping
from typing import Any

from batonmcp.llm.reply.shapes import as_list, as_object, is_list
from batonmcp.llm.schema.types import is_number, types_in

__all__ = ["listed_properties", "merged", "required_in"]

_LOWER = frozenset({"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"})
_UPPER = frozenset({"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"})


def merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a value must keep to that keeps to both; the first one's words stand."""
    result = dict(one)
    for key, value in other.items():
        if key not in result:
            result[key] = value
        elif result[key] != value:
            _join(result, key, value)
    both_closed = one.get("additionalProperties") == other.get("additionalProperties")
    if not both_closed and "properties" in one and "properties" in other:
        result.pop("additionalProperties", None)  # either would shut the other's properties out
    return result


def listed_properties(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the properties of a schema, which some write as a list of objects with names."""
    written = schema.get("properties")
    if is_list(written):
        entries = [as_object(entry) for entry in as_list(written)]
        return {entry["name"]: entry for entry in entries if isinstance(entry.get("name"), str)}
    return as_object(written)


def required_in(schema: Mapping[str, Any]) -> list[str]:
    """Return the names of required properties; draft 3 has it as a mark at each property."""
    written = schema.get("required")
    names = [name for name in as_list(written) if isinstance(name, str)]
    marked = [name for name, own in listed_properties(schema).items() if as_object(own).get("required") is True]
    return list(dict.fromkeys([*names, *marked]))


def _join(result: dict[str, Any], key: str, value: object) -> None:
    """Put a second value of a keyword into a result that has one."""
    if key in _LOWER or key in _UPPER:
        _tighten(result, key, value, max if key in _LOWER else min)
    elif key == "properties":
        mine, more = listed_properties(result), listed_properties({key: value})
        result[key] = {**mine, **{name: _both(mine.get(name), own) for name, own in more.items()}}
    elif key == "required":
        result[key] = [*as_list(result[key]), *as_list(value)]
    elif key == "items":
        result[key] = _both(result[key], value)
    elif key == "enum":
        common = [member for member in as_list(result[key]) if member in as_list(value)]
        result[key] = common or result[key]
    elif key == "type":
        common = [name for name in types_in(result[key]) if name in types_in(value)]
        result[key] = common or result[key]


def _both(one: object, other: object) -> object:
    return other if one is None or one == other else {"allOf": [one, other]}


def _tighten(result: dict[str, Any], key: str, value: object, choose: Callable[..., Any]) -> None:
    if is_number(result[key]) and is_number(value):
        result[key] = choose(result[key], value)
    elif is_number(value):
        result[key] = value
