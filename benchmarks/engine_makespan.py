"""How long a plan takes beside the time it must take, on calls that only sleep: the first part of engine.py."""

import heapq
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from statistics import median
from typing import TypeAlias

import anyio
from engine_cases import MADE_UP, REAL_S, STRESS_S, Case, Pace, made_up_case, recorded_case
from engine_clock import run_by

from batonmcp.core.events import PlanReady
from batonmcp.core.limits import Limits
from batonmcp.core.outcome import Failed, Outcome, Skipped
from batonmcp.core.plan import Plan, Step
from batonmcp.core.prepare import Calls, Settled, prepare
from batonmcp.core.recorder import Recorder
from batonmcp.stages.execute import execute
from recorded_plans import SOURCES, load_plans, plans_folder

__all__ = ["PACES", "WAYS", "Row", "Way", "ideal", "measure"]

# Assumptions: which plans are run.
MADE_UP_PLANS = 25  # each of as many steps as a plan may have, in layers, one step in five a write
PACES = {  # by which clock, how long a call takes in the middle, and one in how many plans
    Pace(clock="processor", median_s=STRESS_S): 1,
    Pace(clock="wall", median_s=REAL_S): 10,
    Pace(clock="wall", median_s=STRESS_S): 5,
}
# End of the assumptions.

Way: TypeAlias = Callable[[Case, Limits], Awaitable[Mapping[str, Outcome]]]

# The three ways. The plain ones share the decision about a step with batonmcp and keep no record.


async def _batonmcp(case: Case, limits: Limits) -> Mapping[str, Outcome]:
    recorder = Recorder(time.monotonic)
    recorder(PlanReady(plan=case.plan))
    return await execute(case.plan, tools=case.tools, inputs={}, limits=limits, emit=recorder)


async def _by_levels(case: Case, limits: Limits) -> Mapping[str, Outcome]:
    """Start a level once all of the one before it is over."""
    outcomes: dict[str, Outcome] = {}
    settled = Settled(plan=case.plan, outcomes=outcomes, inputs={})

    async def run(step: Step) -> None:
        outcomes[step.id] = await _settle(step, settled, case, limits)

    for level in _levels(case.plan):
        async with anyio.create_task_group() as tasks:
            for step in level:
                tasks.start_soon(run, step)
    return outcomes


async def _one_by_one(case: Case, limits: Limits) -> Mapping[str, Outcome]:
    outcomes: dict[str, Outcome] = {}
    settled = Settled(plan=case.plan, outcomes=outcomes, inputs={})
    for step in case.plan.steps:
        outcomes[step.id] = await _settle(step, settled, case, limits)
    return outcomes


WAYS: Mapping[str, Way] = {"batonmcp": _batonmcp, "levels": _by_levels, "sequential": _one_by_one}


async def _settle(step: Step, settled: Settled, case: Case, limits: Limits) -> Outcome:
    decided = prepare(step, settled, limits=limits)
    if not isinstance(decided, Calls):
        return decided
    (arguments,) = decided.arguments  # no plan here has a `for_each`
    if isinstance(arguments, Failed):
        return arguments
    return await case.tools.call(step.tool, arguments, within=limits.call_timeout)


def _levels(plan: Plan) -> Sequence[Sequence[Step]]:
    level: dict[str, int] = {}
    for step in plan.steps:
        level[step.id] = max((level[wait.step] + 1 for wait in step.waits), default=0)
    return [[step for step in plan.steps if level[step.id] == number] for number in range(max(level.values()) + 1)]


def ideal(plan: Plan, latencies: Mapping[str, float], width: int) -> float:
    """Return how long the plan takes if nothing but the calls takes time, at most `width` at the same time.

    That is the critical path unless `width` binds; then it is list scheduling in the order of the plan.
    """
    waits = {step.id: {wait.step for wait in step.waits} for step in plan.steps}
    running: list[tuple[float, int, str]] = []
    now, order = 0.0, count()
    while waits or running:
        for name in [name for name, open_ in waits.items() if not open_][: width - len(running)]:
            heapq.heappush(running, (now + latencies[name], next(order), name))
            del waits[name]
        now, _, over = heapq.heappop(running)
        for open_ in waits.values():
            open_.discard(over)
    return now


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The plans of one source.

    Attributes:
        source: Where they come from.
        steps: How many steps they have together.
        ideals: How long each would take at best.
        sums: How long the calls of each take together.
        makespans: How long each took, by way; the median of the runs.
    """

    source: str
    steps: int
    ideals: Sequence[float]
    sums: Sequence[float]
    makespans: Mapping[str, Sequence[float]]

    def ratios(self, way: str) -> list[float]:
        """Return the makespan of each plan over its ideal, the least first."""
        return sorted(made / best for made, best in zip(self.makespans[way], self.ideals, strict=True))

    @property
    def noise(self) -> float:
        """What sequential execution, which has next to nothing to do, took over the calls it made."""
        return sum(self.makespans["sequential"]) / sum(self.sums)

    def total(self, way: str) -> float:
        """Return the sum of the makespans over the sum of the ideals."""
        return sum(self.makespans[way]) / sum(self.ideals)


def measure(pace: Pace, *, runs: int, most: int | None) -> list[Row]:
    """Run the plans of each source, at most so many, one after the other, the ways taking turns."""
    limits = Limits()
    step = PACES[pace]
    sources: dict[str, list[Case]] = {}
    for source in SOURCES if plans_folder() else ():
        several = [plan for plan in load_plans(source) if len(plan.steps) > 1]
        sources[source] = [recorded_case(plan, limits, pace) for plan in several[::step][:most]]
    numbers = range(0, MADE_UP_PLANS, step)[:most]
    sources[MADE_UP] = [made_up_case(number, limits, pace) for number in numbers]
    return [run_by(pace.clock, partial(_row, source, cases, limits, runs)) for source, cases in sources.items()]


async def _row(source: str, cases: Sequence[Case], limits: Limits, runs: int) -> Row:
    for way in WAYS.values():
        await way(cases[0], limits)  # not counted
    times: dict[str, list[float]] = {name: [] for name in WAYS}
    for case in cases:
        of_case: dict[str, list[float]] = {name: [] for name in WAYS}
        for _ in range(runs):
            for name, way in WAYS.items():
                of_case[name].append(await _time(way, case, limits))
        for name, measured in of_case.items():
            times[name].append(median(measured))
    return Row(
        source=source,
        steps=sum(len(case.plan.steps) for case in cases),
        ideals=[ideal(case.plan, case.latencies, limits.parallel_run) for case in cases],
        sums=[sum(case.latencies.values()) for case in cases],
        makespans=times,
    )


async def _time(way: Way, case: Case, limits: Limits) -> float:
    began = anyio.current_time()
    outcomes = await way(case, limits)
    took = anyio.current_time() - began
    if outcomes.keys() != case.latencies.keys() or any(isinstance(end, Skipped) for end in outcomes.values()):
        message = f"not every step was called: {outcomes}"
        raise RuntimeError(message)
    return took
