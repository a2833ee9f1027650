"""The catalogue of a server: its tools as the registry holds them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from mcp_types import Tool as McpTool

from batonmcp.config.settings import ServerSettings
from batonmcp.core.effect import Annotations, EffectKind, effect_of
from batonmcp.core.names import qualified_name
from batonmcp.core.schema import Schema
from batonmcp.core.tool import Tool
from batonmcp.downstream.listing import MOST_PAGES, Listing

__all__ = ["Catalogue", "catalogue_of", "difference"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """What a server offers to us.

    Attributes:
        title: Its display name.
        tools: By the tool's own name.
        trouble: What was left out and why, as sentences.
        offered: The own names of all tools that it lists, those that are not used included.
    """

    title: str
    tools: Mapping[str, Tool]
    trouble: str | None = None
    offered: Sequence[str] = ()


def catalogue_of(listing: Listing, server: ServerSettings, effects: Mapping[str, EffectKind]) -> Catalogue:
    """Make a catalogue of a server's listing, its entry in servers.json, and what that says about effects."""
    unique = _unique(listing.tools)
    times = Counter(tool.name for tool in unique)
    twice = sorted(name for name, count in times.items() if count > 1)
    wanted = [tool for tool in unique if times[tool.name] == 1 and _wanted(tool.name, server)]
    troubles = {
        f"has several tools called {', '.join(twice)}; they were left out.": bool(twice),
        f"describes tools in a way that is not MCP ({', '.join(listing.left_out)}); they were left out.": bool(
            listing.left_out
        ),
        f"lists tools on more than {MOST_PAGES} pages; the rest was left out.": not listing.complete,
    }
    who = f"{listing.title} ({server.name})"
    trouble = " ".join(f"{who} {sentence}" for sentence, applies in troubles.items() if applies)
    tools = (_tool(tool, server, listing.title, effects) for tool in wanted)
    return Catalogue(
        title=listing.title,
        tools={tool.name: tool for tool in tools},
        trouble=trouble or None,
        offered=(*times, *listing.left_out),
    )


def difference(planned: Tool, now: Tool | None) -> str | None:
    """Say why a tool is not to be called as planned, as a sentence; None if it is what it was.

    A read may go on with a tool that only reads, whatever else of it has changed. For all others the definition that
    was judged must be the one that is called.
    """
    if now is planned:
        return None
    if now is None:
        return f"{planned.agent} no longer offers {planned.name}."
    only_reads = planned.effect.kind == now.effect.kind == "read"
    if only_reads or _definition(planned) == _definition(now):
        return None
    return f"{planned.agent} has changed {planned.name} since the plan was made."


def _definition(tool: Tool) -> object:
    return tool.description, tool.input_schema.document, tool.effect


def _unique(tools: Iterable[McpTool]) -> Sequence[McpTool]:
    """Drop what a server repeats as it was, as those do whose pages overlap."""
    by_name: dict[str, list[McpTool]] = {}
    for tool in tools:
        same = by_name.setdefault(tool.name, [])
        if tool not in same:
            same.append(tool)
    return [tool for same in by_name.values() for tool in same]


def _wanted(name: str, server: ServerSettings) -> bool:
    allowed = not server.allow or any(fnmatchcase(name, glob) for glob in server.allow)
    return allowed and not any(fnmatchcase(name, glob) for glob in server.deny)


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
