"""A tool in one line, for a model that plans."""

import json
from collections.abc import Mapping
from typing import Any, cast

from batonmcp.core.tool import Tool

__all__ = ["signature"]

_MAX_SUMMARY = 160
_MAX_DEPTH = 4
_MAX_ENUM = 8


def signature(tool: Tool) -> str:
    """Return `agent__tool(city: string, days?: integer) -> {temp: number}  # first sentence`."""
    given = _parameters(tool.input_schema.document)
    result = f" -> {_type(tool.output_schema.document, tool.output_schema.document, 0)}" if tool.output_schema else ""
    summary = _summary(tool.description)
    return f"{tool.qualified}({given}){result}" + (f"  # {summary}" if summary else "")


def _parameters(schema: Mapping[str, Any]) -> str:
    return ", ".join(_members(schema, schema, 0))


def _members(schema: Mapping[str, Any], root: Mapping[str, Any], depth: int) -> list[str]:
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return []
    listed: object = schema.get("required")
    required: list[Any] = cast("list[Any]", listed) if isinstance(listed, list) else []
    return [
        f"{name}{'' if name in required else '?'}: {_type(member, root, depth + 1)}"
        for name, member in cast("dict[str, Any]", properties).items()
    ]


def _type(schema: object, root: Mapping[str, Any], depth: int) -> str:  # noqa: PLR0911 - one return a kind of schema
    if depth > _MAX_DEPTH or not isinstance(schema, dict):
        return "any"
    document = cast("dict[str, Any]", schema)
    match document:
        case {"$ref": str(ref)} if ref.startswith("#/"):
            return _type(_resolve(root, ref), root, depth + 1)
        case {"enum": list(options)} if len(cast("list[Any]", options)) <= _MAX_ENUM:
            return "|".join(json.dumps(option) for option in cast("list[Any]", options))
        case {"const": constant}:
            return json.dumps(constant)
        case {"anyOf": list(options)} | {"oneOf": list(options)}:
            kinds = [_type(option, root, depth + 1) for option in cast("list[Any]", options)]
            return "|".join(dict.fromkeys(kinds)) or "any"
        case {"type": "array"}:
            return f"[{_type(document.get('items'), root, depth + 1)}]"
        case {"type": "object"} | {"properties": _}:
            return "{" + ", ".join(_members(document, root, depth)) + "}"
        case {"type": str(kind)}:
            return kind
        case {"type": list(kinds)}:
            return "|".join(str(kind) for kind in cast("list[Any]", kinds))
        case _:
            return "any"


def _resolve(root: Mapping[str, Any], ref: str) -> object:
    node: object = root
    for key in ref.removeprefix("#/").split("/"):
        unescaped = key.replace("~1", "/").replace("~0", "~")
        node = cast("dict[str, Any]", node).get(unescaped) if isinstance(node, dict) else None
    return node


def _summary(description: str) -> str:
    """Return the first sentence, on one line."""
    text = " ".join(description.split())
    end = text.find(". ")
    sentence = text if end < 0 else text[: end + 1]
    return sentence if len(sentence) <= _MAX_SUMMARY else sentence[: _MAX_SUMMARY - 1] + "…"
