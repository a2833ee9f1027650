"""The plainest way to write a safe schema: for endpoints that make a grammar of it, or a schema of their own kind."""

import json
from collections.abc import Mapping
from typing import Any, Final

from batonmcp.llm.reply.shapes import as_list, as_object, is_list, is_object

__all__ = ["plainly"]

_HOLDS: Final[Mapping[str, tuple[str, ...]]] = {
    "object": ("properties", "required", "additionalProperties"),
    "array": ("items",),
}
_LONGEST: Final = 300
"""Characters of values that are told in words."""


def plainly(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema that allows the same or more, in which each value has one type, and listed values are texts.

    Args:
        schema: A safe one.
    """
    result = {key: _inside(key, value) for key, value in schema.items()}
    if result.get("additionalProperties") is False:
        del result["additionalProperties"]
    values = as_list(result.get("enum"))
    if not all(isinstance(value, str) and value for value in values):
        del result["enum"]
        told = f"One of {json.dumps(values, ensure_ascii=False)[:_LONGEST]}"
        result["description"] = ". ".join(filter(None, [result.get("description"), told]))
    return _apart(result)


def _inside(key: str, value: Any) -> Any:  # noqa: ANN401 - a part of a schema
    if key == "properties":
        return {name: plainly(as_object(own)) for name, own in as_object(value).items()}
    if key in {"items", "additionalProperties"} and is_object(value):
        return plainly(value)
    if key == "anyOf":
        return [plainly(as_object(branch)) for branch in as_list(value)]
    return value


def _apart(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema of several types as a choice of schemas of one."""
    types = schema.get("type")
    if not is_list(types):
        return schema
    held = {key for keys in _HOLDS.values() for key in keys} | {"type", "enum"}
    branches: list[dict[str, Any]] = []
    for kind in types:
        keys = (*_HOLDS.get(kind, ()), *(["enum"] if kind == "string" else []))
        branches.append({"type": kind, **{key: schema[key] for key in keys if key in schema}})
    return {**{key: value for key, value in schema.items() if key not in held}, "anyOf": branches}
