"""Any plan, streamed: with early start it does what it does without, and no call is made twice."""

import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from batonmcp.core.caller import NOBODY, Caller
from batonmcp.core.limits import Limits
from batonmcp.core.outcome import Failed, Succeeded
from batonmcp.core.policy import Policy
from batonmcp.core.record import RunRecord
from batonmcp.core.tool import Tool
from batonmcp.llm.port import ArgumentsGrew, CallBegun, StreamLost
from batonmcp.stages.audience import Audience
from batonmcp.stages.orchestrate import orchestrate
from batonmcp.stages.ports import Ports
from batonmcp.stages.route import PLAN_FUNCTION
from batonmcp.stages.task import Task
from builders import registry, tool
from doubles.ports import InProcessTools, ScriptedLLM, Streamed, calling

TIME_S = 30.0
TOOLS = registry(*(tool(f"{server}__{kind}", effect=kind) for server in "ab" for kind in ("read", "write")))
SERVERS = st.sampled_from("ab")
KINDS = st.sampled_from(["read", "read", "write"])


class Counters(InProcessTools):
    """Servers with a number each: a write raises it, and both tools answer with it, some time later."""

    def __init__(self, delays: list[int]) -> None:
        super().__init__(TOOLS)
        self.numbers = Counter[str]()
        self._delays = delays

    async def call(
        self, tool: Tool, arguments: dict[str, JsonValue], *, within: float, caller: Caller = NOBODY
    ) -> Succeeded | Failed:
        """Raise the number, or not, at the end of the call."""
        await super().call(tool, arguments, within=within, caller=caller)
        for _ in range(self._delays[len(self.calls) % len(self._delays)] if self._delays else 0):
            await anyio.lowlevel.checkpoint()
        self.numbers[tool.server] += tool.name == "write"
        return Succeeded(value={"number": self.numbers[tool.server], "given": arguments.get("n")})


@st.composite
def plans(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw the steps of a plan: reads and writes of two servers, some with data of earlier ones, some after them."""
    steps: list[dict[str, Any]] = []
    for place in range(draw(st.integers(1, 7))):
        step: dict[str, Any] = {"id": f"s{place}", "tool": f"{draw(SERVERS)}__{draw(KINDS)}"}
        earlier = st.sampled_from([one["id"] for one in steps]) if steps else st.nothing()
        value = draw(st.integers(0, 1) | earlier.map(lambda name: {"$from": f"{name}.number"}))
        step["arguments"] = {"n": value}
        if steps and draw(st.integers(0, 4)) == 0:
            step["after"] = [draw(earlier)]
        if draw(st.integers(0, 6)) == 0:
            step["when"] = "1 < 2"
        steps.append(step)
    return steps


async def played(script: Streamed, delays: list[int], *, early: bool) -> tuple[RunRecord, Counters]:
    """Run what a model writes so."""
    tools = Counters(delays)
    ports = Ports(
        tools=tools,
        planner="llm",
        llm=ScriptedLLM(script),
        limits=Limits(early_start=early),
        clock=anyio.current_time,
        now=lambda: datetime(2026, 11, 22, tzinfo=UTC),
        policy=Policy(profile="never"),
    )
    with anyio.fail_after(TIME_S):
        return await orchestrate(Task(query="q", output="data"), ports, Audience()), tools


def in_order(steps: list[dict[str, Any]]) -> list[JsonValue]:
    """Return the values of steps that run one after the other."""
    numbers = Counter[str]()
    values: dict[str, Any] = {}
    for step in steps:
        server, _, kind = step["tool"].partition("__")
        numbers[server] += kind == "write"
        given: Any = step["arguments"]["n"]
        if isinstance(given, dict):
            given = values[step["arguments"]["n"]["$from"].partition(".")[0]]["number"]
        values[step["id"]] = {"number": numbers[server], "given": given}
    return list(values.values())


@pytest.mark.slow
@given(plans(), st.lists(st.integers(0, 4), max_size=6), st.data())
@settings(max_examples=120, deadline=None)
def test_early_start_changes_nothing_but_time(
    steps: list[dict[str, Any]], delays: list[int], data: st.DataObject
) -> None:
    """The values are those of one step after the other, whatever began early and however often a stream was lost."""
    document: dict[str, Any] = {"steps": steps}
    reply = calling((PLAN_FUNCTION, document))
    text = json.dumps({"steps": steps})
    lost = data.draw(st.none() | st.integers(0, len(text)))
    pieces: list[Any] = [CallBegun(0, PLAN_FUNCTION), *(ArgumentsGrew(0, sign) for sign in text)]
    begun = [] if lost is None else [*pieces[:lost], StreamLost()]

    async def both() -> None:
        for early in (False, True):
            record, tools = await played(Streamed([*begun, *pieces], reply), delays, early=early)
            assert record.status == "ok"
            assert [step.value for step in record.steps] == in_order(steps)
            assert Counter(call.tool for call in tools.calls) == Counter(step["tool"] for step in steps)
            assert {step.attempts for step in record.steps} == {1}
            assert not record.notes

    anyio.run(both)


@pytest.mark.slow
@given(plans(), plans(), st.lists(st.integers(0, 4), max_size=6))
@settings(max_examples=120, deadline=None)
def test_plan_that_ends_otherwise(begins: list[dict[str, Any]], steps: list[dict[str, Any]], delays: list[int]) -> None:
    """Whatever was heard, the reply's own plan gives what it gives; only reads may have been made for nothing."""
    heard = [CallBegun(0, PLAN_FUNCTION), *(ArgumentsGrew(0, sign) for sign in json.dumps({"steps": begins}))]
    document: dict[str, Any] = {"steps": steps}
    reply = calling((PLAN_FUNCTION, document))

    async def run() -> None:
        record, tools = await played(Streamed(heard, reply), delays, early=True)
        assert record.status == "ok"
        assert [step.value for step in record.steps] == in_order(steps)
        made = Counter(call.tool for call in tools.calls)
        wanted = Counter(step["tool"] for step in steps)
        assert wanted <= made
        assert not [name for name in made - wanted if name.endswith("write")]

    anyio.run(run)
