"""The registry: an immutable snapshot of all tools now known."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from hashlib import sha256
from types import MappingProxyType
from typing import Any, TypeVar

from batonmcp.core.tool import Tool

__all__ = ["Agent", "Registry"]

_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """A downstream server as an entry of the registry.

    Attributes:
        name: Its key in servers.json.
        title: Its display name.
        trouble: Why its tools are missing or incomplete; None when all is well.
    """

    name: str
    title: str
    trouble: str | None = None


@dataclass(frozen=True, kw_only=True)
class Registry:
    """All tools by qualified name, sorted. Strictly read-only.

    Attributes:
        agents: Every configured server, whether it is up or not, in the order of servers.json.
        tools: The tools of those that are.
    """

    agents: tuple[Agent, ...]
    tools: Mapping[str, Tool]

    _made: dict[object, Any] = field(default_factory=dict[object, Any], init=False, repr=False, compare=False)

    def once(self, make: "Callable[[Registry], _Made]") -> _Made:
        """Return what a function makes of this snapshot. It is called once, however often this is."""
        if make not in self._made:
            self._made[make] = make(self)
        return self._made[make]

    @cached_property
    def fingerprint(self) -> str:
        """Changes when, and only when, a tool's definition does."""
        digests = "".join(tool.digest for tool in self.tools.values())
        return sha256(digests.encode("ascii")).hexdigest()[:16]

    @classmethod
    def of(cls, agents: Iterable[Agent], tools: Iterable[Tool]) -> "Registry":
        """Build a snapshot of `tools`, whose qualified names must differ."""
        by_name = {tool.qualified: tool for tool in sorted(tools, key=lambda tool: tool.qualified)}
        return cls(agents=tuple(agents), tools=MappingProxyType(by_name))

    def only(self, servers: Sequence[str]) -> "Registry":
        """Return the part that belongs to these servers."""
        return Registry.of(
            (agent for agent in self.agents if agent.name in servers),
            (tool for tool in self.tools.values() if tool.server in servers),
        )

    def nearest(self, name: str, limit: int = 3) -> list[str]:
        """Return the qualified names most like `name`, the best first: for error messages."""
        by_bare = [tool.qualified for tool in self if tool.name == name]
        close = get_close_matches(name, self.tools, n=limit, cutoff=0.6)
        return list(dict.fromkeys(by_bare + close))[:limit]

    def __contains__(self, qualified: object) -> bool:
        return qualified in self.tools

    def __getitem__(self, qualified: str) -> Tool:
        return self.tools[qualified]

    def __iter__(self) -> Iterator[Tool]:
        return iter(self.tools.values())

    def __len__(self) -> int:
        return len(self.tools)
