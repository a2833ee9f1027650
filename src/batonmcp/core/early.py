"""Early start: which steps may start while the plan that they belong to is still being written.

Only what can do no harm whatever comes after it: calls that read, within their own server, that nobody is asked about,
and that wait for nothing but others of the kind. All other steps wait for the whole plan.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from batonmcp.core.check import check
from batonmcp.core.errors import PlanInvalid
from batonmcp.core.limits import Limits
from batonmcp.core.plan import Plan, Step
from batonmcp.core.policy import Policy, judge
from batonmcp.core.prepare import Calls, Settled, prepare
from batonmcp.core.registry import Registry
from batonmcp.core.tool import Tool

__all__ = ["EarlyCall", "early_calls", "early_plan", "may_be_early"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyCall:
    """A call that may be made before its plan is whole."""

    tool: Tool
    arguments: dict[str, JsonValue]

    @property
    def key(self) -> tuple[str, str]:
        """The same for two calls that are the same; numbers and truth values are told apart."""
        return self.tool.qualified, json.dumps(self.arguments, sort_keys=True)


def may_be_early(tool: Tool) -> bool:
    """Whether calls of a tool may be made before their plan is whole: it reads, and no further than its own server."""
    return tool.effect.kind == "read" and not tool.effect.open_world


def early_plan(beginning: Sequence[JsonValue], registry: Registry, *, policy: Policy, limits: Limits) -> Plan | None:
    """Return the plan that the steps with which a plan begins make by themselves, None if none of it may start.

    Args:
        beginning: The steps as a model wrote them.
        registry: The tools that the plan may use.
        policy: What may run. Where all of it is asked about, or something so far may not run, nothing is early.
        limits: Bounds that the plan must keep.
    """
    if policy.asks_about_everything:
        return None
    try:
        plan = check({"steps": list(beginning)}, registry, limits=limits, by_model=True)
    except PlanInvalid:
        return None
    judgement = judge(plan, policy)
    asked = any(may_be_early(concern.step.tool) for concern in judgement.asked)
    return None if judgement.denied or asked else plan


def early_calls(step: Step, settled: Settled, *, limits: Limits) -> Calls | None:
    """Return the calls of a step if they are such that may be, or may have been, made before its plan is whole.

    Args:
        step: A step of a plan, or of the beginning of one.
        settled: What is known so far: of the steps before it, only those that were early themselves and succeeded.
        limits: Bounds of the calls.
    """
    if not may_be_early(step.tool) or any(wait.step not in settled.outcomes for wait in step.waits):
        return None
    decision = prepare(step, settled, limits=limits)
    return decision if isinstance(decision, Calls) else None
