"""Plans with tools that only sleep, recorded ones and made-up ones, for engine.py."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

import anyio
import anyio.lowlevel
from engine_clock import Clock
from engine_plans import layered_document, plan_registry
from pydantic import JsonValue

from batonmcp.core.caller import NOBODY, Caller
from batonmcp.core.check import check
from batonmcp.core.effect import Effect
from batonmcp.core.errors import ErrorInfo
from batonmcp.core.limits import Limits
from batonmcp.core.names import qualified_name
from batonmcp.core.outcome import Failed, Succeeded
from batonmcp.core.plan import Plan
from batonmcp.core.registry import Registry
from batonmcp.core.schema import Schema
from batonmcp.core.tool import Tool
from batonmcp.stages.ports import Tools
from doubles.replay import reads
from recorded_plans import RecordedPlan, RecordedStep, as_document, exact

__all__ = ["MADE_UP", "REAL_S", "STRESS_S", "Case", "Pace", "SleepingTools", "made_up_case", "recorded_case"]

# Assumptions: a call takes a time of its own, drawn log-normally; the same call takes the same time in each run.
LATENCY_SIGMA = 0.7
REAL_S = 0.050  # the median of tools that look something up elsewhere, over a transport that itself takes 2 to 4 ms
STRESS_S = 0.010  # the median of the stress case: tools that hardly do anything
LEAST, MOST = 0.5, 5.0  # of the median
SPUN_S = 0.0015  # by the wall clock a sleep ends awake: the event loop's timer is up to a millisecond late
# End of the assumptions.

MADE_UP = "made up"
_Call: TypeAlias = tuple[JsonValue, Succeeded | Failed]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """By which clock a case runs, and the median of the time that its calls take."""

    clock: Clock
    median_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A plan, the time that the call of each of its steps takes, and the tools that take it."""

    plan: Plan
    latencies: Mapping[str, float]
    tools: "SleepingTools"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    outcome: Succeeded | Failed
    latency: float


class SleepingTools(Tools):
    """Tools that sleep, then answer what is known for exactly these arguments; others are a `KeyError`."""

    def __init__(self, registry: Registry, answers: Mapping[tuple[str, str], _Answer], clock: Clock) -> None:
        self._registry = registry
        self._answers = answers
        self._awake = SPUN_S if clock == "wall" else 0.0

    async def registry(self, servers: Sequence[str] | None = None) -> Registry:
        """Return the registry."""
        del servers
        await anyio.lowlevel.checkpoint()
        return self._registry

    async def call(
        self, tool: Tool, arguments: dict[str, JsonValue], *, within: float, caller: Caller = NOBODY
    ) -> Succeeded | Failed:
        """Take the time of this call, not less and hardly more; looking it up is a part of it."""
        del within, caller
        began = anyio.current_time()
        answer = self._answers[tool.qualified, exact(arguments)]
        await anyio.sleep(answer.latency - self._awake)
        while anyio.current_time() < began + answer.latency:
            await anyio.lowlevel.checkpoint()
        return answer.outcome


def _latency(case: str, tool: str, arguments: str, median_s: float) -> float:
    drawn = Random(f"{case} {tool} {arguments}").lognormvariate(0, LATENCY_SIGMA)  # noqa: S311 - a simulation
    return median_s * min(max(drawn, LEAST), MOST)


def _case(name: str, plan: Plan, registry: Registry, calls: Mapping[str, _Call], pace: Pace) -> Case:
    """Give each step of a plan its latency; `calls` are the arguments and the outcome of each."""
    latencies: dict[str, float] = {}
    answers: dict[tuple[str, str], _Answer] = {}
    for step in plan.steps:
        sent, outcome = exact(calls[step.id][0]), calls[step.id][1]
        latencies[step.id] = _latency(name, step.tool.qualified, sent, pace.median_s)
        answers[step.tool.qualified, sent] = _Answer(outcome=outcome, latency=latencies[step.id])
    return Case(plan=plan, latencies=latencies, tools=SleepingTools(registry, answers, pace.clock))


def recorded_case(recorded: RecordedPlan, limits: Limits, pace: Pace) -> Case:
    """Return a recorded plan; its tools answer exactly the recorded calls."""
    registry = Registry.of((), {_name(step): _recorded_tool(step) for step in recorded.steps}.values())
    plan = check(as_document(recorded), registry, limits=limits, by_model=False)
    # Where the same call was answered differently, the last answer stands for all.
    same: dict[tuple[str, str], _Call] = {
        (_name(step), exact(step.arguments)): (step.arguments, _outcome(step)) for step in recorded.steps
    }
    calls = {step.id: same[_name(step), exact(step.arguments)] for step in recorded.steps}
    return _case(recorded.id, plan, registry, calls, pace)


def made_up_case(number: int, limits: Limits, pace: Pace) -> Case:
    """Return one of the plans in layers, as long as a plan may be, with writes among the reads."""
    made = layered_document(limits.steps, seed=f"{MADE_UP} {number}", writes=True)
    registry = plan_registry()
    plan = check(made.document, registry, limits=limits, by_model=False)
    calls: dict[str, _Call] = {name: (sent, Succeeded(value=value)) for name, (sent, value) in made.calls.items()}
    return _case(f"{MADE_UP} {number}", plan, registry, calls, pace)


def _name(step: RecordedStep) -> str:
    return qualified_name(step.server, step.tool)


def _recorded_tool(step: RecordedStep) -> Tool:
    kind = "read" if reads(step.tool) else "write"
    return Tool(
        qualified=_name(step),
        server=step.server,
        name=step.tool,
        agent=step.server,
        description="",
        input_schema=Schema({"type": "object"}),
        output_schema=None,
        effect=Effect(kind=kind, source="declared", idempotent=kind == "read", open_world=False),
    )


def _outcome(step: RecordedStep) -> Succeeded | Failed:
    if step.is_error:
        return Failed(error=ErrorInfo(kind="tool_error", message="It failed when it was recorded."))
    return Succeeded(value=step.result)
