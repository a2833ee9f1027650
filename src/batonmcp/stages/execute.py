"""Execute: a plan becomes outcomes, without any LLM."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from random import random
from typing import TypeAlias, assert_never

import anyio
import anyio.lowlevel
from anyio.abc import TaskGroup
from pydantic import JsonValue

from batonmcp.core.caller import NOBODY, Caller, Progress
from batonmcp.core.events import Emit, Noted, StepFinished, StepProgressed, StepRetried, StepStarted
from batonmcp.core.limits import Limits
from batonmcp.core.outcome import Cancelled, Failed, ItemOutcome, Outcome, Skipped, Succeeded
from batonmcp.core.plan import Plan, Step
from batonmcp.core.prepare import Calls, Settled, prepare
from batonmcp.core.retry import RetryBudget, pause_before, repeatable
from batonmcp.core.schedule import Schedule
from batonmcp.downstream.deadline import Deadline
from batonmcp.stages.begun_step import BegunStep
from batonmcp.stages.ports import Tools
from batonmcp.stages.questions import Questions

__all__ = ["Admit", "execute"]

Admit: TypeAlias = Callable[[Step, Calls], Awaitable[Skipped | None]]
"""Says whether a step may make its calls: None if it may."""


async def execute(  # noqa: PLR0913 - the ports of one stage
    plan: Plan,
    *,
    tools: Tools,
    inputs: Mapping[str, JsonValue],
    limits: Limits,
    emit: Emit,
    caller: Caller = NOBODY,
    admit: Admit | None = None,
    deadline: Deadline | None = None,
    begun: Mapping[str, BegunStep] | None = None,
) -> Mapping[str, Outcome]:
    """Run every step the moment what it waits for has settled.

    Args:
        plan: What to run.
        tools: What it runs on.
        inputs: What steps read as `inputs.name`.
        limits: Bounds of the run.
        emit: Gets every event, progress of the calls among them.
        caller: Who is asked what servers want to know.
        admit: Asked before a step makes its calls; None: all may.
        deadline: Of the steps; None: `limits.run_timeout` seconds from now. It stands still while somebody is asked.
        begun: By id, steps of which calls began before the plan was whole. That they have started has been told.

    Returns:
        The outcome of every step. Past the deadline, what has not settled is `Cancelled`.
    """
    deadline = deadline or Deadline(limits.run_timeout)
    run = _Execution(
        plan,
        tools=tools,
        inputs=inputs,
        limits=limits,
        emit=emit,
        questions=Questions(caller, deadline, emit),
        admit=partial(_admitted, admit, deadline) if admit else None,
        begun=begun or {},
    )
    await run.until(deadline)
    return run.outcomes


async def _admitted(admit: Admit, deadline: Deadline, step: Step, calls: Calls) -> Skipped | None:
    with deadline.held():
        return await admit(step, calls)


class _Execution:
    """One plan while it runs."""

    def __init__(  # noqa: PLR0913 - what the stage takes
        self,
        plan: Plan,
        *,
        tools: Tools,
        inputs: Mapping[str, JsonValue],
        limits: Limits,
        emit: Emit,
        questions: Questions,
        admit: Admit | None,
        begun: Mapping[str, BegunStep],
    ) -> None:
        self.outcomes: dict[str, Outcome] = {}
        self._plan = plan
        self._tools = tools
        self._limits = limits
        self._emit = emit
        self._questions = questions
        self._admit = admit
        self._begun = begun
        self._untaken = {(step_id, item): one for step_id, step in begun.items() for item, one in step.items.items()}
        self._ended: dict[str, float | None] = {}
        self._settled = Settled(plan=plan, outcomes=self.outcomes, inputs=inputs)
        self._calls: dict[str, Calls] = {}
        # Those that have begun have their slots: each comes first in its step, which waits for no step that needs one.
        self._slots = anyio.Semaphore(limits.parallel_run - len(self._untaken), fast_acquire=True)
        self._retries = RetryBudget()
        self._found: dict[str, list[Succeeded | Failed | None]] = {}
        self._noted: set[str] = set()
        self._unanswered: defaultdict[str, set[int]] = defaultdict(set)

    async def until(self, deadline: Deadline) -> None:
        """Start the steps that wait for nothing; each starts what it sets free. In the end every step has settled."""
        because = "the run was cancelled"
        schedule = Schedule(self._plan)
        try:
            with deadline.scope:
                async with anyio.create_task_group() as tasks:
                    self._start(schedule.start(), schedule, tasks)
            because = f"the run reached its limit of {self._limits.run_timeout:g} s"
        finally:
            self._questions.close()
            self._cancel_rest(because)

    def _cancel_rest(self, because: str) -> None:
        """Settle every step that has not."""
        for step in self._plan.steps:
            if step.id not in self.outcomes:
                self._settle(step, self._cut_short(step, because))

    def _cut_short(self, step: Step, because: str) -> Outcome:
        begun = self._begun.get(step.id)
        if begun and (begun.told or step.id not in self._calls):
            return begun.end(because)
        unsure = step.tool.effect.kind != "read" and bool(self._unanswered[step.id])
        return Cancelled(because=because, unsure=unsure, items=self._items(step, because))

    def _start(self, steps: Sequence[Step], schedule: Schedule, tasks: TaskGroup) -> None:
        for step in steps:
            tasks.start_soon(self._run, step, schedule, tasks, name=step.id)

    async def _run(self, step: Step, schedule: Schedule, tasks: TaskGroup) -> None:
        """Run a step and go on with the last that it sets free; the others get tasks of their own."""
        await anyio.lowlevel.checkpoint_if_cancelled()
        free: Sequence[Step] = [step]
        while free:
            *others, last = free
            self._start(others, schedule, tasks)
            if last is not step:
                await anyio.lowlevel.checkpoint()  # what is ready starts in its order, and a cancel ends it here
            self._settle(last, await self._outcome(last))
            free = schedule.settle(last.id)

    async def _outcome(self, step: Step) -> Outcome:
        decision = prepare(step, self._settled, limits=self._limits)
        match decision:
            case Skipped() | Failed():
                return decision
            case Calls():
                return await self._admitted(step, decision) or await self._call(step, decision)
            case _:
                assert_never(decision)

    async def _admitted(self, step: Step, calls: Calls) -> Skipped | None:
        return await self._admit(step, calls) if self._admit else None

    def _settle(self, step: Step, outcome: Outcome) -> None:
        self.outcomes[step.id] = outcome
        begun = self._begun.get(step.id)
        if begun is None or not begun.told:
            self._emit(StepFinished(step_id=step.id, outcome=outcome, at=self._ended.get(step.id)))

    async def _call(self, step: Step, calls: Calls) -> Succeeded | Failed:
        possible = [(index, made) for index, made in enumerate(calls.arguments) if not isinstance(made, Failed)]
        if step.id not in self._begun:
            made = [arguments for _, arguments in possible]
            self._emit(StepStarted(step_id=step.id, arguments=made, per_item=calls.per_item))
        self._calls[step.id] = calls
        if not calls.per_item:
            return await self._call_until(step, *possible[0])
        found = self._found[step.id] = [made if isinstance(made, Failed) else None for made in calls.arguments]
        waiting = iter(possible)

        async def work() -> None:
            for index, arguments in waiting:
                found[index] = await self._call_until(step, index, arguments)

        async with anyio.create_task_group() as workers:
            width = self._limits.parallel_items if step.tool.effect.kind == "read" else 1
            for _ in range(min(width, len(possible))):
                workers.start_soon(work)
        return _together(step, [outcome for outcome in found if outcome], self._items(step, ""))

    def _items(self, step: Step, because: str) -> tuple[ItemOutcome, ...] | None:
        """Return what became of each item of a `for_each`, and None for any other step."""
        if step.id not in self._found:
            return None
        unsure = self._unanswered[step.id] if step.tool.effect.kind != "read" else set[int]()
        pairs = zip(self._calls[step.id].arguments, self._found[step.id], strict=True)
        return tuple(
            ItemOutcome(
                arguments={} if isinstance(made, Failed) else made,
                outcome=outcome or Cancelled(because=because, unsure=index in unsure),
            )
            for index, (made, outcome) in enumerate(pairs)
        )

    async def _call_until(self, step: Step, index: int, arguments: dict[str, JsonValue]) -> Succeeded | Failed:
        """Call a tool until it answers, or calling it again would not do."""
        self._retries.called()
        attempt = 1
        while True:
            outcome = await self._call_once(step, index, arguments)
            attempt += 1
            if isinstance(outcome, Succeeded) or not self._again(step, outcome, attempt):
                return outcome
            pause = pause_before(attempt, random())  # noqa: S311 - spreads load, guards nothing
            self._emit(StepRetried(step_id=step.id, error=outcome.error, pause=pause))
            await anyio.sleep(pause)

    def _again(self, step: Step, failed: Failed, attempt: int) -> bool:
        return attempt <= self._limits.attempts and repeatable(step.tool, failed) and self._retries.spend()

    async def _call_once(self, step: Step, index: int, arguments: dict[str, JsonValue]) -> Succeeded | Failed:
        begun = self._untaken.pop((step.id, index), None)
        if begun is None:
            await self._slots.acquire()
        try:
            await anyio.lowlevel.checkpoint_if_cancelled()  # taking a slot may have met the cancel
            self._unanswered[step.id].add(index)
            caller = self._questions.caller(partial(self._progressed, step))
            if begun:
                outcome = await begun.answer(caller)
            else:
                outcome = await self._tools.call(step.tool, arguments, within=self._limits.call_timeout, caller=caller)
            self._ended[step.id] = _last(self._ended.get(step.id, 0.0), begun.ended if begun else None)
            self._unanswered[step.id].remove(index)
            self._note(outcome)
            return outcome
        finally:
            self._slots.release()

    def _progressed(self, step: Step, progress: Progress) -> None:
        if step.id not in self.outcomes:  # word of a call that was given up may come late
            self._emit(StepProgressed(step_id=step.id, progress=progress.tidied()))

    def _note(self, outcome: Succeeded | Failed) -> None:
        """Tell what was not as it should be, once in a run."""
        for note in outcome.notes if isinstance(outcome, Succeeded) else ():
            if note not in self._noted:
                self._noted.add(note)
                self._emit(Noted(text=note))


def _last(one: float | None, other: float | None) -> float | None:
    """Return the later of two times, of which None is now."""
    return None if one is None or other is None else max(one, other)


def _together(
    step: Step, found: Sequence[Succeeded | Failed], items: tuple[ItemOutcome, ...] | None
) -> Succeeded | Failed:
    """Make one outcome of the items': a list with null for each that failed, if the step goes on over failures."""
    failed = [outcome for outcome in found if isinstance(outcome, Failed)]
    if not failed or (step.on_error == "continue" and len(failed) < len(found)):
        values = [outcome.value if isinstance(outcome, Succeeded) else None for outcome in found]
        return Succeeded(value=values, items=items)
    first = failed[0].error
    message = f"{len(failed)} of {len(found)} calls failed; the first: {first.message}"
    return Failed(error=replace(first, message=message), unsure=any(outcome.unsure for outcome in failed), items=items)
