"""The record of a run, as others see it."""

from dataclasses import dataclass, field, fields
from typing import Any

from pydantic import JsonValue

from batonmcp.core.attachment import Attachment
from batonmcp.core.events import LlmCalled, PlannerName, RunStatus, TextsEmbedded
from batonmcp.core.outcome import StepStatus
from batonmcp.core.plan import Mode

__all__ = ["RunRecord", "StepRecord", "Timings", "Usage"]


@dataclass(slots=True, kw_only=True)
class StepRecord:
    """One step in a run record; times are milliseconds since the run began."""

    id: str
    tool: str
    server: str
    effect: str
    status: StepStatus = "pending"
    because: str | None = None
    waited_for: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    attempts: int = 0
    started_ms: float | None = None
    ended_ms: float | None = None
    arguments: dict[str, JsonValue] | None = None
    value: JsonValue = None
    items: list[dict[str, JsonValue]] | None = None
    error: dict[str, str] | None = None
    attachments: list[Attachment] = field(default_factory=list[Attachment])


@dataclass(slots=True, kw_only=True)
class Usage:
    """What the LLM calls of a run took, and its embeddings, which are no such calls; the cost is that of both.

    `cost_usd` is null unless the price of each of them is known.
    """

    llm_calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    cost_usd: float | None = None
    embedding_requests: int = 0
    embedding_tokens: int = 0

    def add(self, call: LlmCalled | TextsEmbedded) -> None:
        """Count one more."""
        counted = self.prompt_tokens + self.completion_tokens + self.embedding_tokens
        match call:
            case LlmCalled():
                taken = call.prompt_tokens + call.completion_tokens
                self.llm_calls += call.requests
                self.prompt_tokens += call.prompt_tokens
                self.completion_tokens += call.completion_tokens
                self.cached_tokens += call.cached_tokens
            case TextsEmbedded():
                taken = call.tokens
                self.embedding_requests += call.requests
                self.embedding_tokens += call.tokens
        if taken:
            before = self.cost_usd if counted else 0.0
            self.cost_usd = None if before is None or call.cost_usd is None else before + call.cost_usd


@dataclass(slots=True, kw_only=True)
class Timings:
    """Time of each stage and of the whole, in milliseconds."""

    route: float = 0.0
    execute: float = 0.0
    synthesize: float = 0.0
    total: float = 0.0


@dataclass(slots=True, kw_only=True)
class RunRecord:
    """A run as others see it: `ask --json`, `_meta["batonmcp/run"]`, the store.

    `begun` holds the reads that began before there was a plan, and that no step of one stands for. Those of its `notes`
    that whoever reads the answer has to know are its `warnings`, too.
    """

    run_id: str
    query: str
    planner: PlannerName
    mode: Mode | None = None
    status: RunStatus = "running"
    answer: str | None = None
    plan: dict[str, JsonValue] | None = None
    begun: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    steps: list[StepRecord] = field(default_factory=list[StepRecord])
    usage: Usage = field(default_factory=Usage)
    timings_ms: Timings = field(default_factory=Timings)
    result: JsonValue = None
    decisions: list[dict[str, JsonValue]] = field(default_factory=list[dict[str, JsonValue]])
    notes: list[str] = field(default_factory=list[str])
    warnings: list[str] = field(default_factory=list[str])
    error: dict[str, str] | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the record as JSON: its values shared with it, as they may be large; of attachments only the names."""
        steps = [{**_entries(step), "attachments": [a.as_json() for a in step.attachments]} for step in self.steps]
        return {
            **_entries(self),
            "steps": steps,
            "usage": _entries(self.usage),
            "timings_ms": _entries(self.timings_ms),
            "decisions": list(self.decisions),
            "notes": list(self.notes),
            "warnings": list(self.warnings),
        }


def _entries(record: RunRecord | StepRecord | Usage | Timings) -> dict[str, Any]:
    return {entry.name: getattr(record, entry.name) for entry in fields(record)}
