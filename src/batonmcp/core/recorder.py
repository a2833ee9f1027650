"""The recording of a run: its events, folded into its record."""

import secrets
import time
from collections.abc import Callable
from typing import assert_never

from pydantic import JsonValue

from batonmcp.core.approval import Approved, Refused, Ruling, Undecided
from batonmcp.core.errors import ErrorInfo
from batonmcp.core.events import (
    AnswerGrew,
    ApprovalAsked,
    ApprovalGiven,
    Event,
    ExecuteStarted,
    LlmCalled,
    Noted,
    PlanReady,
    ReadsBegun,
    RouteRecalled,
    RouteStarted,
    RunFinished,
    RunStarted,
    StepFinished,
    StepProgressed,
    StepRetried,
    StepStarted,
    SynthesisStarted,
    TextsEmbedded,
)
from batonmcp.core.outcome import Cancelled, Failed, ItemOutcome, Skipped, Succeeded, attachments_of, status_of
from batonmcp.core.plan import Plan, Step
from batonmcp.core.record import RunRecord, StepRecord

__all__ = ["Recorder"]


class Recorder:
    """Folds the events of one run into its record.

    Args:
        clock: Counts seconds and never goes back.
        run_id: What the run is called; nobody can guess it.

    Attributes:
        record: What is known so far.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, *, run_id: str | None = None) -> None:
        self._clock = clock
        self._began = clock()
        self._stage: str | None = None
        self._stage_began = self._began
        self._steps: dict[str, StepRecord] = {}
        self.record = RunRecord(run_id=run_id or secrets.token_hex(16), query="", planner="llm")

    def __call__(self, event: Event) -> None:  # noqa: C901, PLR0912 - a case an event
        """Take one event."""
        record = self.record
        match event:
            case RunStarted(run_id=run_id, query=query, planner=planner):
                record.run_id, record.query, record.planner = run_id, query, planner
            case RouteStarted():
                self._enter("route")
            case RouteRecalled():
                record.planner = "cache"
            case LlmCalled() | TextsEmbedded():
                record.usage.add(event)
            case ReadsBegun(reads=reads):
                record.begun = [{"tool": tool, "status": status} for tool, status in reads]
            case PlanReady(plan=plan):
                self._enter(None)
                self._take_plan(plan)
            case ApprovalGiven(tools=tools, ruling=ruling):
                record.decisions.append({"tools": list(tools), **_decision(ruling)})
            case ExecuteStarted():
                self._enter("execute")
            case StepStarted() | StepRetried() | StepFinished():
                self._take_step(event)
            case SynthesisStarted():
                self._enter("synthesize")
            case StepProgressed() | ApprovalAsked() | AnswerGrew():
                pass
            case Noted(text=text, warns=warns):
                record.notes.append(text)
                if warns:
                    record.warnings.append(text)
            case RunFinished(status=status, answer=answer, error=error, result=result):
                self._enter(None)
                record.result = result
                record.status, record.answer, record.error = status, answer, error and _error(error)
            case _:
                assert_never(event)

    def until_now(self) -> RunRecord:
        """Return the record of a run that goes on, with the time that it has taken so far."""
        self.record.timings_ms.total = self._now_ms()
        return self.record

    def _now_ms(self, at: float | None = None) -> float:
        return round(((self._clock() if at is None else at) - self._began) * 1000, 3)

    def _enter(self, stage: str | None) -> None:
        """End the stage that runs and begin the next."""
        now = self._clock()
        if self._stage:
            setattr(self.record.timings_ms, self._stage, round((now - self._stage_began) * 1000, 3))
        self._stage, self._stage_began = stage, now
        self.record.timings_ms.total = self._now_ms()

    def _take_plan(self, plan: Plan) -> None:
        self.record.mode = plan.mode
        self.record.plan = dict(plan.as_json())
        self.record.notes.extend(plan.notes)
        self.record.steps = [_pending(step) for step in plan.steps]
        self._steps = {step.id: step for step in self.record.steps}

    def _take_step(self, event: StepStarted | StepRetried | StepFinished) -> None:
        step = self._steps[event.step_id]
        match event:
            case StepStarted(arguments=arguments, per_item=per_item, at=at):
                step.status, step.attempts, step.started_ms = "running", 1, self._now_ms(at)
                if not per_item:
                    step.arguments = arguments[0]
            case StepRetried():
                step.attempts += 1
            case StepFinished(outcome=outcome, at=at):
                step.status, step.ended_ms = status_of(outcome), self._now_ms(at)
                step.attachments = list(attachments_of(outcome))
                match outcome:
                    case Succeeded(value=value, items=items):
                        step.value, step.items = value, _items(items)
                    case Failed(error=error, items=items):
                        step.error, step.items = _error(error), _items(items)
                    case Skipped(because=because):
                        step.because = because
                    case Cancelled(because=because, items=items):
                        step.because, step.items = because, _items(items)


def _decision(ruling: Ruling) -> dict[str, JsonValue]:
    match ruling:
        case Approved(always=always):
            return {"decision": "always" if always else "once"}
        case Refused(because=because):
            return {"decision": "no", "because": because}
        case Undecided():
            return {"decision": None}


def _pending(step: Step) -> StepRecord:
    return StepRecord(
        id=step.id,
        tool=step.tool.qualified,
        server=step.tool.server,
        effect=step.tool.effect.kind,
        waited_for=[{"step": wait.step, "why": wait.why} for wait in step.waits],
    )


def _items(items: tuple[ItemOutcome, ...] | None) -> list[dict[str, JsonValue]] | None:
    return None if items is None else [_item(item) for item in items]


def _item(item: ItemOutcome) -> dict[str, JsonValue]:
    entry: dict[str, JsonValue] = {"arguments": item.arguments, "status": status_of(item.outcome)}
    match item.outcome:
        case Succeeded(value=value):
            entry["value"] = value
        case Failed(error=error):
            entry["error"] = dict(_error(error))
        case Cancelled(because=because):
            entry["because"] = because
    return entry


def _error(error: ErrorInfo) -> dict[str, str]:
    return {"kind": error.kind, "message": error.message, "cure": error.cure}
