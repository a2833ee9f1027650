"""The catalogue: the signatures of all tools, a line each, and of very many those that a query needs most."""

import re
from bisect import bisect_right
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, zip_longest
from typing import Final

from batonmcp.core.registry import Registry
from batonmcp.core.signature import signature
from batonmcp.core.tokens import estimated_tokens, tokens_by_piece
from batonmcp.llm.fusion import fused
from batonmcp.llm.ranking import Ranking

__all__ = ["catalogue"]

_OTHERS: Final = "\n\nOther tools, of which only names are shown here, by server:\n"
_WORD: Final = re.compile(r"[\w.-]*\w")


def catalogue(registry: Registry, query: str, room: int, near: Sequence[str] = ()) -> tuple[str, Mapping[str, int]]:
    """Return the signatures of tools, sorted by name, and how many tools of each server are left out.

    As long as everything fits, it is the same for every query.

    Args:
        registry: Of which tools.
        query: What is asked.
        room: How many tokens they may take.
        near: Tools whose definitions are near to the query, the nearest first.
    """
    lines = registry.once(_Lines)
    if lines.tokens > room:
        return _ranked(registry, query, room, near)
    whole = registry.once(_Whole)
    return (whole if whole.tokens <= room else lines).text, {}


class _Whole:
    """The signatures of a registry's tools, with their long enumerations."""

    def __init__(self, registry: Registry) -> None:
        self.text = "\n".join(signature(tool, whole=True) for tool in registry)
        self.tokens = estimated_tokens(self.text)


class _Lines:
    """The signatures of a registry's tools."""

    def __init__(self, registry: Registry) -> None:
        self.by_name = {tool.qualified: signature(tool) for tool in registry}
        self.text = "\n".join(self.by_name.values())
        self.tokens = estimated_tokens(self.text)


class _Costs:
    """What it takes to show each tool, and to name every server beside."""

    def __init__(self, registry: Registry) -> None:
        self.by_name = {name: tokens_by_piece(line) + 1 for name, line in registry.once(_Lines).by_name.items()}
        told = (_told(server, len(tools), []) for server, tools in registry.once(_servers).items())
        self.servers = tokens_by_piece(_OTHERS) + sum(told)
        self._cheapest = list(accumulate(sorted(self.by_name.values())))

    def most(self, room: int) -> int:
        """Return how many tools can be shown in so much room at the most."""
        return bisect_right(self._cheapest, room)


def _ranked(registry: Registry, query: str, room: int, near: Sequence[str]) -> tuple[str, Mapping[str, int]]:
    """Fill the room: what the query names, what matches best, some of every server; of the rest names if they fit."""
    lines = registry.once(_Lines)
    servers = registry.once(_servers)
    costs = registry.once(_Costs)
    room -= costs.servers
    shown: set[str] = set()
    room = _show(_named(registry, query), shown, costs, room)
    best = registry.once(Ranking).best(query, costs.most(room))
    room = _show(fused(best, near) if near else best, shown, costs, room)
    room = _show(_in_turn(servers, shown), shown, costs, room)
    rest = {server: [name for name in tools if name not in shown] for server, tools in servers.items()}
    rest = {server: tools for server, tools in rest.items() if tools}
    others = _OTHERS + "\n".join(_rest(rest, room)) if rest else ""
    text = "\n".join(lines.by_name[name] for name in sorted(shown)) + others
    return text, {server: len(tools) for server, tools in rest.items()}


def _show(names: Iterable[str], shown: set[str], costs: _Costs, room: int) -> int:
    """Show each that fits, in this order, and return what room is left."""
    for name in names:
        if not costs.most(room):
            break
        cost = costs.by_name[name]
        if cost <= room and name not in shown:
            room -= cost
            shown.add(name)
    return room


def _in_turn(servers: Mapping[str, Sequence[str]], shown: Container[str]) -> Iterator[str]:
    """Yield what is not shown: one tool a server, those before of which less is shown, then the next of each."""
    columns: list[list[str | None]] = []
    for _, tools in sorted(servers.items()):
        hidden = [name for name in tools if name not in shown]
        columns.append([*[None] * (len(tools) - len(hidden)), *hidden])
    return (name for row in zip_longest(*columns) for name in row if name)


def _rest(rest: Mapping[str, Sequence[str]], room: int) -> Iterator[str]:
    for server, tools in rest.items():
        share = room // len(rest)
        names: list[str] = []
        for name in tools:
            share -= tokens_by_piece(name) + 1
            if share < 0:
                break
            names.append(name)
        yield _others(server, len(tools), names)


def _told(server: str, count: int, names: Sequence[str]) -> int:
    return tokens_by_piece(_others(server, count, names)) + 1


def _others(server: str, count: int, names: Sequence[str]) -> str:
    more = count - len(names)
    listed = ", ".join(names) + (f" and {more} more" if more and names else "" if names else f"{count} tools")
    return f"- {server}: {listed}"


def _servers(registry: Registry) -> dict[str, list[str]]:
    servers: dict[str, list[str]] = {}
    for tool in registry:
        servers.setdefault(tool.server, []).append(tool.qualified)
    return servers


def _named(registry: Registry, query: str) -> Iterable[str]:
    """Return the tools that the query names: by their full name, their own, or that of their server."""
    said = [word.lower() for word in _WORD.findall(query)]
    names = registry.once(_Names)
    return [name for known in (names.tools, names.servers) for word in said for name in known.get(word, ())]


class _Names:
    """Which tools a word names: as theirs, or as that of their server."""

    def __init__(self, registry: Registry) -> None:
        self.tools: dict[str, list[str]] = {}
        self.servers: dict[str, list[str]] = {}
        for tool in registry:
            for word in {tool.qualified.lower(), tool.name.lower()}:
                self.tools.setdefault(word, []).append(tool.qualified)
            for word in {tool.server.lower(), tool.agent.lower()}:
                self.servers.setdefault(word, []).append(tool.qualified)
