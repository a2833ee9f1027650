"""The beginning of a plan, as a reply brings it step by step."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from pydantic import JsonValue

from batonmcp.core.early import EarlyCall, early_calls, early_plan
from batonmcp.core.plan import Plan
from batonmcp.core.prepare import Settled
from batonmcp.core.registry import Registry
from batonmcp.stages.begun import Begun, first
from batonmcp.stages.begun_step import BegunStep, known
from batonmcp.stages.ports import Ports
from batonmcp.stages.task import Task

__all__ = ["Begin", "Beginning"]

Begin: TypeAlias = Callable[[EarlyCall, Callable[[], None]], Begun | None]
"""Makes a call, and something when it has been answered; None if it cannot be made now."""


class Beginning:
    """The steps of a plan so far, of which those begin that may.

    A step that takes data from others, or hangs on them, starts when those have been answered that it takes it from, if
    they are early themselves; one with a `for_each` starts its items in their order, so many at a time as any. What an
    earlier reply began already is not begun again.

    Args:
        begin: Makes the calls.
        before: What has begun already, to which whoever makes the calls adds.
        registry: The tools that the plan may use.
        task: What is asked.
        ports: What the run works with.
    """

    def __init__(self, begin: Begin, before: Sequence[Begun], registry: Registry, task: Task, ports: Ports) -> None:
        self._begin = begin
        self._before = before
        self._registry = registry
        self._task = task
        self._ports = ports
        self._steps: list[JsonValue] = []
        self._plan: Plan | None = None
        self._begun: dict[int, BegunStep] = {}
        self._unclaimed = list(before)

    def add(self, step: JsonValue) -> None:
        """Take the next step."""
        self._steps.append(step)
        self._plan = early_plan(self._steps, self._registry, policy=self._ports.policy, limits=self._ports.limits)
        self._go_on()

    def lose(self) -> None:
        """Forget the steps: their reply is over, or has failed."""
        self._steps.clear()
        self._plan = None
        self._begun.clear()
        self._unclaimed = list(self._before)

    def _go_on(self) -> None:
        """Begin whatever may begin now."""
        plan = self._plan
        for place in range(len(plan.steps) if plan else 0):
            if plan and place not in self._begun and (step := self._open(plan, place)):
                self._begun[place] = step
            if place in self._begun:
                self._begin_calls(self._begun[place])

    def _open(self, plan: Plan, place: int) -> BegunStep | None:
        """Return a step with its calls; None if they may not be made, or are not known."""
        outcomes = known({plan.steps[at].id: begun for at, begun in self._begun.items()})
        settled = Settled(plan=plan, outcomes=outcomes, inputs=self._task.inputs)
        calls = early_calls(plan.steps[place], settled, limits=self._ports.limits)
        return calls and BegunStep(step=plan.steps[place], calls=calls)

    def _begin_calls(self, step: BegunStep) -> None:
        for item, call in step.rest():
            begun = self._of(call) if step.running < self._ports.limits.parallel_items else None
            if begun is None:
                return
            step.items[item] = begun

    def _of(self, call: EarlyCall) -> Begun | None:
        """Return what makes a call: one that has begun already, else a new one."""
        if found := first(self._unclaimed, call):
            self._unclaimed.remove(found)
            return found
        return self._begin(call, self._go_on)
