"""Early start: calls that begin while their plan is being written, and what becomes of them when it is whole."""

from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from typing import Literal

import anyio
from anyio.abc import TaskGroup

from batonmcp.core.caller import Caller
from batonmcp.core.early import EarlyCall, early_calls, may_be_early
from batonmcp.core.errors import ErrorInfo
from batonmcp.core.events import Emit, ReadsBegun, StepFinished
from batonmcp.core.plan import Plan
from batonmcp.core.prepare import Settled
from batonmcp.core.reads import reads_in_words
from batonmcp.core.registry import Registry
from batonmcp.stages.beginning import Beginning
from batonmcp.stages.begun import Begun, first
from batonmcp.stages.begun_step import BegunStep, known
from batonmcp.stages.ports import Ports
from batonmcp.stages.task import Task

__all__ = ["Early", "early_start"]


@asynccontextmanager
async def early_start(task: Task, ports: Ports, caller: Caller, emit: Emit) -> AsyncGenerator["Early"]:
    """Yield the early start of one run, within which no error is raised; what it began ends with it."""
    if not ports.limits.early_start or task.output == "plan" or ports.policy.asks_about_everything:
        yield Early(task, ports, caller, emit, None)
        return
    async with anyio.create_task_group() as tasks:
        early = Early(task, ports, caller, emit, tasks)
        try:
            yield early
        finally:
            early.end()


class Early:
    """The calls of one run that begin before its plan is whole.

    Args:
        task: What is asked.
        ports: What the run works with.
        caller: On whose behalf calls are made.
        emit: Gets what becomes of them.
        tasks: Where they run; None: nothing begins early.
    """

    def __init__(self, task: Task, ports: Ports, caller: Caller, emit: Emit, tasks: TaskGroup | None) -> None:
        self._task = task
        self._ports = ports
        self._caller = caller
        self._emit = emit
        self._tasks = tasks
        self._begun: list[Begun] = []
        self._strays = self._begun
        self._steps: dict[str, BegunStep] = {}
        self._phase: Literal["open", "settled", "handed over", "ended"] = "open" if tasks else "ended"

    @property
    def has_begun(self) -> bool:
        """Whether anything has."""
        return bool(self._begun)

    @contextmanager
    def beginning(self, registry: Registry) -> Generator[Beginning | None]:
        """Yield what hears of the steps of one reply; None where none of these tools could begin early."""
        if self._tasks is None or not any(map(may_be_early, registry)):
            yield None
            return
        beginning = Beginning(self._begin, self._begun, registry, self._task, self._ports)
        try:
            yield beginning
        finally:
            beginning.lose()

    def settle(self, plan: Plan) -> None:
        """Have a valid plan take over what it still holds, once each, stop the rest, and tell of both."""
        if not self._begun:
            return
        self._phase = "settled"
        self._strays = list(self._begun)
        steps: dict[str, BegunStep] = {}
        for step in plan.steps:
            settled = Settled(plan=plan, outcomes=known(steps), inputs=self._task.inputs)
            if calls := early_calls(step, settled, limits=self._ports.limits):
                steps[step.id] = self._taken(BegunStep(step=step, calls=calls))
        self._steps = {step_id: step for step_id, step in steps.items() if step.items}
        for stray in self._strays:
            stray.stop()
        self._tell_reads()
        for step in self._steps.values():
            self._emit(step.begins())
        self._tell_steps()

    def hand_over(self) -> Mapping[str, BegunStep]:
        """Return the plan's steps that have begun, by id: from now on whoever runs the plan tells of them."""
        self._phase = "handed over"
        return self._steps

    def end(self) -> None:
        """Begin nothing more, stop what has not been answered, and tell of it as long as nobody else does."""
        for begun in self._begun:
            begun.stop()
        match self._phase:
            case "open":
                self._tell_reads()
            case "settled":
                self._tell_steps(because="the plan was not run")
            case "handed over" | "ended":
                return
        self._phase = "ended"

    def nothing_but(self, nothing: str) -> str:
        """Return `nothing`, which says that nothing was run, with what had begun all the same."""
        if not self._begun:
            return nothing
        return f"{nothing} but reads that began while the plan was being written ({_told(self._begun)})"

    def ended_with_nothing(self) -> str:
        """End it, and say that nothing was run, or what had begun all the same."""
        self.end()
        return self.nothing_but("Nothing was run")

    def admitted(self, error: ErrorInfo) -> ErrorInfo:
        """Return the error of a run that came to no plan, or whose plan was not run, with what had begun."""
        self.end()
        if self._phase == "handed over" or not self._begun:
            return error
        told = f"Reads had begun while the plan was being written: {_told(self._begun)}."
        return replace(error, message=f"{error.message} {told}")

    @property
    def note(self) -> str | None:
        """Say what began for nothing; None if nothing did."""
        if not self._strays:
            return None
        told = _told(self._strays)
        return f"These reads had begun while the plan was being written, which does not hold them after all: {told}."

    def _begin(self, call: EarlyCall, then: Callable[[], None]) -> Begun | None:
        """Make a call, and something when it has been answered; None if it cannot be made now."""
        if self._tasks is None or self._phase != "open" or len(self._begun) >= self._ports.limits.parallel_run:
            return None
        begun = Begun(call, self._ports.clock())
        self._begun.append(begun)
        self._tasks.start_soon(self._run, begun, then, name=call.tool.qualified)
        self._tell_reads()
        return begun

    async def _run(self, begun: Begun, then: Callable[[], None]) -> None:
        await begun.run(self._ports, self._caller)
        match self._phase:
            case "open":
                self._tell_reads()
                then()
            case "settled":
                self._tell_steps()
            case "handed over" | "ended":
                pass

    def _taken(self, step: BegunStep) -> BegunStep:
        """Have a step take over its first calls, as far as they have begun: whoever runs it goes on with the others."""
        for number, call in step.rest():
            begun = first(self._strays, call)
            if begun is None:
                break
            step.items[number] = begun
            self._strays.remove(begun)
        return step

    def _tell_reads(self) -> None:
        if self._begun:
            self._emit(ReadsBegun(reads=[(begun.call.tool.qualified, begun.status) for begun in self._strays]))

    def _tell_steps(self, because: str = "") -> None:
        """Tell of steps that have come to their end; with a reason, of all others that this is it."""
        for step in self._steps.values():
            outcome = step.end(because) if because else step.outcome
            if outcome and not step.told:
                step.told = True
                self._emit(StepFinished(step_id=step.step.id, outcome=outcome, at=step.ended))


def _told(reads: Iterable[Begun]) -> str:
    return reads_in_words((begun.call.tool.qualified, begun.status) for begun in reads)
