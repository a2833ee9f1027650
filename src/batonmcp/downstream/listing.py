"""The listing of a server: its display name and the definitions of its tools, as it gives them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import anyio.lowlevel
from mcp import Client
from mcp_types import PaginatedRequestParams
from mcp_types import Tool as McpTool
from pydantic import JsonValue, TypeAdapter, ValidationError

__all__ = ["MOST_PAGES", "Listing", "list_tools", "read_listing"]

MOST_PAGES = 100
_FORM = 1
_AT_A_TIME = 200
_TOOLS = TypeAdapter(tuple[McpTool, ...])


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a server says that it offers.

    Attributes:
        title: Its display name, from the server itself, else its key in servers.json.
        tools: All of them, in the server's order.
        complete: Whether its pages came to an end.
        left_out: Names of tools that are not described as MCP asks for.
    """

    title: str
    tools: tuple[McpTool, ...]
    complete: bool = True
    left_out: tuple[str, ...] = ()

    async def equals(self, other: "Listing") -> bool:
        """Whether both say the same; to compare thousands of tools takes a while, in which others get their turn."""
        mine, theirs = replace(self, tools=()), replace(other, tools=())
        if mine != theirs or len(self.tools) != len(other.tools):
            return False
        for place, (tool, same) in enumerate(zip(self.tools, other.tools, strict=True)):
            if place % _AT_A_TIME == 0:
                await anyio.lowlevel.checkpoint()
            if tool != same:
                return False
        return True

    def as_json(self) -> Mapping[str, Any]:
        """Return it in a form that `read_listing` takes."""
        return {
            "form": _FORM,
            "title": self.title,
            "tools": _TOOLS.dump_python(self.tools, mode="json", by_alias=True, exclude_none=True),
            "complete": self.complete,
            "left_out": list(self.left_out),
        }


def read_listing(document: JsonValue) -> Listing | None:
    """Return what `as_json` gave, None for anything else: it may have been kept by another version of ours."""
    match document:
        case {
            "form": 1,
            "title": str(title),
            "tools": list(tools),
            "complete": bool(complete),
            "left_out": list(names),
        }:
            try:
                read = _TOOLS.validate_python(tools, by_name=False)
            except ValidationError:
                return None
            return Listing(title=title, tools=read, complete=complete, left_out=tuple(map(str, names)))
        case _:
            return None


async def list_tools(client: Client, name: str, left_out: Sequence[str] = ()) -> Listing:
    """List every page of a server's tools.

    Args:
        client: Connected to the server.
        name: Its key in servers.json.
        left_out: Names of tools that were taken out on the way; read after the last page.

    Raises:
        MCPError: The server refuses.
        ValidationError: It answers something that is no list of tools.
    """
    info = client.server_info
    tools, complete = await _all_pages(client)
    return Listing(title=(info and info.title) or name, tools=tuple(tools), complete=complete, left_out=tuple(left_out))


async def _all_pages(client: Client) -> tuple[Sequence[McpTool], bool]:
    """Follow the cursors, but not in circles; tell whether that came to an end."""
    tools: list[McpTool] = []
    if not client.server_capabilities.tools:
        return tools, True
    cursor: str | None = None
    seen: set[str] = set()
    for _ in range(MOST_PAGES):
        page = await client.session.list_tools(params=PaginatedRequestParams(cursor=cursor))
        tools.extend(page.tools)
        cursor = page.next_cursor
        if not cursor or cursor in seen:
            return tools, True
        seen.add(cursor)
    return tools, False
