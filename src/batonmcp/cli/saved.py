"""What it means to a host that servers stand behind batonmcp: in tools, tokens, prompts and resources."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from batonmcp.core.effect import EffectKind
from batonmcp.core.printable import printable
from batonmcp.core.registry import Registry
from batonmcp.core.tool import Tool
from batonmcp.downstream.beside_tools import BesideTools
from batonmcp.host.tool import AgentLine, orchestrate_tool

__all__ = ["tokens_of_ours", "tokens_of_tools", "what_is_saved"]

_CHARACTERS_A_TOKEN: Final = 4
_MOST_NAMES: Final = 8
_LONGEST_NAME: Final = 60
_KINDS: Final[tuple[EffectKind, ...]] = ("read", "write", "destructive")


def what_is_saved(registry: Registry, beside: Mapping[str, BesideTools], title: str) -> Iterator[str]:
    """Yield the lines that tell it.

    Args:
        registry: The tools of the servers.
        beside: What else they offer, by server.
        title: The host's.
    """
    yield "Tools by what they may do (you are asked before any that is not read):"
    for kind in _KINDS:
        if tools := [tool for tool in registry if tool.effect.kind == kind]:
            yield f"  {kind} ({len(tools)}): {_by_server(tools)}"
    before, after = tokens_of_tools(registry), tokens_of_ours(list({tool.server for tool in registry}))
    yield (
        f"Definitions of tools that the model reads in each conversation: about {before:,} tokens for these "
        f"{len(registry)}, about {after:,} for the one of batonmcp{_difference(before - after)} "
        f"(estimated as {_CHARACTERS_A_TOKEN} characters of JSON a token)."
    )
    for name, found in beside.items():
        lost = [f"{len(names)} {what} ({_some(names)})" for what, names in _offered(found) if names]
        if lost:
            yield f"{title} will no longer see of {name}: {' and '.join(lost)}. batonmcp passes on tools only."


def tokens_of_tools(tools: Registry) -> int:
    """Estimate the tokens of the definitions of tools, as a host gives them to its model."""
    return sum(
        _tokens({"name": tool.name, "description": tool.description, "inputSchema": tool.input_schema.document})
        for tool in tools
    )


def tokens_of_ours(servers: Sequence[str]) -> int:
    """Estimate the tokens of the one definition of ours."""
    agents = [AgentLine(name=server) for server in servers]
    tool = orchestrate_tool(agents, profile="ask", approvals_by_host=False)
    return _tokens({"name": tool.name, "description": tool.description, "inputSchema": tool.input_schema})


def _tokens(definition: object) -> int:
    return len(json.dumps(definition, ensure_ascii=False)) // _CHARACTERS_A_TOKEN


def _difference(saved: int) -> str:
    return f": about {saved:,} saved" if saved > 0 else ", which is no saving"


def _by_server(tools: Sequence[Tool]) -> str:
    by_server = groupby(sorted(tools, key=lambda tool: tool.server), key=lambda tool: tool.server)
    return "; ".join(f"{server}: {_some([tool.name for tool in of_it])}" for server, of_it in by_server)


def _offered(found: BesideTools) -> Sequence[tuple[str, Sequence[str]]]:
    many = len(found.resources) != 1
    return [
        ("prompt" if len(found.prompts) == 1 else "prompts", found.prompts),
        ("resources" if many else "resource", found.resources),
    ]


def _some(names: Sequence[str]) -> str:
    shown = [printable(name, _LONGEST_NAME) for name in names[:_MOST_NAMES]]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
