"""The run: route, execute, synthesize, on one screen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from batonmcp.core.check import check
from batonmcp.core.errors import BatonError, ExpressionFailed, PlanInvalid
from batonmcp.core.events import (
    Emit,
    Event,
    ExecuteStarted,
    Noted,
    PlannerName,
    PlanReady,
    RouteStarted,
    RunFinished,
    RunStarted,
    RunStatus,
    SynthesisStarted,
)
from batonmcp.core.outcome import Outcome
from batonmcp.core.plan import Plan
from batonmcp.core.prepare import Settled, shape
from batonmcp.core.proposal import NoTool, Proposal, Routed
from batonmcp.core.record import Recorder, RunRecord
from batonmcp.core.registry import Registry
from batonmcp.llm.lexical import plan_lexically
from batonmcp.llm.port import LLM
from batonmcp.stages.ask_host import ask_for_plan, explain_problems
from batonmcp.stages.audience import Audience
from batonmcp.stages.budget import Budget
from batonmcp.stages.consent import Consent, judged
from batonmcp.stages.execute import execute
from batonmcp.stages.facts import has_values, results, run_status, undone
from batonmcp.stages.ports import Ports
from batonmcp.stages.rehearse import rehearsed
from batonmcp.stages.route import route
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
        end = await _Run(task, ports, emit, audience, Budget(ports.limits.run_timeout)).end()
    except BatonError as error:
        end = RunFinished(status="failed", answer=None, error=error.info)
    finally:
        emit(end)
        await ports.keep(record)
    return record


@dataclass(frozen=True, slots=True)
class _Made:
    """A plan, and what its planner says about it."""

    plan: Plan
    notes: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Run:
    task: Task
    ports: Ports
    emit: Emit
    audience: Audience
    budget: Budget

    async def end(self) -> RunFinished:
        """Tell the whole story; each line may end it."""
        made = await self._made_in_time()
        if isinstance(made, RunFinished):
            return made
        plan = made.plan
        self.emit(PlanReady(plan=plan))
        if self.task.output == "plan":
            judgement = await judged(plan, self.ports.policy, self.ports.trust)
            answer = rehearsed(plan, judgement, answers=self._is_written)
            return RunFinished(status="planned", answer=answer)
        consent = self._consent(plan)
        refusal = await consent.obtain()
        if refusal:
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
            )
        return await self._answer(plan, outcomes, made.notes)

    @property
    def _is_written(self) -> bool:
        """Whether the model writes the answer."""
        return self.ports.llm is not None and self.task.output == "answer"

    @property
    def _reserve(self) -> float:
        """Seconds that are kept for writing the answer, so that slow steps do not cost it."""
        return min(_RESERVE_S, self.budget.seconds * _RESERVED_PART) if self._is_written else 0.0

    async def _made_in_time(self) -> _Made | RunFinished:
        with self.budget.stage(keep=self._reserve) as deadline, deadline.scope:
            return await self._made()
        raise _out_of_time("plan", self.budget.seconds)

    async def _made(self) -> _Made | RunFinished:
        """Return a valid plan, or the end of the run without one."""
        registry = await self._registry()
        if self.task.plan is None and self.ports.planner == "host":
            return RunFinished(status="plan_required", answer=ask_for_plan(self.task, registry))
        routed = await self._route(registry)
        if isinstance(routed, NoTool):
            return RunFinished(status="no_match", answer=_no_match(routed, registry))
        try:
            return _Made(self._check(routed, registry), routed.notes)
        except PlanInvalid as error:
            return self._rejected(error, registry)

    def _consent(self, plan: Plan) -> Consent:
        return Consent(
            plan=plan,
            query=self.task.query,
            inputs=self.task.inputs,
            policy=self.ports.policy,
            trust=self.ports.trust,
            decide=self.audience.decide,
            limits=self.ports.limits,
            emit=self.emit,
        )

    async def _registry(self) -> Registry:
        registry = await self.ports.tools.registry(self.task.servers)
        known = [agent.name for agent in registry.agents]
        unknown = [name for name in self.task.servers or () if name not in known]
        if unknown:
            raise BatonError(
                kind="unknown_server",
                message=f"There is no server {unknown[0]!r}.",
                cure=f"Configured are: {', '.join(known) or 'none'}.",
            )
        registry = registry if self.task.servers is None else registry.only(self.task.servers)
        for agent in registry.agents:
            if agent.trouble:
                self.emit(Noted(text=agent.trouble))
        return registry

    async def _route(self, registry: Registry) -> Routed:
        if self.task.plan is not None:
            return Proposal(document=self.task.plan)
        if not len(registry):
            return NoTool(reason="No server offers any tool.")
        self.emit(RouteStarted(tools=len(registry), agents=[agent.title for agent in registry.agents]))
        if self.ports.planner == "llm" and self.ports.llm:
            now, limits = self.ports.now(), self.ports.limits
            routed = await route(self.ports.llm, self.task, registry, limits=limits, now=now, emit=self.emit)
        else:
            routed = plan_lexically(self.task.query, registry)
        for note in routed.notes:
            self.emit(Noted(text=note))
        return routed

    def _check(self, proposal: Proposal, registry: Registry) -> Plan:
        return check(proposal.document, registry, limits=self.ports.limits, by_model=self.task.plan is None)

    def _rejected(self, error: PlanInvalid, registry: Registry) -> RunFinished:
        if self.task.plan is None:
            cure = "The model's plan cannot run: ask again, say it more exactly, or use a more capable model."
            return RunFinished(status="failed", answer=None, error=replace(error.info, cure=cure))
        answer = explain_problems(error, self.task.plan, registry)
        return RunFinished(status="plan_required", answer=answer, error=error.info)

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
            return await synthesize(llm, self.task.query, plan, outcomes, emit=self.emit)
        raise _out_of_time("answer", self.budget.seconds)

    async def _answer(self, plan: Plan, outcomes: Mapping[str, Outcome], notes: Sequence[str]) -> RunFinished:
        status = run_status(plan, outcomes)
        if self.task.output == "data":
            return self._data(status, Settled(plan=plan, outcomes=outcomes, inputs=self.task.inputs))
        failures = undone(plan, outcomes)
        text, error = results(plan, outcomes), None
        if self.ports.llm and any(has_values(outcomes[step.id]) for step in plan.steps):
            self.emit(SynthesisStarted())
            try:
                text = await self._written(self.ports.llm, plan, outcomes)
            except BatonError as failure:
                status, error = "partial", failure.info
                failures = [*failures, f"The answer could not be written, so these are the plain results: {failure}"]
        said = notes if self.ports.planner == "lexical" else ()  # what a keyword match passed over, the asker must know
        return RunFinished(status=status, answer=_with_facts(text, said, failures), error=error)


def _out_of_time(what: str, seconds: float) -> BatonError:
    return BatonError(
        kind="timeout",
        message=f"The run has {seconds:g} s, and its {what} took too long.",
        cure='Try again, or raise "run_timeout" under "limits" in servers.json.',
    )


def _with_facts(text: str, notes: Sequence[str], failures: Sequence[str]) -> str:
    facts = "\n".join(f"- {sentence}" for sentence in failures)
    return "\n\n".join(part for part in (text, *notes, f"Not done:\n{facts}" if facts else "") if part)


def _no_match(routed: NoTool, registry: Registry) -> str:
    """Say that nothing was run, and what there is."""
    lines = [f"No tool was run. {routed.reason}".strip()]
    for agent in registry.agents:
        names = [tool.name for tool in registry if tool.server == agent.name]
        offers = f"{', '.join(names[:12])}{', …' if len(names) > 12 else ''}" if names else "nothing now"  # noqa: PLR2004
        lines.append(f"- {agent.title} ({agent.name}): {agent.trouble or offers}")
    if len(lines) > 1:
        lines.insert(1, "Available:")
    return "\n".join(lines)
