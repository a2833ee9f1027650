"""Early start: calls that begin while their plan is being written, and what becomes of them when it is whole."""

from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager

import anyio
from anyio.abc import TaskGroup
from pydantic import JsonValue

from batonmcp.core.caller import Caller
from batonmcp.core.early import EarlyCall, early_call, early_plan, may_be_early
from batonmcp.core.errors import BatonError
from batonmcp.core.events import StepFinished, StepStarted
from batonmcp.core.outcome import Cancelled, Outcome, Succeeded
from batonmcp.core.plan import Plan
from batonmcp.core.prepare import Settled
from batonmcp.core.registry import Registry
from batonmcp.stages.begun import Begun
from batonmcp.stages.ports import Ports
from batonmcp.stages.task import Task

__all__ = ["Beginning", "Early", "early_start"]


@asynccontextmanager
async def early_start(task: Task, ports: Ports, caller: Caller) -> AsyncGenerator["Early"]:
    """Yield the early start of one run; what it began ends with it."""
    if not ports.limits.early_start or task.output == "plan" or ports.policy.asks_about_everything:
        yield Early(task, ports, caller, None)
        return
    failure: BatonError | None = None
    async with anyio.create_task_group() as tasks:
        early = Early(task, ports, caller, tasks)
        try:
            yield early
        except BatonError as error:  # which the task group would wrap
            failure = error
        finally:
            early.stop()
    if failure:
        raise failure


class Early:
    """The calls of one run that begin before its plan is whole.

    Args:
        task: What is asked.
        ports: What the run works with.
        caller: On whose behalf calls are made.
        tasks: Where they run; None: nothing begins early.

    Attributes:
        begun: All that have begun.
        taken: Those that the plan takes over, by step.
    """

    def __init__(self, task: Task, ports: Ports, caller: Caller, tasks: TaskGroup | None) -> None:
        self.begun: list[Begun] = []
        self.taken: Mapping[str, Begun] = {}
        self._task = task
        self._ports = ports
        self._caller = caller
        self._tasks = tasks
        self._settled = False

    def beginning(self, registry: Registry) -> "Beginning | None":
        """Return what hears of the steps of the next reply; None where none of these tools could begin early."""
        if self._tasks is None or not any(map(may_be_early, registry)):
            return None
        return Beginning(self, registry, self._task, self._ports)

    def settle(self, plan: Plan) -> None:
        """Have a valid plan take over what it still holds, once each, and stop the rest."""
        self._settled = True
        left = list(self.begun)
        taken: dict[str, Begun] = {}
        for step in plan.steps if left else ():
            known = Settled(plan=plan, outcomes=_succeeded(taken), inputs=self._task.inputs)
            call = early_call(step, known, limits=self._ports.limits)
            if call and (found := _first(left, call)):
                taken[step.id] = found
                left.remove(found)
        self.taken = taken
        for begun in left:
            begun.stop()

    def begin(self, call: EarlyCall, then: Callable[[], None]) -> Begun | None:
        """Make a call, and something when it has been answered; None if it cannot be made now."""
        if self._tasks is None or self._settled or len(self.begun) >= self._ports.limits.parallel_run:
            return None
        begun = Begun(call, self._ports.clock())
        self.begun.append(begun)
        self._tasks.start_soon(self._run, begun, then, name=call.tool.qualified)
        return begun

    async def _run(self, begun: Begun, then: Callable[[], None]) -> None:
        await begun.run(self._ports, self._caller)
        then()

    def stop(self) -> None:
        """Stop what has not been answered."""
        for begun in self.begun:
            begun.stop()

    def told(self) -> Iterator[StepStarted | StepFinished]:
        """Yield what became of what the plan took over, where it does not run."""
        for step_id, begun in self.taken.items():
            begun.stop()
            outcome = begun.outcome or Cancelled(because="the plan was not run")
            yield StepStarted(step_id=step_id, arguments=[begun.call.arguments], per_item=False, at=begun.started)
            yield StepFinished(step_id=step_id, outcome=outcome, at=begun.ended)

    @property
    def names(self) -> Sequence[str]:
        """The tools of what the plan takes over."""
        return list(dict.fromkeys(begun.call.tool.qualified for begun in self.taken.values()))

    @property
    def note(self) -> str | None:
        """Say what began for nothing; None if nothing did."""
        strays = [begun for begun in self.begun if begun not in self.taken.values()]
        if not strays:
            return None
        told = ", ".join(f"{one.call.tool.qualified} ({'answered' if one.outcome else 'stopped'})" for one in strays)
        return f"These reads had begun while the plan was being written, which does not hold them after all: {told}."


class Beginning:
    """The beginning of a plan, as a reply brings it step by step.

    A step that takes data from others starts when those have been answered that it takes it from, if they are early
    themselves. What an earlier reply began already is not begun again.

    Args:
        early: Makes the calls.
        registry: The tools that the plan may use.
        task: What is asked.
        ports: What the run works with.
    """

    def __init__(self, early: Early, registry: Registry, task: Task, ports: Ports) -> None:
        self._early = early
        self._registry = registry
        self._task = task
        self._ports = ports
        self._steps: list[JsonValue] = []
        self._plan: Plan | None = None
        self._begun: dict[int, Begun] = {}
        self._unclaimed = list(early.begun)

    def add(self, step: JsonValue) -> None:
        """Take the next step."""
        self._steps.append(step)
        self._plan = early_plan(self._steps, self._registry, policy=self._ports.policy, limits=self._ports.limits)
        self._go_on()

    def lose(self) -> None:
        """Forget the steps: another reply comes in place of this one."""
        self._steps.clear()
        self._plan = None
        self._begun.clear()
        self._unclaimed = list(self._early.begun)

    def _go_on(self) -> None:
        """Begin whatever may begin now."""
        plan = self._plan
        for place, step in enumerate(plan.steps if plan else ()):
            if plan and place not in self._begun:
                named = {plan.steps[at].id: begun for at, begun in self._begun.items()}
                known = Settled(plan=plan, outcomes=_succeeded(named), inputs=self._task.inputs)
                call = early_call(step, known, limits=self._ports.limits)
                begun = call and self._of(call)
                if begun:
                    self._begun[place] = begun

    def _of(self, call: EarlyCall) -> Begun | None:
        """Return what makes a call: one that has begun already, else a new one."""
        if found := _first(self._unclaimed, call):
            self._unclaimed.remove(found)
            return found
        return self._early.begin(call, self._go_on)


def _succeeded(begun: Mapping[str, Begun]) -> dict[str, Outcome]:
    return {name: one.outcome for name, one in begun.items() if isinstance(one.outcome, Succeeded)}


def _first(begun: Sequence[Begun], call: EarlyCall) -> Begun | None:
    return next((one for one in begun if one.call.key == call.key), None)
