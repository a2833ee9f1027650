"""The work of holding a value against a JSON Schema, estimated from above before it is done.

References that branch at every level multiply what a validator does: thirty small subschemas can mean a billion
comparisons, and a recursive schema doubles its work with each level of the value. The estimate counts by levels how
many subschemas may judge one value there, which takes time in proportion to the schema, whatever it would do itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from pydantic import JsonValue

from batonmcp.core.schema_graph import Node, schema_graph

__all__ = ["Work", "WorkEstimate"]

_BOUNDLESS = 1 << 60
_MOST_STEPS = 10_000
"""Most subschemas times levels that an estimate looks at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What it takes to judge one value.

    Attributes:
        comparisons: How many times a subschema looks at a value, at most.
        characters: How many times a pattern looks at a character, at most.
        length: How many characters the value has in all.
    """

    comparisons: int
    characters: int
    length: int


class WorkEstimate:
    """Estimates the work that a schema makes."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        """Take a schema.

        Raises:
            TooMuch: It is too large.
            Astray: Its references cannot be followed.
        """
        root, order = schema_graph(document)
        self._comparisons = _Levels(root, order, {node: node.own for node in order})
        self._matches = _Levels(root, order, {node: node.patterns for node in order})

    def of(self, value: JsonValue) -> Work:
        """Estimate the work of judging a value."""
        level: list[Any] = [value]
        comparisons = most_matches = length = 0
        depth = 0
        while level:
            comparisons += len(level) * self._comparisons.at(depth)
            most_matches = max(most_matches, self._matches.at(depth))
            length += sum(len(member) for member in level if type(member) is str)
            inner: list[Any] = []
            for member in level:
                if isinstance(member, dict):
                    entries = cast("dict[str, Any]", member)
                    length += sum(map(len, entries))
                    inner.extend(entries.values())
                elif isinstance(member, list):
                    inner.extend(cast("list[Any]", member))
            level = inner
            depth += 1
        return Work(comparisons=comparisons, characters=length * most_matches, length=length)


class _Levels:
    """How much the root and everything it refers to does at any one value so many levels below, by levels."""

    def __init__(self, root: Node, order: list[Node], own: dict[Node, int]) -> None:
        self._root = root
        self._order = order
        self._own = own
        self._known: list[int] = []
        self._last: dict[Node, int] = {}

    def at(self, depth: int) -> int:
        while len(self._known) <= depth:
            self._known.append(self._next())
        return self._known[depth]

    def _next(self) -> int:
        if self._known and (self._known[-1] == _BOUNDLESS or not any(self._last.values())):
            return self._known[-1]  # it cannot get more; or nothing is looked at from here on
        if len(self._known) * len(self._order) > _MOST_STEPS:
            return _BOUNDLESS
        level: dict[Node, int] = {}
        for node in self._order:
            work = self._inside(node) if self._known else self._own[node]
            for other in node.here:
                work += level[other]
            level[node] = min(_BOUNDLESS, 2 * work if node.twice else work)
        self._last = level
        return level[self._root]

    def _inside(self, node: Node) -> int:
        """Return what a node does at one value inside its own, at the depth that is next."""
        one = every = 0
        for other in node.each:
            one = max(one, self._last[other])
        for other in node.every:
            every += self._last[other]
        return one + every
