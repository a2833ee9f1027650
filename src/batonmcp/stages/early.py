"""Early start: calls that begin while their plan is being written, and what becomes of them when it is whole."""

from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager

import anyio
from anyio.abc import TaskGroup
from pydantic import JsonValue

from batonmcp.core.caller import Caller
from batonmcp.core.early import EarlyCall, early_call, early_call_of, may_be_early
from batonmcp.core.errors import BatonError
from batonmcp.core.events import StepFinished, StepStarted
from batonmcp.core.outcome import Cancelled
from batonmcp.core.plan import Plan
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
        taken: Those that the plan takes over, by step.
    """

    def __init__(self, task: Task, ports: Ports, caller: Caller, tasks: TaskGroup | None) -> None:
        self.taken: Mapping[str, Begun] = {}
        self._task = task
        self._ports = ports
        self._caller = caller
        self._tasks = tasks
        self._begun: list[Begun] = []

    def beginning(self, registry: Registry) -> "Beginning | None":
        """Return what hears of the steps of the next reply; None where none of these tools could begin early."""
        if self._tasks is None or not any(map(may_be_early, registry)):
            return None
        return Beginning(self._next_call(registry), self._begin, self._begun)

    def settle(self, plan: Plan) -> None:
        """Have a valid plan take over what it still holds, once each, and stop the rest."""
        left = list(self._begun)
        taken: dict[str, Begun] = {}
        for step in plan.steps:
            call = early_call(step, self._task.inputs, limits=self._ports.limits)
            if call and (found := _first(left, call)):
                taken[step.id] = found
                left.remove(found)
        self.taken = taken
        for begun in left:
            begun.stop()

    def stop(self) -> None:
        """Stop what has not been answered."""
        for begun in self._begun:
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
        strays = [begun for begun in self._begun if begun not in self.taken.values()]
        if not strays:
            return None
        told = ", ".join(f"{one.call.tool.qualified} ({'answered' if one.outcome else 'stopped'})" for one in strays)
        return f"These reads had begun while the plan was being written, which does not hold them after all: {told}."

    def _next_call(self, registry: Registry) -> Callable[[Sequence[JsonValue]], EarlyCall | None]:
        ports, inputs = self._ports, self._task.inputs

        def next_call(steps: Sequence[JsonValue]) -> EarlyCall | None:
            return early_call_of(steps, registry, policy=ports.policy, limits=ports.limits, inputs=inputs)

        return next_call

    def _begin(self, call: EarlyCall) -> None:
        if self._tasks is None or len(self._begun) >= self._ports.limits.parallel_run:
            return
        begun = Begun(call, self._ports.clock())
        self._begun.append(begun)
        self._tasks.start_soon(begun.run, self._ports, self._caller, name=call.tool.qualified)


class Beginning:
    """The beginning of a plan, as a reply brings it step by step.

    What an earlier reply began already is not begun again.

    Args:
        next_call: Returns the call of the last of some steps, if it may be made.
        begin: Makes it.
        begun: What has begun.
    """

    def __init__(
        self,
        next_call: Callable[[Sequence[JsonValue]], EarlyCall | None],
        begin: Callable[[EarlyCall], None],
        begun: Sequence[Begun],
    ) -> None:
        self._next_call = next_call
        self._begin = begin
        self._begun = begun
        self._steps: list[JsonValue] = []
        self._unclaimed = list(begun)

    def add(self, step: JsonValue) -> None:
        """Take the next step."""
        self._steps.append(step)
        call = self._next_call(self._steps)
        if call is None:
            return
        if found := _first(self._unclaimed, call):
            self._unclaimed.remove(found)
        else:
            self._begin(call)

    def lose(self) -> None:
        """Forget the steps: another reply comes in place of this one."""
        self._steps.clear()
        self._unclaimed = list(self._begun)


def _first(begun: Sequence[Begun], call: EarlyCall) -> Begun | None:
    return next((one for one in begun if one.call.key == call.key), None)
