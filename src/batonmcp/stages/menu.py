"""The menu: the tools as the router's model is shown them, within a budget of tokens."""

import json
import re
from bisect import bisect_right
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, zip_longest
from typing import Final

import anyio.to_thread

from batonmcp.core.limits import Limits
from batonmcp.core.registry import Registry
from batonmcp.core.signature import result_type, signature
from batonmcp.core.tokens import estimated_tokens, tokens_by_piece
from batonmcp.core.tool import Tool
from batonmcp.llm.fusion import fused
from batonmcp.llm.port import Function
from batonmcp.llm.ranking import Ranking
from batonmcp.llm.schema import safe_schema
from batonmcp.stages.nearest import Nearest

__all__ = ["MOST_FUNCTIONS", "Menu", "menu", "menu_of"]

MOST_FUNCTIONS: Final = 127
"""Tools that are offered as functions: OpenAI takes 128, which others copy, and one of them is ours."""

_LONGEST_DESCRIPTION = 1024  # OpenAI's limit for a function
_LONGEST_RESULT = 500
_MANY = 1_000
_OTHERS = "\n\nOther tools, of which only names are shown here, by server:\n"
_WORD = re.compile(r"[\w.-]*\w")


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """What a model chooses from.

    Attributes:
        functions: The tools as functions; empty where there are too many for that.
        catalogue: The tools as signatures, a line each, sorted by name; empty where they are functions.
        left_out: How many tools of each server are in neither.
    """

    functions: tuple[Function, ...] = ()
    catalogue: str = ""
    left_out: Mapping[str, int]

    @property
    def tokens(self) -> int:
        """About how many tokens it takes."""
        return estimated_tokens(self.catalogue) + sum(map(_tokens_of, self.functions))

    @property
    def note(self) -> str | None:
        """Say what was left out; None if nothing was."""
        if not self.left_out:
            return None
        servers = ", ".join(f"{count} of {server}" for server, count in self.left_out.items())
        return (
            f"The model was shown the tools that match the task best; {sum(self.left_out.values()):,} were left out "
            f"({servers}). Name servers to narrow the choice, or raise `catalogue_tokens` under `limits`."
        )


async def menu(registry: Registry, query: str, limits: Limits, nearest: Nearest | None = None) -> Menu:
    """Return the menu for a query; of very many tools in a thread, as the first of a registry takes a while.

    Args:
        registry: Of which tools.
        query: What is asked.
        limits: How many tokens they may take.
        nearest: Ranks them by vectors too; asked only where something is to be left out.
    """
    shown = await _menu(registry, query, limits)
    near = await nearest.names(registry, query) if nearest and shown.left_out else ()
    return await _menu(registry, query, limits, near) if near else shown


async def _menu(registry: Registry, query: str, limits: Limits, near: Sequence[str] = ()) -> Menu:
    if len(registry) <= _MANY:
        return menu_of(registry, query, limits, near)
    return await anyio.to_thread.run_sync(menu_of, registry, query, limits, near)


def menu_of(registry: Registry, query: str, limits: Limits, near: Sequence[str] = ()) -> Menu:
    """Return the menu for a query.

    As long as everything fits, it is the same for every query, so that endpoints can cache it.

    Args:
        registry: Of which tools.
        query: What is asked.
        limits: How many tokens they may take.
        near: Tools whose definitions are near to the query, the nearest first.
    """
    if len(registry) <= MOST_FUNCTIONS:
        functions = registry.once(_functions)
        if registry.once(_function_tokens) <= limits.native_tokens:
            return Menu(functions=functions, left_out={})
    lines = registry.once(_Lines)
    if lines.tokens <= limits.catalogue_tokens:
        whole = registry.once(_Whole)
        return Menu(catalogue=(whole if whole.tokens <= limits.catalogue_tokens else lines).text, left_out={})
    return _ranked(registry, lines, query, limits.catalogue_tokens, near)


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


def _ranked(registry: Registry, lines: _Lines, query: str, room: int, near: Sequence[str]) -> Menu:
    """Fill the room: what the query names, what matches best, some of every server; of the rest names if they fit."""
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
    catalogue = "\n".join(lines.by_name[name] for name in sorted(shown))
    return Menu(
        catalogue=catalogue + others,
        left_out={server: len(tools) for server, tools in rest.items()},
    )


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


def _functions(registry: Registry) -> tuple[Function, ...]:
    return tuple(map(_function, registry))


def _function_tokens(registry: Registry) -> int:
    return sum(map(_tokens_of, registry.once(_functions)))


def _tokens_of(one: Function) -> int:
    return estimated_tokens(f"{one.name} {one.description} {json.dumps(one.parameters, ensure_ascii=False)}")


def _function(tool: Tool) -> Function:
    gives = result_type(tool)
    returns = f"\nReturns {gives}" if gives and len(gives) <= _LONGEST_RESULT else ""
    said = f"[{tool.agent}] {tool.description}"[: _LONGEST_DESCRIPTION - len(returns)]
    return Function(
        name=tool.qualified,
        description=f"{said}{returns}",
        parameters=safe_schema(tool.input_schema.document),
    )
