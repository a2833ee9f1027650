"""In-process implementations of a run's ports: a planner LLM that plays a script, and tools that are functions."""

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import anyio
import anyio.lowlevel
from pydantic import JsonValue

from batonmcp.core.attachment import Contents
from batonmcp.core.caller import NOBODY, Caller, Declined, Question
from batonmcp.core.caller import Answer as Given
from batonmcp.core.errors import ErrorInfo, LlmError
from batonmcp.core.outcome import Failed, Succeeded
from batonmcp.core.registry import Registry
from batonmcp.core.tool import Tool
from batonmcp.downstream.deadline import Deadline
from batonmcp.llm.port import (
    LLM,
    Account,
    ArgumentsGrew,
    CallBegun,
    FunctionCall,
    Heard,
    Piece,
    Reply,
    Request,
    TextGrew,
)
from batonmcp.stages.ports import Tools

__all__ = [
    "Answer",
    "Barrier",
    "Call",
    "Dialogue",
    "InProcessTools",
    "ScriptedLLM",
    "Streamed",
    "calling",
    "failed",
    "saying",
    "streamed",
]


@dataclass(frozen=True, slots=True)
class Dialogue:
    """The answer of a tool whose server talks with whoever called it."""

    talk: Callable[[Caller], Awaitable[JsonValue | Failed | Succeeded]]


Answer: TypeAlias = (
    JsonValue | Failed | Succeeded | Dialogue | Callable[[dict[str, JsonValue]], Awaitable[JsonValue | Failed]]
)
"""What a tool answers: always the same, or what a function makes of the arguments or of a talk with its caller."""


def calling(*calls: tuple[str, dict[str, JsonValue]], text: str = "") -> Reply:
    """Return the reply of a model that calls functions."""
    return Reply(text=text, calls=tuple(FunctionCall(name=name, arguments=arguments) for name, arguments in calls))


def saying(text: str) -> Reply:
    """Return the reply of a model that says something."""
    return Reply(text=text)


def failed(message: str = "It broke.", *, unsure: bool = False) -> Failed:
    """Return the outcome of a tool that reports an error."""
    return Failed(error=ErrorInfo(kind="tool_error", message=message), unsure=unsure)


@dataclass(frozen=True, slots=True)
class Streamed:
    """A reply that comes piece by piece, and waits where there is an event; `end` may be an error."""

    parts: Sequence[Piece | anyio.Event]
    end: Reply | LlmError


def streamed(reply: Reply, *, gates: Mapping[int, anyio.Event] | None = None) -> Streamed:
    """Return a reply that comes call by call, its text first. `gates`: what it waits for before calls, by number."""
    parts: list[Piece | anyio.Event] = [TextGrew(reply.text)] if reply.text else []
    for index, call in enumerate(reply.calls):
        parts += [gate] if gates and (gate := gates.get(index)) else []
        parts += [CallBegun(index, call.name), ArgumentsGrew(index, json.dumps(call.arguments))]
    parts += [gate] if gates and (gate := gates.get(len(reply.calls))) else []
    return Streamed(parts, reply)


class ScriptedLLM(LLM):
    """Plays replies in order, raises the errors among them, and keeps the requests.

    Attributes:
        requests: What it was asked.
        listened: For each request, whether somebody heard the reply as it came.
    """

    def __init__(self, *script: Reply | LlmError | Streamed) -> None:
        self.requests: list[Request] = []
        self.listened: list[bool] = []
        self._rest = list(script)

    async def complete(self, request: Request, heard: Heard | None = None) -> Reply:
        """Play the next turn. A request past the end of the script fails the test."""
        self.requests.append(request)
        self.listened.append(heard is not None)
        account = request.account or Account()
        account.send()
        await anyio.lowlevel.checkpoint()
        assert self._rest, f"the script has ended, and the stage {request.stage} asks once more"
        turn = self._rest.pop(0)
        if isinstance(turn, Streamed):
            for part in turn.parts:
                if isinstance(part, anyio.Event):
                    await part.wait()
                elif heard:
                    heard(part)
                    await anyio.lowlevel.checkpoint()
            turn = turn.end
        account.settle(written=None)
        if isinstance(turn, LlmError):
            raise turn
        return turn


class Barrier:
    """Lets nobody through before so many have come: only calls that run at the same time get past it."""

    def __init__(self, count: int) -> None:
        self._missing = count
        self._complete = anyio.Event()

    async def wait(self, _arguments: dict[str, JsonValue]) -> JsonValue:
        """Come, and wait for the others."""
        self._missing -= 1
        if self._missing <= 0:
            self._complete.set()
        await self._complete.wait()
        return "passed"


@dataclass(slots=True, eq=False)
class Call:
    """A call as it arrived, and how it ended."""

    tool: str
    arguments: dict[str, JsonValue]
    within: float
    caller: Caller
    end: Literal["answered", "timed out", "left"] | None = None


class InProcessTools(Tools):
    """A registry and a function for each tool; a tool without one answers with its arguments.

    Args:
        registry: What is known.
        answers: By qualified name.
        resources: What can be read, by server and address.

    Attributes:
        calls: Every call so far, in order of arrival.
        most_at_once: The most calls of each tool that ran at the same time.
    """

    def __init__(
        self,
        registry: Registry,
        answers: Mapping[str, Answer] | None = None,
        *,
        resources: Mapping[tuple[str, str], Sequence[Contents] | Failed] | None = None,
    ) -> None:
        self.calls: list[Call] = []
        self.most_at_once: Counter[str] = Counter()
        self._registry = registry
        self._answers = dict(answers or {})
        self._resources = dict(resources or {})
        self._held: dict[str, anyio.Event] = {}
        self._running: Counter[str] = Counter()
        self._arrival = anyio.Event()

    @property
    def called(self) -> list[str]:
        """The names of the tools called so far, in order of arrival."""
        return [call.tool for call in self.calls]

    @property
    def running(self) -> list[str]:
        """The names of the tools that work on a call now."""
        return sorted(self._running.elements())

    def hold(self, *tools: str) -> anyio.Event:
        """Keep every call of these tools until the event is set."""
        release = anyio.Event()
        self._held |= dict.fromkeys(tools, release)
        return release

    async def arrived(self, *tools: str) -> None:
        """Wait until each of these tools has been called, as often as it is named here."""
        while Counter(tools) - Counter(self.called):
            await self._arrival.wait()

    async def registry(self, servers: Sequence[str] | None = None) -> Registry:
        """Return the registry: everything has settled."""
        del servers
        await anyio.lowlevel.checkpoint()
        return self._registry

    async def call(
        self, tool: Tool, arguments: dict[str, JsonValue], *, within: float, caller: Caller = NOBODY
    ) -> Succeeded | Failed:
        """Answer a call, unless it takes too long or its caller leaves."""
        call = Call(tool.qualified, arguments, within, caller)
        self.calls.append(call)
        self._running[call.tool] += 1
        self.most_at_once[call.tool] = max(self.most_at_once[call.tool], self._running[call.tool])
        arrival, self._arrival = self._arrival, anyio.Event()
        arrival.set()
        call.end = "left"
        clock = Deadline(within)
        try:
            with clock.scope:
                answer = await self._answer(call, clock)
                call.end = "answered"
                return answer if isinstance(answer, Failed | Succeeded) else Succeeded(value=answer)
            call.end = "timed out"
        finally:
            self._running[call.tool] -= 1
        error = ErrorInfo(kind="timeout", message=f"{tool.agent} did not answer within {within:g} s.")
        return Failed(error=error, unsure=tool.effect.kind != "read")

    async def read_resource(self, server: str, uri: str, *, within: float) -> Sequence[Contents] | Failed:
        """Return what there is to read, or that there is nothing under this address."""
        del within
        await anyio.lowlevel.checkpoint()
        return self._resources.get((server, uri), failed(f"{server} has no resource {uri}."))

    async def _answer(self, call: Call, clock: Deadline) -> JsonValue | Failed | Succeeded:
        if call.tool in self._held:
            await self._held[call.tool].wait()
        answer = self._answers.get(call.tool, call.arguments)
        if isinstance(answer, Dialogue):
            return await answer.talk(_unhurried(call.caller, clock))
        return await answer(call.arguments) if callable(answer) else answer


def _unhurried(caller: Caller, clock: Deadline) -> Caller:
    """Return a caller who may think for as long as it takes."""

    async def ask(question: Question) -> Given | Declined:
        with clock.held():
            return await caller.ask(question)

    return replace(caller, ask=ask)
