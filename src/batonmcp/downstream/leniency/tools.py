"""Leniency towards lists of tools: one malformed tool costs itself, not the whole list.

The SDK refuses a list as a whole, so what it would refuse is taken out before it sees the message; and so is what is
larger than any model or person could use.
"""

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, cast

from anyio.lowlevel import checkpoint
from mcp_types import ListToolsResult
from mcp_types.methods import validate_server_result
from pydantic import ValidationError

from batonmcp.core.plain_text import holds_hidden, plain
from batonmcp.core.schema import LARGEST_SCHEMA
from batonmcp.downstream.leniency.examination import LEFT_OUT_KEY
from batonmcp.downstream.leniency.notes import Notes

__all__ = ["LARGEST_LISTING", "MOST_TOOLS", "Sieve"]

MOST_TOOLS = 1_000
LARGEST_LISTING = 2_000_000
"""Most tools of one server, and most bytes of their definitions together."""

_LONGEST_DESCRIPTION = 100_000
_DEEPEST_SCHEMA = 64
_HANDSHAKE_ERA = "2025-11-25"
_MODERN_ERA = "2026-07-28"
_DECORATION = {"_meta", "execution", "icons", "outputSchema", "title"}
"""Parts without which a tool can be called just as well. Its annotations are not among them: they make it safe."""

_VALUES = frozenset({"const", "default", "enum", "examples"})
_WORDS = ("title", "description", "$comment")
_AT_A_TIME = 20


class Sieve:
    """Takes out of a listing, page by page, what cannot be used."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._tools = 0
        self._bytes = 0

    def begin(self) -> None:
        """Forget the last listing: a new one begins."""
        self._tools = self._bytes = 0
        self._notes.left_out.clear()

    def mend_page(self, result: dict[str, Any]) -> None:
        """Put right what stands beside the tools."""
        tools: object = result.get("tools")
        if tools is None:
            result["tools"] = []
            self._notes.repair("A list of tools was missing; it is taken to be empty.")
        elif isinstance(tools, dict):
            entries = cast("dict[str, Any]", tools).items()
            result["tools"] = [{"name": name, **tool} if isinstance(tool, dict) else tool for name, tool in entries]
            self._notes.repair("The tools were no list but an object by their names.")
        cursor: object = result.get("nextCursor")
        if not (isinstance(cursor, str) and cursor):
            if cursor is not None and cursor != "":
                self._notes.repair("The cursor of a list of tools was no text; the list ends there.")
            result.pop("nextCursor", None)
        if not isinstance(result.get("_meta", {}), dict):
            del result["_meta"]
            self._notes.repair("The _meta of a list of tools was no object.")

    async def sieve(self, result: dict[str, Any]) -> None:
        """Leave in a page only tools that can be used, in the room that is left for them."""
        tools: object = result.get("tools")
        if not isinstance(tools, list) or "content" in result or not _fits(result, []):
            return  # another kind of result, or one that is beyond help
        good: list[object] = []
        listed = cast("list[object]", tools)
        cut = _already_cut(result)
        async for place, tool in _gently(listed):
            if self._tools >= MOST_TOOLS or self._bytes >= LARGEST_LISTING:
                cut += len(listed) - place + 1
                break
            usable = self._usable(result, tool, _name(tool, place))
            if usable is not None:
                good.append(usable)
        if cut:
            self._notes.left_out.append(f"{cut:,} more")
            most = f"{MOST_TOOLS:,} tools or {LARGEST_LISTING:,} bytes of their definitions"
            self._notes.drop(f"{cut:,} tools were left out: of one server {most} are taken.")
        result["tools"] = good

    def _usable(self, result: dict[str, Any], tool: object, name: str) -> object:
        """Return a tool as it can be used, None if it cannot; then it is noted."""
        fault = _fault(tool)
        fitting = None if fault else next((version for version in _versions(tool) if _fits(result, [version])), None)
        if fitting is None:
            self._notes.left_out.append(plain(name))
            self._notes.drop(f"Tool {plain(name)!r} was left out: {fault or 'it is not described as MCP asks for'}.")
            return None
        if fitting is not tool:
            self._notes.repair(f"Tool {name!r} had malformed parts, which were put right or left out.")
        seen = _plain_tool(cast("dict[str, Any]", fitting))
        if seen != fitting:
            self._notes.repair(f"Tool {name!r} had hidden characters, or too long a text, in its description.")
        self._tools += 1
        self._bytes += _size(seen)
        return seen


def _already_cut(result: dict[str, Any]) -> int:
    """Return how many tools were left out of a message that was too large to be read whole."""
    meta: dict[str, Any] = result.get("_meta") or {}
    cut: object = meta.pop(LEFT_OUT_KEY, 0)
    return cut if isinstance(cut, int) else 0


async def _gently(tools: list[object]) -> AsyncIterator[tuple[int, object]]:
    """Yield the tools with their places, and let others run now and then."""
    for place, tool in enumerate(tools, start=1):
        if place % _AT_A_TIME == 0:
            await checkpoint()
        yield place, tool


def _fits(result: dict[str, Any], tools: list[object]) -> bool:
    """Whether the SDK takes `result` with these tools in it; false also for what is no list of tools at all."""
    document = {**result, "tools": tools}
    try:
        validate_server_result("tools/list", _MODERN_ERA if "resultType" in result else _HANDSHAKE_ERA, document)
        ListToolsResult.model_validate(document, by_name=False)
    except ValidationError:
        return False
    return True


def _versions(tool: object) -> Iterator[object]:
    """Yield a tool as it is, then what can be done for it."""
    yield tool
    if not isinstance(tool, dict):
        return
    essential = {key: value for key, value in cast("dict[str, Any]", tool).items() if key not in _DECORATION}
    schema = essential.get("inputSchema")
    if isinstance(schema, dict) and "type" not in schema:
        essential["inputSchema"] = {"type": "object", **cast("dict[str, Any]", schema)}  # arguments always are one
        yield {**tool, "inputSchema": essential["inputSchema"]}
    yield essential


def _fault(tool: object) -> str | None:
    """Say why a tool cannot be used although the SDK might take it."""
    fields = cast("dict[str, object]", tool) if isinstance(tool, dict) else {}
    name, schema = fields.get("name"), fields.get("inputSchema")
    if isinstance(name, str) and holds_hidden(name):
        return "its name holds hidden characters"
    if isinstance(schema, dict) and _size(cast("dict[str, Any]", schema)) > LARGEST_SCHEMA:
        return f"its schema is larger than {LARGEST_SCHEMA:,} bytes"
    if isinstance(schema, dict) and _is_deep(cast("dict[str, Any]", schema)):
        return f"its schema is nested deeper than {_DEEPEST_SCHEMA} levels"
    return None


def _size(value: Mapping[str, Any]) -> int:
    return len(json.dumps(value))


def _is_deep(value: object) -> bool:
    level: list[object] = [value]
    for _ in range(_DEEPEST_SCHEMA):
        level = [member for outer in level for member in _containers(outer)]
        if not level:
            return False
    return True


def _containers(outer: object) -> Iterator[object]:
    inner = cast("dict[str, object]", outer).values() if isinstance(outer, dict) else cast("list[object]", outer)
    return (member for member in inner if type(member) in {dict, list})


def _plain_tool(tool: dict[str, Any]) -> dict[str, Any]:
    """Return a tool whose words a person can see; a schema for results that is too large is not among them."""
    seen = dict(tool)
    for key in ("title", "description"):
        if isinstance(text := tool.get(key), str):
            seen[key] = plain(text[:_LONGEST_DESCRIPTION])
    output: object = tool.get("outputSchema")
    if isinstance(output, dict):
        schema = cast("dict[str, Any]", output)
        if _size(schema) > LARGEST_SCHEMA or _is_deep(schema):
            del seen["outputSchema"]
        else:
            seen["outputSchema"] = _plain_schema(schema)
    return {**seen, "inputSchema": _plain_schema(tool["inputSchema"])}


def _plain_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema without hidden characters in its words; its keys and constants are data."""
    text = json.dumps(schema, ensure_ascii=False)
    return schema if text.isascii() and r"\u" not in text and len(text) <= _LONGEST_DESCRIPTION else _plain_node(schema)


def _plain_node(node: Any) -> Any:  # noqa: ANN401 - JSON in, JSON out
    if isinstance(node, list):
        return [_plain_node(member) for member in cast("list[Any]", node)]
    if not isinstance(node, dict):
        return node
    return {
        key: value
        if key in _VALUES
        else plain(value[:_LONGEST_DESCRIPTION])
        if key in _WORDS and isinstance(value, str)
        else _plain_node(value)
        for key, value in cast("dict[str, Any]", node).items()
    }


def _name(tool: object, place: int) -> str:
    match tool:
        case {"name": str() as name} if name:
            return name[:200]
        case _:
            return f"no. {place}"
