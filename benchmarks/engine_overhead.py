"""What the engine itself costs for each step of a plan: the second part of engine.py."""

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import anyio
import anyio.lowlevel
from engine_plans import SHAPES, Made, plan_registry, shaped
from pydantic import JsonValue

from batonmcp.core.caller import NOBODY, Caller
from batonmcp.core.check import check
from batonmcp.core.events import Emit, Event, PlanReady
from batonmcp.core.limits import Limits
from batonmcp.core.outcome import Succeeded
from batonmcp.core.plan import Plan
from batonmcp.core.recorder import Recorder
from batonmcp.core.registry import Registry
from batonmcp.core.tool import Tool
from batonmcp.stages.execute import execute
from batonmcp.stages.ports import Tools

__all__ = ["SIZES", "Cost", "InstantTools", "Row", "measure"]

# Assumptions: the sizes, and how many steps are measured of each, in as many runs as that takes; the least counts.
SIZES = (10, 100, 1_000, 2_000)
STEPS_MEASURED = 5_000
FEWEST_RUNS, MOST_RUNS = 6, 50
# End of the assumptions.

_MICRO = 1e6


class InstantTools(Tools):
    """Tools that answer at once: `{"v": n}` for the argument `n`."""

    async def registry(self, servers: Sequence[str] | None = None) -> Registry:
        """Return the registry."""
        del servers
        await anyio.lowlevel.checkpoint()
        return plan_registry()

    async def call(
        self, tool: Tool, arguments: dict[str, JsonValue], *, within: float, caller: Caller = NOBODY
    ) -> Succeeded:
        """Answer."""
        del tool, within, caller
        return Succeeded(value={"v": arguments["n"]})


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a step of a plan of one shape and size costs, in microseconds of processor time.

    Attributes:
        execute: To run it, with the record of the run kept.
        silent: To run it, nobody listening.
        check: To validate it.
        task: To start a task that does nothing, and see it end: the floor of whatever runs each step in a task.
        waits: How many other steps it waits for.
    """

    execute: float
    silent: float
    check: float
    task: float
    waits: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The costs of one shape, by size."""

    shape: str
    costs: Mapping[int, Cost]


def measure(sizes: Sequence[int], *, runs: int | None = None) -> list[Row]:
    """Measure each shape in each size; so often, or as often as the size deserves."""
    registry = plan_registry()
    return [
        Row(shape=shape, costs={size: _cost(shaped(shape, size), registry, size, runs) for size in sizes})
        for shape in SHAPES
    ]


def _cost(made: Made, registry: Registry, steps: int, runs: int | None) -> Cost:
    limits = Limits(steps=steps, depth=steps, run_timeout=600.0)
    validate = partial(check, made.document, registry, limits=limits, by_model=False)
    plan = validate()
    checks: list[float] = []
    recorded: list[float] = []
    silent: list[float] = []
    tasks: list[float] = []
    for _ in range(runs or min(max(STEPS_MEASURED // steps, FEWEST_RUNS), MOST_RUNS)):
        checks.append(_time_check(validate))
        recorder = Recorder(time.monotonic)
        recorder(PlanReady(plan=plan))
        recorded.append(anyio.run(_time, plan, limits, recorder))
        silent.append(anyio.run(_time, plan, limits, _nobody))
        tasks.append(anyio.run(_time_tasks, steps))
    return Cost(
        execute=min(recorded) / steps * _MICRO,
        silent=min(silent) / steps * _MICRO,
        check=min(checks) / steps * _MICRO,
        task=min(tasks) / steps * _MICRO,
        waits=sum(len(step.waits) for step in plan.steps) / steps,
    )


def _time_check(validate: Callable[[], object]) -> float:
    gc.collect()  # nobody pays for what the one before left; nor do they below
    began = time.process_time()
    validate()
    return time.process_time() - began


async def _time(plan: Plan, limits: Limits, emit: Emit) -> float:
    tools = InstantTools()
    gc.collect()
    began = time.process_time()
    outcomes = await execute(plan, tools=tools, inputs={}, limits=limits, emit=emit)
    took = time.process_time() - began
    if not all(isinstance(outcome, Succeeded) for outcome in outcomes.values()):
        message = f"a step did not succeed: {outcomes}"
        raise RuntimeError(message)
    return took


async def _time_tasks(count: int) -> float:
    gc.collect()
    began = time.process_time()
    async with anyio.create_task_group() as tasks:
        for _ in range(count):
            tasks.start_soon(anyio.lowlevel.checkpoint)
    return time.process_time() - began


def _nobody(_event: Event) -> None:
    """Take no note."""
