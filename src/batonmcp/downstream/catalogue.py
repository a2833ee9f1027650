"""The catalogue of a server: its display name and all its tools."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mcp import Client
from mcp_types import PaginatedRequestParams
from mcp_types import Tool as McpTool

from batonmcp.config.settings import ServerSettings
from batonmcp.core.effect import Annotations, EffectKind, effect_of
from batonmcp.core.names import qualified_name
from batonmcp.core.schema import Schema
from batonmcp.core.tool import Tool

__all__ = ["Catalogue", "list_catalogue"]

_MOST_PAGES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """What a connected server offers.

    Attributes:
        title: Its display name, from the server itself, else its key in servers.json.
        tools: All of them, in the server's order.
        trouble: What was left out and why, as a sentence.
    """

    title: str
    tools: tuple[Tool, ...]
    trouble: str | None = None


async def list_catalogue(
    client: Client, server: ServerSettings, effects: Mapping[str, EffectKind], malformed: Sequence[str] = ()
) -> Catalogue:
    """List every page of a server's tools.

    Args:
        client: Connected to the server.
        server: Its entry in servers.json.
        effects: What servers.json says about effects.
        malformed: Names of tools that were taken out on the way; read after the last page.

    Raises:
        MCPError: The server refuses.
        ValidationError: It answers something that is no list of tools.
    """
    info = client.server_info
    title = (info and info.title) or server.name
    found, complete = await _all_pages(client)
    names = [tool.name for tool in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    tools = tuple(_tool(tool, server, title, effects) for tool in found if tool.name not in twice)
    troubles = {
        f"has several tools called {', '.join(twice)}; they were left out.": bool(twice),
        f"describes tools in a way that is not MCP ({', '.join(malformed)}); they were left out.": bool(malformed),
        f"lists tools on more than {_MOST_PAGES} pages; the rest was left out.": not complete,
    }
    trouble = " ".join(f"{title} ({server.name}) {sentence}" for sentence, applies in troubles.items() if applies)
    return Catalogue(title=title, tools=tools, trouble=trouble or None)


async def _all_pages(client: Client) -> tuple[Sequence[McpTool], bool]:
    """Follow the cursors, but not in circles; tell whether that came to an end."""
    tools: list[McpTool] = []
    if not client.server_capabilities.tools:
        return tools, True
    cursor: str | None = None
    seen: set[str] = set()
    for _ in range(_MOST_PAGES):
        page = await client.session.list_tools(params=PaginatedRequestParams(cursor=cursor))
        tools.extend(tool for tool in page.tools if tool not in tools)
        cursor = page.next_cursor
        if not cursor or cursor in seen:
            return tools, True
        seen.add(cursor)
    return tools, False


def _tool(tool: McpTool, server: ServerSettings, title: str, effects: Mapping[str, EffectKind]) -> Tool:
    hints = tool.annotations
    declared = Annotations(
        read_only=hints.read_only_hint if hints else None,
        destructive=hints.destructive_hint if hints else None,
        idempotent=hints.idempotent_hint if hints else None,
        open_world=hints.open_world_hint if hints else None,
    )
    qualified = qualified_name(server.name, tool.name)
    return Tool(
        qualified=qualified,
        server=server.name,
        name=tool.name,
        agent=title,
        description=tool.description or tool.title or "",
        input_schema=Schema(tool.input_schema),
        output_schema=Schema(tool.output_schema) if tool.output_schema else None,
        effect=effect_of(tool.name, qualified, annotations=declared, untrusted=server.untrusted, overrides=effects),
    )
