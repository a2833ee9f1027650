"""batonmcp in this process, as its commands wire it."""

import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from batonmcp.cli.compose import open_hub
from batonmcp.config.load import load
from batonmcp.core.discretion import Discretion
from batonmcp.core.outcome import Failed
from batonmcp.core.record import RunRecord
from batonmcp.stages.audience import Audience
from batonmcp.stages.orchestrate import orchestrate
from batonmcp.stages.ports import Ports
from batonmcp.stages.task import Task
from loops.plain import MODEL
from loops.questions import Call, Question
from loops.told import Told, Way

__all__ = ["Baton", "environment", "open_baton"]


def environment(base_url: str) -> dict[str, str]:
    """Return the variables that point batonmcp to an endpoint and let it keep nothing on disk."""
    return {"BATONMCP_MODEL": MODEL, "OPENAI_BASE_URL": base_url, "BATONMCP_STORE": "memory"}


@asynccontextmanager
async def open_baton(config: Path, base_url: str) -> AsyncGenerator["Baton"]:
    """Connect to all servers and yield batonmcp over them."""
    settings = load(config, environment(base_url))
    async with open_hub(settings, discretion=Discretion(), without_llm="lexical") as hub:
        await hub.ports.tools.registry()
        yield Baton(hub.ports)


@dataclass(frozen=True, slots=True)
class Baton(Way):
    """batonmcp, ready to be asked."""

    ports: Ports

    async def ask(self, query: str) -> Told:
        """Answer a question."""
        began = time.perf_counter()
        record = await self._run(query)
        seconds = time.perf_counter() - began
        calls = sum(1 if step.items is None else len(step.items) for step in record.steps)
        return Told(answer=record.answer or "", seconds=seconds, tool_calls=calls, planner=record.planner)

    async def tools(self) -> int:
        """Return how many tools there are."""
        return len(await self.ports.tools.registry())

    async def critical_path(self, question: Question, runs: int) -> float:
        """Return the time that the tools need if each takes what it takes alone and waits only for what it must."""
        record = await self._run(question.query)
        if record.mode != question.mode:
            message = f"{question.query!r} was planned otherwise than scripted: {record.as_json()}"
            raise RuntimeError(message)
        alone = {step.tool: await self._alone(_calls(record, step.tool), runs) for step in record.steps}
        ends: dict[str, float] = {}
        for step in record.steps:
            ends[step.id] = alone[step.tool] + max((ends[each["step"]] for each in step.waited_for), default=0.0)
        return max(ends.values())

    async def _run(self, query: str) -> RunRecord:
        record = await orchestrate(Task(query=query), self.ports, Audience())
        if record.status != "ok":
            message = f"{query!r} ended otherwise than scripted: {record.as_json()}"
            raise RuntimeError(message)
        return record

    async def _alone(self, calls: list[Call], runs: int) -> float:
        """Return the longest of what some calls take alone, each the median of its runs."""
        return max([median([await self._time(*call) for _ in range(runs)]) for call in calls])

    async def _time(self, name: str, arguments: Mapping[str, Any]) -> float:
        tool = (await self.ports.tools.registry())[name]
        began = time.perf_counter()
        outcome = await self.ports.tools.call(tool, dict(arguments), within=self.ports.limits.call_timeout)
        seconds = time.perf_counter() - began
        match outcome:
            case Failed(error=error):
                raise RuntimeError(str(error))
            case _:
                return seconds


def _calls(record: RunRecord, tool: str) -> list[Call]:
    """Return the calls that a run made of a tool."""
    made: list[Call] = []
    for step in record.steps:
        given: list[Any] = [item["arguments"] for item in step.items] if step.items is not None else [step.arguments]
        made += [(tool, arguments) for arguments in given if step.tool == tool]
    return made
