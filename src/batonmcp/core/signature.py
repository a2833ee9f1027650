"""A tool in one line, for a model that plans."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from batonmcp.core.schema import referenced
from batonmcp.core.tool import Tool

__all__ = ["result_type", "signature"]

_MAX_SUMMARY = 160
_MAX_DEPTH = 4
_MAX_ENUM = 8
_MANY = 1_000
_PLAIN_NAME = re.compile(r"[\w.$@-]+")


def signature(tool: Tool, *, whole: bool = False) -> str:
    """Return `agent__tool(city: string, days?: integer) -> {temp: number}  # first sentence`.

    Args:
        tool: The tool.
        whole: Whether long enumerations are told as well as short ones, instead of their type.
    """
    given = _parameters(tool.input_schema.document, _MANY if whole else _MAX_ENUM)
    result = f" -> {gives}" if (gives := result_type(tool)) else ""
    summary = _summary(tool.description)
    return f"{tool.qualified}({given}){result}" + (f"  # {summary}" if summary else "")


def result_type(tool: Tool) -> str:
    """Return what a tool gives, as its signature says it; empty if that is not known."""
    shape = tool.result_shape
    return _type(shape, _Root(shape, _MAX_ENUM), 0) if shape else ""


@dataclass(frozen=True, slots=True)
class _Root:
    """The schema that others are parts of, and how many options of an enumeration are told at most."""

    schema: Mapping[str, Any]
    options: int


def _parameters(schema: Mapping[str, Any], options: int) -> str:
    return ", ".join(_members(schema, _Root(schema, options), 0))


def _members(schema: Mapping[str, Any], root: _Root, depth: int) -> list[str]:
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return []
    listed: object = schema.get("required")
    required: list[Any] = cast("list[Any]", listed) if isinstance(listed, list) else []
    return [
        f"{_name(name)}{'' if name in required else '?'}: {_type(member, root, depth + 1)}"
        for name, member in cast("dict[str, Any]", properties).items()
    ]


def _type(schema: object, root: _Root, depth: int) -> str:  # noqa: C901, PLR0911 - a case a kind
    if depth > _MAX_DEPTH or not isinstance(schema, dict):
        return "any"
    document = cast("dict[str, Any]", schema)
    match document:
        case {"$ref": str(ref)} if ref.startswith("#/"):
            return _type(referenced(root.schema, ref), root, depth + 1)
        case {"enum": list()} if len(document["enum"]) <= root.options:
            return "|".join(json.dumps(option) for option in document["enum"]) or "any"
        case {"const": constant}:
            return json.dumps(constant)
        case {"anyOf": list()}:
            return _either(document["anyOf"], root, depth)
        case {"oneOf": list()}:
            return _either(document["oneOf"], root, depth)
        case {"type": "array"}:
            return f"[{_type(document.get('items'), root, depth + 1)}]"
        case {"type": "object"} | {"properties": _}:
            return "{" + ", ".join(_members(document, root, depth)) + "}"
        case {"type": str(kind)}:
            return _name(kind)
        case {"type": list()}:
            return "|".join(_name(str(kind)) for kind in document["type"])
        case _:
            return "any"


def _either(options: Sequence[object], root: _Root, depth: int) -> str:
    kinds = [_type(option, root, depth + 1) for option in options]
    return "|".join(dict.fromkeys(kinds)) or "any"


def _name(name: str) -> str:
    """Quote a name that could be read as something else, or as a line of its own."""
    return name if _PLAIN_NAME.fullmatch(name) else json.dumps(name)


def _summary(description: str) -> str:
    """Return the first sentence, on one line."""
    text = " ".join(description.split())
    end = text.find(". ")
    sentence = text if end < 0 else text[: end + 1]
    return sentence if len(sentence) <= _MAX_SUMMARY else sentence[: _MAX_SUMMARY - 1] + "…"
