"""A backend that really orchestrates, over tools in this process: what of a plan has run can be counted.

hub = Hub(answers={"store__put": "stored"})
async with hub.host("legacy", person=Person("once")) as host:
    await host.call_tool("orchestrate", {"plan": plan(PUT)})
assert hub.tools.called == ["store__put"]
"""

import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import anyio
import anyio.lowlevel
from mcp import Client
from mcp.client.session import ClientRequestContext
from mcp_types import CallToolResult, ElicitRequestParams, ElicitResult, ErrorData, InputRequiredResult, TextContent
from pydantic import JsonValue

from batonmcp.core.attachment import Contents
from batonmcp.core.limits import Limits
from batonmcp.core.outcome import Failed
from batonmcp.core.policy import Policy
from batonmcp.core.record import RunRecord
from batonmcp.core.registry import Registry
from batonmcp.host.backend import Backend
from batonmcp.host.server import Front
from batonmcp.llm.port import LLM
from batonmcp.stages.audience import Audience
from batonmcp.stages.orchestrate import orchestrate
from batonmcp.stages.ports import NobodyTrusted, Ports, Trust
from batonmcp.stages.task import Task
from batonmcp.store.approvals import Approvals, Verdict
from batonmcp.store.port import Store
from builders import registry, tool
from doubles.board import Board
from doubles.ports import Answer, InProcessTools

__all__ = [
    "GET",
    "PUT",
    "TOOLS",
    "Hub",
    "Person",
    "answer_of",
    "plan",
    "record_of",
    "request",
    "round_of",
    "said",
    "step",
]

TOOLS = registry(
    tool("store__read", description="Reads a value."),
    tool("store__put", description="Writes a value.", effect="write"),
    tool("other__look", description="Lists what there is."),
    tool("other__drop", description="Removes everything.", effect="destructive"),
)


def step(called: str, name: str = "", **more: JsonValue) -> dict[str, JsonValue]:
    """Return a step, which is called like its tool unless it has a name."""
    return {"id": name or called.partition("__")[2], "tool": called, **more}


PUT = step("store__put", arguments={"key": "colour", "value": "red"})
GET = step("store__read", arguments={"key": "colour"})


def plan(*steps: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return a plan."""
    return {"steps": [dict(one) for one in steps]}


def record_of(result: object) -> Mapping[str, Any]:
    """Return the record that came with a reply."""
    assert isinstance(result, CallToolResult), result
    assert result.meta is not None, result
    return result.meta["batonmcp/run"]


def said(result: object) -> str:
    """Return the text of a reply."""
    assert isinstance(result, CallToolResult), result
    return "\n".join(block.text for block in result.content if isinstance(block, TextContent))


class Person:
    """Who sits at the host.

    Args:
        decision: What they choose; other than a choice: an action of the protocol, or an error of the host.

    Attributes:
        seen: What they were asked.
        asked: Set at the first question.
        gate: What they wait for before they answer.
    """

    def __init__(self, decision: str = "once", *, gate: anyio.Event | None = None) -> None:
        self.decision = decision
        self.gate = gate
        self.seen: list[str] = []
        self.asked = anyio.Event()

    async def answer(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult | ErrorData:
        """Answer."""
        del context
        self.seen.append(params.message)
        self.asked.set()
        if self.gate:
            await self.gate.wait()
        await anyio.lowlevel.checkpoint()
        return answer_of(self.decision)


def answer_of(decision: str) -> ElicitResult | ErrorData:
    """Return what a host sends for a decision."""
    match decision:
        case "error":
            return ErrorData(code=-1, message="no window")
        case "decline" | "cancel":
            return ElicitResult(action=decision)
        case "nothing":
            return ElicitResult(action="accept", content={})
        case "no content":
            return ElicitResult(action="accept")
        case _:
            return ElicitResult(action="accept", content={"decision": decision})


@dataclass(kw_only=True)
class Hub:
    """A process that serves a host.

    Attributes:
        answers: What each tool answers.
        policy: What may run.
        limits: Bounds of runs.
        llm: Plans where the host does not, and writes the answer.
        store: Carries questions to other processes; also has the runs of earlier ones.
        known: The tools.
        tools: What runs on them.
        ended: The records of all runs that have ended.
        earlier: What the store has of runs of other processes.
        trust: Which tools need no decision.
        patience: Seconds for which a run waits for its host.
    """

    answers: Mapping[str, Answer] = field(default_factory=dict[str, Answer])
    policy: Policy = field(default_factory=Policy)
    limits: Limits = field(default_factory=Limits)
    llm: LLM | None = None
    store: Store = field(default_factory=Board)
    known: Registry = TOOLS
    trust: Trust = field(default_factory=NobodyTrusted)
    patience: float = 600.0
    earlier: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    ended: list[RunRecord] = field(default_factory=list[RunRecord])
    tools: InProcessTools = field(init=False)

    def __post_init__(self) -> None:
        """Make the tools."""
        self.tools = InProcessTools(self.known, self.answers)

    @property
    def approvals(self) -> Approvals:
        """The questions that other processes see."""
        return Approvals(self.store)

    async def run(self, task: Task, audience: Audience) -> RunRecord:
        """Run a task."""
        ports = Ports(
            tools=self.tools,
            planner="llm" if self.llm else "host",
            llm=self.llm,
            limits=self.limits,
            clock=time.monotonic,
            now=lambda: datetime(2026, 11, 22, tzinfo=UTC),
            keep=self.keep,
            policy=self.policy,
            trust=self.trust,
        )
        return await orchestrate(task, ports, audience)

    async def keep(self, record: RunRecord) -> None:
        """Keep a record."""
        self.ended.append(record)

    async def kept(self, run_id: str) -> Mapping[str, Any] | None:
        """Return what the store has of a run."""
        await anyio.lowlevel.checkpoint()
        return self.earlier.get(run_id)

    async def read_resource(self, server: str, uri: str) -> Sequence[Contents] | Failed:
        """Read what there is."""
        return await self.tools.read_resource(server, uri, within=1)

    async def agents(self, *, other_than: Registry | None = None) -> Registry:
        """Return the tools; they never change."""
        if other_than is not None:
            await anyio.sleep_forever()
        return self.known

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[Backend]:
        """Open the backend."""
        yield self

    def front(self) -> Front:
        """Return the server that hosts see."""
        return Front(self.open, agents=[], limits=self.limits, policy=self.policy, patience=self.patience)

    @asynccontextmanager
    async def host(
        self, mode: str = "legacy", person: Person | None = None, *, front: Front | None = None
    ) -> AsyncGenerator[Client]:
        """Connect a host of one era, with a person or without one."""
        callback = person.answer if person else None
        async with Client((front or self.front()).server, mode=mode, elicitation_callback=callback) as host:
            yield host

    async def decide(self, verdict: Verdict, *, run_id: str | None = None) -> bool:
        """Decide the question that waits, as a person on a terminal does."""
        waiting = await self.approvals.pending()
        (asked,) = [one for one in waiting if run_id in {None, one.run_id}]
        return await self.approvals.decide(asked, verdict)


async def request(
    host: Client,
    arguments: Mapping[str, Any],
    **more: Any,  # noqa: ANN401 - what a request may carry
) -> CallToolResult | InputRequiredResult:
    """Make one request of a call, without going on by itself."""
    result = await host.session.call_tool("orchestrate", dict(arguments), allow_input_required=True, **more)
    assert isinstance(result, CallToolResult | InputRequiredResult)
    return result


def round_of(result: object) -> tuple[str, list[str]]:
    """Return the state and the keys of a round of questions."""
    assert isinstance(result, InputRequiredResult), result
    assert result.request_state
    return result.request_state, [*(result.input_requests or {})]
