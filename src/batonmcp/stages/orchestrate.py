"""The run: route, execute, synthesize, on one screen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import anyio

from batonmcp.core.errors import BatonError, ExpressionFailed
from batonmcp.core.events import (
    AnswerGrew,
    Emit,
    Event,
    ExecuteStarted,
    Noted,
    PlannerName,
    PlanReady,
    RunFinished,
    RunStarted,
    RunStatus,
    SynthesisStarted,
)
from batonmcp.core.inert import inert
from batonmcp.core.outcome import Outcome
from batonmcp.core.plan import Plan
from batonmcp.core.prepare import Settled, shape
from batonmcp.core.record import RunRecord
from batonmcp.core.recorder import Recorder
from batonmcp.llm.port import LLM
from batonmcp.stages.audience import Audience
from batonmcp.stages.budget import Budget
from batonmcp.stages.consent import Consent, judged
from batonmcp.stages.early import Early, early_start
from batonmcp.stages.execute import execute
from batonmcp.stages.facts import has_values, results, run_status, undone, values_of
from batonmcp.stages.metered import Metered
from batonmcp.stages.metered_embedder import MeteredEmbedder
from batonmcp.stages.nearest import Nearest, nearest
from batonmcp.stages.planning import Made, Planning
from batonmcp.stages.ports import Ports
from batonmcp.stages.rehearse import rehearsed
from batonmcp.stages.synthesize import synthesize
from batonmcp.stages.task import Task

__all__ = ["orchestrate"]

_RESERVE_S = 15.0
_RESERVED_PART = 0.25
"""What is kept of a run's time for writing its answer: so many seconds, but no more than this part."""


async def orchestrate(task: Task, ports: Ports, audience: Audience) -> RunRecord:
    """Run one task from query to answer.

    What goes wrong is in the record, not raised; what was obtained before it went wrong is there too.

    Args:
        task: What is asked.
        ports: What the run works with.
        audience: Whom the run is for.
    """
    recorder = audience.recorder or Recorder(ports.clock)
    record = recorder.record

    def emit(event: Event) -> None:
        recorder(event)
        audience.listen(event)

    planner: PlannerName = "host" if task.plan is not None else ports.planner
    emit(RunStarted(run_id=record.run_id, query=task.query, planner=planner))
    end = RunFinished(status="cancelled", answer=None)
    try:
        budget = Budget(ports.limits.run_timeout)
        embedder = _embedder(ports, emit, budget)
        llm = ports.llm and Metered(
            ports.llm, prices=ports.prices, limits=ports.limits, emit=emit, left=budget.left, beside=embedder
        )
        end = await _Run(task, ports, emit, audience, budget, llm, embedder).end()
    finally:
        emit(end)
        await ports.keep(record)
    return record


def _embedder(ports: Ports, emit: Emit, budget: Budget) -> MeteredEmbedder | None:
    at = ports.embeddings
    return at and MeteredEmbedder(at.embedder, price=at.price, limits=ports.limits, emit=emit, left=budget.left)


@dataclass(frozen=True, slots=True)
class _Run:
    task: Task
    ports: Ports
    emit: Emit
    audience: Audience
    budget: Budget
    llm: LLM | None
    embedder: MeteredEmbedder | None

    async def end(self) -> RunFinished:
        """Tell the whole story, and at its end what began for nothing."""
        definitions = self.ports.embeddings and self.ports.embeddings.definitions
        async with (
            early_start(self.task, self.ports, self.audience.caller, self.emit) as early,
            nearest(self.embedder, definitions, seconds=self.budget.seconds, emit=self.emit) as near,
        ):
            try:
                return await self._story(early, near)
            except BatonError as error:
                return RunFinished(status="failed", answer=None, error=early.admitted(error.info))
            finally:
                early.end()
                if early.note:
                    self.emit(Noted(text=early.note))

    async def _story(self, early: Early, near: Nearest | None) -> RunFinished:
        """Tell the whole story; each line may end it."""
        planning = Planning(task=self.task, ports=self.ports, llm=self.llm, emit=self.emit, early=early, nearest=near)
        made = await self._planned(planning)
        if isinstance(made, RunFinished):
            return made
        plan = made.plan
        self.emit(PlanReady(plan=plan))
        if self.task.output == "plan":
            judgement = await judged(plan, self.ports.policy, self.ports.trust)
            answer = rehearsed(plan, judgement, answers=self.ports.llm is not None)
            return RunFinished(status="planned", answer=answer)
        early.settle(plan)
        consent = self._consent(plan, early)
        refusal = await consent.obtain()
        if refusal:
            if refusal.status == "refused":
                await planning.settle(made, well=False)
            return refusal
        self.emit(ExecuteStarted())
        with self.budget.stage(keep=self._reserve) as deadline:
            outcomes = await execute(
                plan,
                tools=self.ports.tools,
                inputs=self.task.inputs,
                limits=self.ports.limits,
                emit=self.emit,
                caller=self.audience.caller,
                admit=consent.admit if consent.is_partial else None,
                deadline=deadline,
                begun=early.hand_over(),
            )
        end = RunFinished(status="cancelled", answer=None)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._learn, plan, outcomes)
            end = await self._answer(plan, outcomes, made.notes)
        is_good = end.status == "ok" or self._is_written  # that an answer could not be written is no fault of its plan
        await planning.settle(made, well=is_good and run_status(plan, outcomes) == "ok")
        return end

    async def _learn(self, plan: Plan, outcomes: Mapping[str, Outcome]) -> None:
        """Learn what results look like, for tools that do not say, while the answer is written."""
        if self.ports.shapes is None:
            return
        for step in plan.steps:
            for value in values_of(outcomes[step.id]):
                await self.ports.shapes.learn(step.tool, value)

    @property
    def _is_written(self) -> bool:
        """Whether the model writes the answer."""
        return self.llm is not None and self.task.output == "answer"

    @property
    def _reserve(self) -> float:
        """Seconds that are kept for writing the answer, so that slow steps do not cost it."""
        return min(_RESERVE_S, self.budget.seconds * _RESERVED_PART) if self._is_written else 0.0

    async def _planned(self, planning: Planning) -> Made | RunFinished:
        with self.budget.stage(keep=self._reserve) as deadline, deadline.scope:
            return await planning.made()
        raise _out_of_time(self.budget, what="plan")

    def _consent(self, plan: Plan, early: Early) -> Consent:
        return Consent(
            plan=plan,
            query=self.task.query,
            inputs=self.task.inputs,
            policy=self.ports.policy,
            trust=self.ports.trust,
            decide=self.audience.decide,
            limits=self.ports.limits,
            emit=self.emit,
            ahead=early.has_begun,
            nothing=early.ended_with_nothing,
        )

    def _data(self, status: RunStatus, settled: Settled) -> RunFinished:
        """End with the results, in the shape that the plan's `result` gives them if it has one that works."""
        try:
            return RunFinished(status=status, answer=None, result=shape(settled))
        except ExpressionFailed as error:
            self.emit(Noted(text=f"The plan's `result` has no value, so the results are given by step: {error}"))
            return RunFinished(status="partial", answer=None)

    async def _written(self, llm: LLM, plan: Plan, outcomes: Mapping[str, Outcome]) -> str:
        """Have the model write the answer in the time that is left."""
        with self.budget.stage() as deadline, deadline.scope:
            grew = self._grew if self.audience.follows else None
            return await synthesize(llm, self.task.query, plan, outcomes, grew=grew, emit=self.emit)
        raise _out_of_time(self.budget, what="answer")

    def _grew(self, text: str) -> None:
        self.emit(AnswerGrew(text=text))

    async def _answer(self, plan: Plan, outcomes: Mapping[str, Outcome], notes: Sequence[str]) -> RunFinished:
        status = run_status(plan, outcomes)
        if self.task.output == "data":
            return self._data(status, Settled(plan=plan, outcomes=outcomes, inputs=self.task.inputs))
        failures = undone(plan, outcomes)
        text, error = None, None
        if self.llm and any(has_values(outcomes[step.id]) for step in plan.steps):
            self.emit(SynthesisStarted())
            try:
                text = await self._written(self.llm, plan, outcomes)
            except BatonError as failure:
                status, error = "partial", failure.info
                failures = [*failures, f"The answer could not be written, so these are the plain results: {failure}"]
        said = notes if self.ports.planner == "lexical" else ()  # what a keyword match passed over, the asker must know
        text = results(plan, outcomes) if text is None else text
        return RunFinished(status=status, answer=_with_facts(text, said, failures), error=error)


def _out_of_time(budget: Budget, *, what: str) -> BatonError:
    return BatonError(
        kind="timeout",
        message=f"The run has {budget.seconds:g} s, and its {what} took too long.",
        cure='Try again, or raise "run_timeout" under "limits" in servers.json.',
    )


def _with_facts(text: str, notes: Sequence[str], failures: Sequence[str]) -> str:
    facts = "\n".join(map(_fact, failures))
    return "\n\n".join(part for part in (text, *notes, f"Not done:\n{facts}" if facts else "") if part)


def _fact(sentence: str) -> str:
    """Return a sentence as an entry that a tool's words in it cannot leave, and in which they load nothing."""
    return f"- {inert(sentence)}".replace("\n", "\n  ")
