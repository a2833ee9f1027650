"""What a run needs from outside: tools, a planner, an LLM, a person, a clock.

Above the ports sits `orchestrate`; below them the fleet of MCP servers, an LLM client, a terminal or a host. All of it
is passed in, so that a run can be told with doubles.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

import anyio
from pydantic import JsonValue

from batonmcp.core.attachment import Contents
from batonmcp.core.caller import NOBODY, Caller
from batonmcp.core.errors import ErrorInfo
from batonmcp.core.limits import Limits
from batonmcp.core.outcome import Failed, Succeeded
from batonmcp.core.policy import Policy
from batonmcp.core.prices import Price
from batonmcp.core.record import RunRecord
from batonmcp.core.registry import Registry
from batonmcp.core.tool import Tool
from batonmcp.llm.definitions import Definitions
from batonmcp.llm.embedder import Embedder
from batonmcp.llm.port import LLM, Stage

__all__ = [
    "Embeddings",
    "Keep",
    "NobodyTrusted",
    "PlannerKind",
    "Ports",
    "Routes",
    "Shapes",
    "Tools",
    "Trust",
    "keep_nothing",
]

PlannerKind: TypeAlias = Literal["llm", "host", "lexical"]

Keep: TypeAlias = Callable[[RunRecord], Awaitable[None]]
"""Keeps the record of a run that has ended. It never raises: a run that cannot be kept still has its answer."""


async def keep_nothing(_record: RunRecord) -> None:
    """Let the record go."""


class Trust(Protocol):
    """The tools that a person has allowed for good, as they were defined then."""

    async def of(self, tools: Iterable[Tool]) -> frozenset[str]:
        """Return the qualified names of those that are trusted as they are defined now."""
        ...

    async def add(self, tools: Iterable[Tool]) -> None:
        """Trust these from now on."""
        ...


class NobodyTrusted(Trust):
    """Trusts no tool, and remembers none."""

    async def of(self, tools: Iterable[Tool]) -> frozenset[str]:
        """Trust none."""
        del tools
        return frozenset()

    async def add(self, tools: Iterable[Tool]) -> None:
        """Let it pass: what was decided holds for this run."""


class Routes(Protocol):
    """Plans that are remembered."""

    async def get(self, key: str, *, today: str, wording: str) -> JsonValue:
        """Return the plan under a key; null if there is none, or it was for another day or another wording."""
        ...

    async def put(self, key: str, plan: JsonValue, *, day: str | None, wording: str | None) -> None:
        """Remember a plan: for good or for one day, for a query and those like it or for its wording alone."""
        ...

    async def drop(self, key: str) -> None:
        """Forget a plan that did not do."""
        ...


class Shapes(Protocol):
    """What the results of tools look like that do not declare it."""

    async def over(self, registry: Registry) -> Registry:
        """Return the registry with what is known."""
        ...

    async def learn(self, tool: Tool, value: JsonValue) -> None:
        """Learn from a result."""
        ...


class Tools(Protocol):
    """The downstream servers, seen as tools."""

    async def registry(self, servers: Sequence[str] | None = None) -> Registry:
        """Return what is known, once these servers (None: all) are up or have shown that they won't be."""
        ...

    async def changed(self, known: Registry) -> Registry:
        """Return what is known of all servers once it is something else than this; nothing ever changes by default."""
        await anyio.sleep_forever()
        return known

    async def call(
        self, tool: Tool, arguments: dict[str, JsonValue], *, within: float, caller: Caller = NOBODY
    ) -> Succeeded | Failed:
        """Call a tool; whatever goes wrong with it is a `Failed`, within so many seconds.

        What its server asks meanwhile goes to the caller, and the seconds do not pass until there is an answer.
        """
        ...

    async def read_resource(self, server: str, uri: str, *, within: float) -> Sequence[Contents] | Failed:
        """Have a server read one of its resources; whatever goes wrong with it is a `Failed`."""
        del uri, within
        return Failed(error=ErrorInfo(kind="unavailable", message=f"Nothing of {server!r} can be read here."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Embeddings:
    """What ranks tools by vectors.

    Attributes:
        embedder: Makes them.
        definitions: Has those of tools, for all runs.
        price: Of the embedder's model, where that is known.
    """

    embedder: Embedder
    definitions: Definitions
    price: Price | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Everything a run needs.

    Attributes:
        tools: The downstream servers.
        planner: Who plans when the task brings no plan.
        llm: For the planner `llm`, and to write the answer; None: code writes it.
        limits: Bounds of a run.
        clock: Seconds, never going back.
        now: Date, time and zone for the planner.
        keep: Gets the record of each run at its end.
        policy: What may run, and what a person decides about.
        trust: Which tools need no decision any more.
        routes: Remembers plans of the model; None: each is made anew.
        route_model: The model that makes them, told from others of its name elsewhere.
        shapes: Knows what results look like; None: only what tools declare is known.
        prices: What the models of the stages cost, where that is known.
        embeddings: Rank tools of which there are too many to show, beside their words; None: these alone do.
    """

    tools: Tools
    planner: PlannerKind
    llm: LLM | None
    limits: Limits
    clock: Callable[[], float]
    now: Callable[[], datetime]
    keep: Keep = keep_nothing
    policy: Policy = field(default_factory=Policy)
    trust: Trust = field(default_factory=NobodyTrusted)
    routes: Routes | None = None
    route_model: str = ""
    shapes: Shapes | None = None
    prices: Mapping[Stage, Price | None] = field(default_factory=dict[Stage, Price | None])
    embeddings: Embeddings | None = None
