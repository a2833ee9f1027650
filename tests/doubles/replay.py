"""MCP servers that play a recorded plan: they answer the recorded calls as recorded, and refuse every other.

    replay = Replay(plan)
    async with open_sessions(replay) as tools:
        ...  # run the plan on `tools`, then look at replay.called, replay.refused and replay.in_order(...)

Over real pipes, one server of a plan: python -m doubles.replay SOURCE PLAN-ID SERVER (with `tests` on the PYTHONPATH).
"""

import json
import re
import sys
from collections import deque
from collections.abc import AsyncGenerator, Collection, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any
from zlib import crc32

import anyio
import anyio.lowlevel
from mcp import Client
from mcp.server import Server, ServerRequestContext
from mcp.server.stdio import stdio_server
from mcp_types import (
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
    ToolAnnotations,
)
from pydantic import JsonValue

from batonmcp.config.settings import ServerSettings
from batonmcp.core.caller import NOBODY, Caller
from batonmcp.core.effect import EffectKind
from batonmcp.core.outcome import Failed, Succeeded
from batonmcp.core.registry import Agent, Registry
from batonmcp.core.tool import Tool as KnownTool
from batonmcp.downstream.catalogue import catalogue_of
from batonmcp.downstream.listing import list_tools
from batonmcp.downstream.result import read_result
from batonmcp.stages.ports import Tools
from recorded_plans import RecordedPlan, RecordedStep, exact, load_plans

__all__ = ["EFFECTS", "Replay", "SessionTools", "open_sessions", "reads"]

EFFECTS: Mapping[str, EffectKind] = {"*GetRide*": "write"}
"""What servers.json would say: where the verb of a recorded tool misleads (this one orders a car)."""

_READING = frozenset(
    {"analyze", "calculate", "cat", "check", "compute", "convert", "diff", "display", "du", "estimate", "find", "get"}
    | {"grep", "list", "lookup", "ls", "query", "retrieve", "search", "show", "tail", "translate", "validate"}
    | {"verify", "view", "wc"}
)
_DESTROYING = frozenset({"cancel", "delete", "remove", "rm", "rmdir"})
_ORDERS = frozenset({"RideSharing.GetRide"})
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_LONGEST_WAIT = 7
_ANY_OBJECT: Mapping[str, Any] = {"type": "object", "additionalProperties": True}
_TYPES: Mapping[type, str] = {
    dict: "object",
    list: "array",
    str: "string",
    bool: "boolean",
    int: "number",
    float: "number",
}


def reads(tool: str) -> bool:
    """Whether a recorded tool does no more than read; the data does not say, so its verb does."""
    return tool not in _ORDERS and not _READING.isdisjoint(_words(tool))


class Replay:
    """The servers of one plan, and what they were asked.

    A call takes a few turns of the event loop, differently many for each step and salt: steps that may overlap do.

    Args:
        plan: What was recorded.
        strict: Whether a tool takes only the arguments and types that were recorded of it; otherwise any object.
        failing: Ids of steps whose tool reports an error, whatever was recorded.
        salt: Varies how long the calls take.

    Attributes:
        called: Ids of the steps whose calls have arrived, in order.
        refused: A sentence for each call that was not recorded.
    """

    def __init__(
        self, plan: RecordedPlan, *, strict: bool = False, failing: Collection[str] = (), salt: str = ""
    ) -> None:
        self.plan = plan
        self.called: list[str] = []
        self.refused: list[str] = []
        self._strict = strict
        self._failing = failing
        self._salt = salt
        self._log: list[tuple[str, str]] = []
        self._waiting: dict[tuple[str, str, str], deque[RecordedStep]] = {}
        for step in plan.steps:
            self._waiting.setdefault((step.server, step.tool, exact(step.arguments)), deque()).append(step)

    def server(self, name: str) -> Server[Any]:
        """Return one of the plan's servers."""

        async def list_tools(
            _context: ServerRequestContext[Any], _params: PaginatedRequestParams | None
        ) -> ListToolsResult:
            return ListToolsResult(tools=self.definitions(name))

        async def call_tool(_context: ServerRequestContext[Any], params: CallToolRequestParams) -> CallToolResult:
            return await self._call(name, params.name, params.arguments or {})

        return Server(name, on_list_tools=list_tools, on_call_tool=call_tool)

    def definitions(self, server: str) -> list[Tool]:
        """Return the tools of a server, as it lists them."""
        calls: dict[str, list[dict[str, JsonValue]]] = {}
        for step in self.plan.steps:
            if step.server == server:
                calls.setdefault(step.tool, []).append(step.arguments)
        return [
            Tool(
                name=tool,
                input_schema=_strict_schema(arguments) if self._strict else {**_ANY_OBJECT},
                annotations=_annotations(tool),
            )
            for tool, arguments in calls.items()
        ]

    def over_before(self, one: str, other: str) -> bool:
        """Whether the call of a step was answered before that of another arrived."""
        return self._log.index(("answered", one)) < self._log.index(("arrived", other))

    @property
    def most_at_once(self) -> int:
        """The most calls that were under way at the same time."""
        most = running = 0
        for what, _ in self._log:
            running += 1 if what == "arrived" else -1
            most = max(most, running)
        return most

    async def _call(self, server: str, tool: str, arguments: dict[str, JsonValue]) -> CallToolResult:
        waiting = self._waiting.get((server, tool, exact(arguments)))
        if not waiting:
            self.refused.append(self._difference(server, tool, arguments))
            return _error(self.refused[-1])
        step = waiting.popleft()
        self.called.append(step.id)
        self._log.append(("arrived", step.id))
        for _ in range(crc32(f"{self._salt}{self.plan.id}{step.id}".encode()) % _LONGEST_WAIT):
            await anyio.lowlevel.checkpoint()
        self._log.append(("answered", step.id))
        return _error(f"{tool} is made to fail.") if step.id in self._failing else _result(step)

    def _difference(self, server: str, tool: str, arguments: dict[str, JsonValue]) -> str:
        """Say in what a call differs from the recorded one that is most like it."""
        left = [
            step for steps in self._waiting.values() for step in steps if (step.server, step.tool) == (server, tool)
        ]
        if not left:
            return f"{server} has no call of {tool} left, but was sent {exact(arguments)}."
        found = min((_differences(step.arguments, arguments) for step in left), key=len)
        return f"{tool} of {server} was called otherwise than recorded: {'; '.join(found)}."


class SessionTools(Tools):
    """The tools of servers to which there are sessions."""

    def __init__(self, registry: Registry, clients: Mapping[str, Client]) -> None:
        self._registry = registry
        self._clients = clients

    async def registry(self, servers: Sequence[str] | None = None) -> Registry:
        """Return the registry: all sessions are open."""
        del servers
        await anyio.lowlevel.checkpoint()
        return self._registry

    async def call(
        self, tool: KnownTool, arguments: dict[str, JsonValue], *, within: float, caller: Caller = NOBODY
    ) -> Succeeded | Failed:
        """Call a tool over the session to its server."""
        del caller  # recorded servers ask nothing
        with anyio.fail_after(within):
            return read_result(await self._clients[tool.server].call_tool(tool.name, arguments))


@asynccontextmanager
async def open_sessions(replay: Replay) -> AsyncGenerator[SessionTools]:
    """Connect to all servers of a plan within this process: real sessions, with JSON-RPC in between."""
    clients: dict[str, Client] = {}
    known: list[KnownTool] = []
    async with AsyncExitStack() as stack:
        for name in replay.plan.servers:
            session = Client(replay.server(name), mode="legacy", cache=None)
            clients[name] = await stack.enter_async_context(session)
            listing = await list_tools(clients[name], name)
            known += catalogue_of(listing, ServerSettings(name=name, transport=None), EFFECTS).tools.values()
        yield SessionTools(Registry.of([Agent(name=name, title=name) for name in clients], known), clients)


def _words(tool: str) -> Iterable[str]:
    return [word.lower() for word in _WORD.findall(tool)]


def _annotations(tool: str) -> ToolAnnotations:
    """Declare what the tool's verb says. About the one that misleads, too: `EFFECTS` corrects it."""
    return ToolAnnotations(
        read_only_hint=not _READING.isdisjoint(_words(tool)),
        destructive_hint=not _DESTROYING.isdisjoint(_words(tool)),
        open_world_hint=False,
    )


def _strict_schema(calls: Sequence[Mapping[str, JsonValue]]) -> dict[str, Any]:
    """Return a schema that has the arguments of these calls, with their types, and no others."""
    properties = {
        name: {"type": sorted({_TYPES.get(type(call[name]), "null") for call in calls if name in call})}
        for name in dict.fromkeys(name for call in calls for name in call)
    }
    required = [name for name in properties if all(name in call for call in calls)]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _differences(recorded: Mapping[str, JsonValue], sent: Mapping[str, JsonValue]) -> list[str]:
    found: list[str] = []
    for name in sorted(recorded.keys() | sent.keys()):
        here = exact(sent[name]) if name in sent else "missing"
        there = exact(recorded[name]) if name in recorded else "missing"
        if here != there:
            found.append(f"{name} is {here}, recorded is {there}")
    return found


def _error(text: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(text=text)], is_error=True)


def _result(step: RecordedStep) -> CallToolResult:
    """Return the result as a server sends it: JSON as text, and structured if it is an object."""
    if step.is_error:
        return _error(f"{step.tool} failed when it was recorded. {exact(step.result)}")
    structured = step.result if isinstance(step.result, dict) else None
    return CallToolResult(content=[TextContent(text=json.dumps(step.result))], structured_content=structured)


async def _serve(source: str, plan_id: str, name: str) -> None:
    plan = next(plan for plan in load_plans(source) if plan.id == plan_id)
    server = Replay(plan).server(name)
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


if __name__ == "__main__":
    anyio.run(partial(_serve, *sys.argv[1:]))
