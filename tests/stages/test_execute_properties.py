"""Execute, whatever the plan: random steps, effects, times, failures and cancels, on a virtual clock."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import anyio
import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue
from trio.testing import MockClock

from batonmcp.core.caller import NOBODY, Caller
from batonmcp.core.effect import EffectKind
from batonmcp.core.errors import ErrorInfo
from batonmcp.core.events import Event, StepFinished, StepStarted
from batonmcp.core.limits import Limits
from batonmcp.core.outcome import Failed, Outcome, Succeeded, status_of
from batonmcp.core.plan import Plan
from batonmcp.core.registry import Registry
from batonmcp.core.tool import Tool
from batonmcp.stages.execute import execute
from batonmcp.stages.ports import Tools
from builders import plan_of, registry, tool

EFFECTS: tuple[EffectKind, ...] = ("read", "write", "destructive")
KNOWN: Registry = registry(*(tool(f"{server}__{effect}", effect=effect) for server in "ab" for effect in EFFECTS))
IDS = [f"s{number}" for number in range(8)]
LIMITS = Limits(run_timeout=60)


@dataclass(frozen=True)
class Case:
    """A plan, and for each step how long its call takes and whether it fails."""

    document: dict[str, JsonValue]
    seconds: Mapping[str, float]
    failing: frozenset[str]

    @property
    def plan(self) -> Plan:
        """The plan, as a host wrote it."""
        return plan_of(self.document, KNOWN)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Draw a plan of up to eight steps that name earlier ones in every way there is."""
    ids = IDS[: draw(st.integers(1, len(IDS)))]
    steps: list[JsonValue] = []
    for place, name in enumerate(ids):
        earlier = st.sets(st.sampled_from(ids[:place]), max_size=3).map(sorted) if place else st.just(list[str]())
        effect = draw(st.sampled_from(EFFECTS))
        step: dict[str, JsonValue] = {"id": name, "tool": f"{draw(st.sampled_from('ab'))}__{effect}"}
        values: list[JsonValue] = [{"$from": other} for other in draw(earlier)]
        step["arguments"] = {"step": name, "values": values}
        step["after"] = list(draw(earlier))
        step["on_error"] = draw(st.sampled_from(("stop", "continue")))
        step["independent"] = effect == "write" and draw(st.booleans())
        if place and draw(st.booleans()):
            step["when"] = f"{draw(st.sampled_from(ids[:place]))} != 'x'"
        steps.append(step)
    seconds = {name: draw(st.sampled_from((0.0, 1.0, 2.0, 5.0))) for name in ids}
    return Case({"steps": steps}, seconds, frozenset(draw(st.sets(st.sampled_from(ids)))))


@dataclass
class Seen(Tools):
    """Tools that take their time, and keep when each call was under way."""

    case: Case
    calls: dict[str, tuple[float, float]] = field(default_factory=dict[str, tuple[float, float]])
    begun: list[str] = field(default_factory=list[str])

    async def registry(self, servers: Sequence[str] | None = None) -> Registry:
        """Return what is known."""
        del servers
        return KNOWN

    async def call(
        self, tool: Tool, arguments: dict[str, JsonValue], *, within: float, caller: Caller = NOBODY
    ) -> Succeeded | Failed:
        """Take a step's time, then fail or answer with its name."""
        del tool, within, caller
        name = str(arguments["step"])
        began = anyio.current_time()
        self.begun.append(name)
        try:
            await anyio.sleep(self.case.seconds[name])
        finally:
            self.calls[name] = (began, anyio.current_time())
        if name in self.case.failing:
            return Failed(error=ErrorInfo(kind="tool_error", message=f"{name} broke."))
        return Succeeded(value=name)


@dataclass
class Told:
    """What a run told, with the time of each event."""

    events: list[tuple[float, Event]] = field(default_factory=list[tuple[float, Event]])

    def __call__(self, event: Event) -> None:
        """Take an event."""
        self.events.append((anyio.current_time(), event))

    def times(self, kind: type[StepStarted] | type[StepFinished]) -> dict[str, float]:
        """When each step started or finished."""
        return {event.step_id: at for at, event in self.events if isinstance(event, kind)}


async def run(case: Case, seen: Seen, told: Told, *, cancel_at: float | None = None) -> Mapping[str, Outcome]:
    """Execute a case, cancelled after so many seconds if it is still going then."""
    plan = case.plan
    with anyio.move_on_after(cancel_at):
        return await execute(plan, tools=seen, inputs={}, limits=LIMITS, emit=told)
    return {}


def play(case: Case, *, cancel_at: float | None = None) -> tuple[Seen, Told, Mapping[str, Outcome]]:
    """Execute a case on a virtual clock of its own, which jumps whenever nothing is left to do."""
    seen, told = Seen(case), Told()
    clock = MockClock(autojump_threshold=0)
    outcomes = trio.run(partial(run, case, seen, told, cancel_at=cancel_at), clock=clock)
    return seen, told, outcomes


def hazards(plan: Plan) -> list[tuple[str, str]]:
    """Return the pairs of steps that must not overlap: one server, not both reading, the order not lifted."""
    pairs: list[tuple[str, str]] = []
    for place, one in enumerate(plan.steps):
        for other in plan.steps[place + 1 :]:
            kinds = {one.tool.effect.kind, other.tool.effect.kind}
            lifted = (one.independent or other.independent) and "destructive" not in kinds
            if one.tool.server == other.tool.server and kinds != {"read"} and not lifted:
                pairs.append((one.id, other.id))
    return pairs


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(cases())
def test_every_step_settles_once_and_in_order(case: Case) -> None:
    """Each step settles exactly once, none before what it waits for, and hazardous steps never overlap."""
    plan = case.plan
    seen, told, outcomes = play(case)
    finished = Counter(event.step_id for _, event in told.events if isinstance(event, StepFinished))
    assert finished == Counter(step.id for step in plan.steps)
    assert set(outcomes) == set(finished)
    assert len(seen.begun) == len(set(seen.begun))
    ends, starts = told.times(StepFinished), told.times(StepStarted)
    for step in plan.steps:
        for wait in step.waits:
            assert ends[wait.step] <= min(starts.get(step.id, ends[step.id]), ends[step.id])
    for one, other in hazards(plan):
        if one in seen.calls and other in seen.calls:
            assert seen.calls[one][1] <= seen.calls[other][0]


@settings(max_examples=100, deadline=None)
@given(cases())
def test_a_step_starts_the_moment_it_may(case: Case) -> None:
    """No step waits longer than for the last thing that it waits for: there is no level barrier and no polling."""
    plan = case.plan
    _, told, _ = play(case)
    ends, starts = told.times(StepFinished), told.times(StepStarted)
    began = min(at for at, _ in told.events)
    for step in plan.steps:
        if step.id in starts:
            assert starts[step.id] == max((ends[wait.step] for wait in step.waits), default=began)


@settings(max_examples=100, deadline=None)
@given(cases(), st.floats(0, 20))
def test_nothing_starts_after_a_cancel(case: Case, cancel_at: float) -> None:
    """A cancel at any time settles every step once, and no call begins after it."""
    plan = case.plan
    seen, told, outcomes = play(case, cancel_at=cancel_at)
    finished = Counter(event.step_id for _, event in told.events if isinstance(event, StepFinished))
    assert finished == Counter(step.id for step in plan.steps)
    began = min((at for at, _ in told.events), default=0.0)
    assert all(start <= began + cancel_at for start, _ in seen.calls.values())
    if not outcomes:
        last = {event.step_id: event.outcome for _, event in told.events if isinstance(event, StepFinished)}
        running = [name for name, (start, end) in seen.calls.items() if end - start < case.seconds[name]]
        writes = {step.id for step in plan.steps if step.tool.effect.kind != "read"}
        assert {name: status_of(last[name]) for name in running} == {
            name: "unknown" if name in writes else "cancelled" for name in running
        }


@settings(max_examples=60, deadline=None)
@given(cases())
def test_the_same_plan_over_the_same_results_gives_the_same_run(case: Case) -> None:
    """Calls, values and outcomes do not depend on which task the loop happens to run first."""
    one, _, first = play(case)
    other, _, second = play(case)
    assert first == second
    assert one.calls.keys() == other.calls.keys()
