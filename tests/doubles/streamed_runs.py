"""Whole runs with the real client at an endpoint, over tools in this process.

async with endpoint_of(base_url) as run:
    played = await run("How is Oslo?")
assert played.record.status == "ok"
"""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from batonmcp.config.settings import LlmSettings
from batonmcp.core.approval import Approval, Approved, Ruling
from batonmcp.core.events import Event
from batonmcp.core.limits import Limits
from batonmcp.core.record import RunRecord
from batonmcp.llm.openai_client import OpenAIClient
from batonmcp.llm.timing import REAL, Timing
from batonmcp.stages.audience import Audience
from batonmcp.stages.orchestrate import orchestrate
from batonmcp.stages.ports import Ports
from batonmcp.stages.task import Output, Task
from builders import registry, tool
from doubles.ports import InProcessTools

__all__ = ["TOOLS", "Played", "Runner", "endpoint_of"]

TOOLS = registry(tool("weather__today"), tool("trains__find"), tool("mail__send", effect="write"))


@dataclass(frozen=True, slots=True)
class Played:
    """A run that has ended, its events and the tools that it had."""

    record: RunRecord
    events: list[Event]
    tools: InProcessTools

    def precedes_its_plan(self, tool: str) -> bool:
        """Whether the step with this tool began before the model had ended its reply."""
        step = next(step for step in self.record.steps if step.tool == tool)
        return step.started_ms is not None and step.started_ms < self.record.timings_ms.route


Runner = Callable[..., Awaitable[Played]]


async def _agree(_approval: Approval) -> Ruling:
    return Approved()


@asynccontextmanager
async def endpoint_of(base_url: str, *, timing: Timing = REAL, seconds: float = 60.0) -> AsyncGenerator[Runner]:
    """Yield what runs a task with a model at an endpoint; one client for all of them."""
    llm = OpenAIClient(LlmSettings(base_url=base_url, api_key=None, model="m", timeout=seconds), timing=timing)

    async def run(
        query: str,
        *,
        tools: InProcessTools | None = None,
        output: Output = "answer",
        limits: Limits | None = None,
        listen: Callable[[Event], None] | None = None,
    ) -> Played:
        events: list[Event] = []

        def hear(event: Event) -> None:
            events.append(event)
            if listen:
                listen(event)

        used = tools or InProcessTools(TOOLS)
        ports = Ports(
            tools=used,
            planner="llm",
            llm=llm,
            limits=limits or Limits(),
            clock=time.monotonic,
            now=lambda: datetime(2026, 11, 22, 12, 0, tzinfo=UTC),
        )
        audience = Audience(listen=hear, follows=True, decide=_agree)
        record = await orchestrate(Task(query=query, output=output), ports, audience)
        return Played(record, events, used)

    try:
        yield run
    finally:
        await llm.aclose()
