"""Any plan, streamed: with early start it does what it does without, and no call is made twice."""

import json
from collections import Counter
from dataclasses import dataclass, replace
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
from batonmcp.llm.port import ArgumentsGrew, CallBegun, Piece, StreamLost, TextGrew
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
LIMITS = st.builds(Limits, parallel_run=st.sampled_from([1, 3, 16]), parallel_items=st.sampled_from([1, 8]))
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


@dataclass(frozen=True, slots=True)
class Of:
    """The number that another step gave: a loop, how many items it had."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """A step, of which everything that hangs on another one is told apart.

    Attributes:
        tool: What it calls.
        n: What it is called with, unless it is a loop.
        each: What the items of a loop are, or how many there are; None: it is none.
        after: Which step comes before it, if any has to.
        when: Whether it runs; a number of another step: if that is 1.
    """

    tool: str
    n: int | Of
    each: tuple[int, ...] | Of | None
    after: str | None
    when: bool | Of | None


@st.composite
def plans(draw: st.DrawFn) -> list[Sketch]:
    """Draw the steps of a plan: reads and writes of two servers, once or in loops, some with data of earlier ones."""
    sketches: list[Sketch] = []
    for place in range(draw(st.integers(1, 7))):
        earlier = st.integers(0, place - 1).map(lambda number: f"s{number}") if place else st.nothing()
        others = earlier.map(Of)
        is_loop, has_after, hangs = (draw(st.integers(0, 4)) == 0 for _ in range(3))
        sketches.append(
            Sketch(
                tool=f"{draw(SERVERS)}__{draw(KINDS)}",
                n=draw(st.integers(0, 1) | others),
                each=draw(st.sampled_from([(), (7, 8, 8)]) | others) if is_loop else None,
                after=draw(earlier) if place and has_after else None,
                when=draw(st.booleans() | others) if hangs else None,
            )
        )
    return sketches


def written(sketches: list[Sketch]) -> list[dict[str, Any]]:
    """Return the steps as a model writes them."""

    def number(of: Of) -> str:
        return f"{of.name}.number" if sketches[int(of.name[1:])].each is None else f"len({of.name})"

    steps: list[dict[str, Any]] = []
    for place, sketch in enumerate(sketches):
        given: Any = {"$from": number(sketch.n)} if isinstance(sketch.n, Of) else sketch.n
        step: dict[str, Any] = {"id": f"s{place}", "tool": sketch.tool, "arguments": {"n": given}}
        if sketch.each is not None:
            step["arguments"] = {"n": {"$from": "item"}}
            each = sketch.each
            step["for_each"] = f"[0, 1, 2, 3, 4, 5][:{number(each)}]" if isinstance(each, Of) else str([*each])
        if sketch.after:
            step["after"] = [sketch.after]
        if sketch.when is not None:
            step["when"] = f"{number(sketch.when)} == 1" if isinstance(sketch.when, Of) else str(sketch.when)
        steps.append(step)
    return steps


async def played(script: Streamed, delays: list[int], limits: Limits) -> tuple[RunRecord, Counters]:
    """Run what a model writes so."""
    tools = Counters(delays)
    ports = Ports(
        tools=tools,
        planner="llm",
        llm=ScriptedLLM(script),
        limits=limits,
        clock=anyio.current_time,
        now=lambda: datetime(2026, 11, 22, tzinfo=UTC),
        policy=Policy(profile="never"),
    )
    with anyio.fail_after(TIME_S):
        return await orchestrate(Task(query="q", output="data"), ports, Audience()), tools


def grown(text: str, *, in_words: bool) -> list[Piece | anyio.Event]:
    """Return the pieces of a plan that comes character by character, as a call or in words."""
    if in_words:
        return [TextGrew(sign) for sign in text]
    return [CallBegun(0, PLAN_FUNCTION), *(ArgumentsGrew(0, sign) for sign in text)]


def in_order(sketches: list[Sketch]) -> tuple[list[JsonValue], Counter[str]]:
    """Return the values of steps that run one after the other, and how often each tool is called."""
    numbers, calls = Counter[str](), Counter[str]()
    values: dict[str, Any] = {}

    def number(of: Of) -> int:
        value = values[of.name]
        return len(value or ()) if sketches[int(of.name[1:])].each is not None else value["number"] if value else 0

    def call(tool: str, given: int) -> dict[str, int]:
        server, _, kind = tool.partition("__")
        numbers[server] += kind == "write"
        calls[tool] += 1
        return {"number": numbers[server], "given": given}

    for place, sketch in enumerate(sketches):
        needs = [sketch.n if sketch.each is None else sketch.each]
        is_skipped = any(isinstance(one, Of) and values[one.name] is None for one in needs)
        runs = number(sketch.when) == 1 if isinstance(sketch.when, Of) else sketch.when in {None, True}
        if is_skipped or not runs:
            values[f"s{place}"] = None
        elif sketch.each is None:
            given = number(sketch.n) if isinstance(sketch.n, Of) else sketch.n
            values[f"s{place}"] = call(sketch.tool, given)
        else:
            items = range(6)[: number(sketch.each)] if isinstance(sketch.each, Of) else sketch.each
            values[f"s{place}"] = [call(sketch.tool, item) for item in items]
    return list(values.values()), calls


@pytest.mark.slow
@given(plans(), st.lists(st.integers(0, 4), max_size=6), LIMITS, st.booleans(), st.data())
@settings(max_examples=200, deadline=None)
def test_early_start_changes_nothing_but_time(
    sketches: list[Sketch],
    delays: list[int],
    limits: Limits,
    in_words: bool,  # noqa: FBT001 - drawn
    data: st.DataObject,
) -> None:
    """The values are those of one step after the other, whatever began early and however often a stream was lost."""
    text = json.dumps({"steps": written(sketches)})
    reply = calling((PLAN_FUNCTION, json.loads(text)))
    lost = data.draw(st.none() | st.integers(0, len(text)))
    pieces = grown(text, in_words=in_words)
    begun = [] if lost is None else [*pieces[:lost], StreamLost()]
    values, calls = in_order(sketches)

    async def both() -> None:
        for early in (False, True):
            record, tools = await played(Streamed([*begun, *pieces], reply), delays, replace(limits, early_start=early))
            assert record.status == "ok"
            assert [step.value for step in record.steps] == values
            assert Counter(call.tool for call in tools.calls) == calls
            assert {step.attempts for step in record.steps if step.status == "succeeded"} <= {1}
            assert (record.notes, record.begun) == ([], [])
            assert max(tools.most_at_once.values(), default=0) <= limits.parallel_run

    anyio.run(both)


@pytest.mark.slow
@given(plans(), plans(), st.lists(st.integers(0, 4), max_size=6), LIMITS, st.booleans())
@settings(max_examples=200, deadline=None)
def test_plan_that_ends_otherwise(
    begins: list[Sketch],
    sketches: list[Sketch],
    delays: list[int],
    limits: Limits,
    in_words: bool,  # noqa: FBT001 - drawn
) -> None:
    """Whatever was heard, the reply's own plan gives what it gives; only reads were made for nothing, and are told."""
    heard = grown(json.dumps({"steps": written(begins)}), in_words=in_words)
    document: dict[str, Any] = {"steps": written(sketches)}
    reply = calling((PLAN_FUNCTION, document))
    values, wanted = in_order(sketches)

    async def run() -> None:
        record, tools = await played(Streamed(heard, reply), delays, limits)
        assert record.status == "ok"
        assert [step.value for step in record.steps] == values
        made = Counter(call.tool for call in tools.calls)
        assert wanted <= made
        assert not [name for name in made - wanted if name.endswith("write")]
        told = Counter(read["tool"] for read in record.begun)
        assert made - wanted <= told
        assert bool(record.notes) is bool(told)

    anyio.run(run)
