"""Where an answer comes from: what has run, what has not, and what it took, written by code from the run's record."""

from collections.abc import Sequence
from typing import Any, Final

from batonmcp.core.events import PlannerName
from batonmcp.core.outcome import StepStatus
from batonmcp.core.printable import printable
from batonmcp.core.record import RunRecord, StepRecord, Usage

__all__ = ["provenance", "run_facts"]

_LONGEST_NAME: Final = 80
_LONGEST_WARNING: Final = 500
_MOST_WARNINGS: Final = 4
_MOST_NAMES: Final = 20
_TIMES: Final = "×"  # noqa: RUF001 - the sign that is meant
_MILLIS: Final = 1_000
_SHORT: Final = 100
"""Milliseconds below which a time is told as such."""

_PLANNED: Final[dict[PlannerName, str]] = {
    "llm": "planned by the model",
    "host": "planned by the host",
    "lexical": "planned by keywords",
    "cache": "planned before",
}
_HEADS: Final[dict[StepStatus, str]] = {
    "succeeded": "Ran",
    "failed": "Failed",
    "unknown": "May or may not have happened",
    "cancelled": "Cancelled",
    "skipped": "Skipped",
    "running": "Running",
    "pending": "Not run",
}
_SETTLED: Final = frozenset({"succeeded", "failed", "unknown"})


def provenance(record: RunRecord) -> str:
    """Return the facts of a run as a few lines; nothing for one in which nothing was done."""
    if record.status == "plan_required" or not (record.steps or record.usage.llm_calls):
        return ""
    warnings = [f"Warning: {printable(warning, _LONGEST_WARNING)}" for warning in record.warnings[:_MOST_WARNINGS]]
    return "\n".join(line for line in (*warnings, _steps(record.steps), _run(record)) if line)


def run_facts(record: RunRecord) -> dict[str, Any]:
    """Return the facts of a run as data; of its steps those that ran, as the others are told of elsewhere."""
    ran = [
        {"tool": printable(step.tool, _LONGEST_NAME), "calls": _calls(step), "ms": round(_took(step) or 0)}
        for step in record.steps
        if step.status in _SETTLED
    ]
    return {
        "run_id": record.run_id,
        "mode": record.mode,
        "planner": record.planner,
        "ran": ran[:_MOST_NAMES],
        "llm_calls": record.usage.llm_calls,
        "prompt_tokens": record.usage.prompt_tokens,
        "completion_tokens": record.usage.completion_tokens,
        "cost_usd": record.usage.cost_usd,
        "total_ms": round(record.timings_ms.total),
        **({"warnings": record.warnings[:_MOST_WARNINGS]} if record.warnings else {}),
    }


def _steps(steps: Sequence[StepRecord]) -> str:
    sentences: list[str] = []
    for status, head in _HEADS.items():
        by_tool: dict[str, list[StepRecord]] = {}
        for step in steps:
            if step.status == status:
                by_tool.setdefault(step.tool, []).append(step)
        if by_tool:
            told = [_told(tool, same) for tool, same in by_tool.items()]
            sentences.append(f"{head}: {_listed(told)}.")
    return " ".join(sentences)


def _told(tool: str, steps: Sequence[StepRecord]) -> str:
    """Tell of steps with one tool and one end: how often, how many items failed, how long."""
    calls = sum(map(_calls, steps))
    failed = sum(_failed(step) for step in steps if step.status == "succeeded")
    times = [took for step in steps if (took := _took(step)) is not None]
    name = printable(tool, _LONGEST_NAME)
    return (
        name
        + (f" {_TIMES}{calls}" if calls != 1 else "")
        + (f", {failed} failed" if failed else "")
        + (f" ({_time(sum(times))})" if times and steps[0].status in _SETTLED else "")
    )


def _calls(step: StepRecord) -> int:
    return 1 if step.items is None else len(step.items)


def _failed(step: StepRecord) -> int:
    return sum(item["status"] != "succeeded" for item in step.items or ())


def _took(step: StepRecord) -> float | None:
    if step.started_ms is None or step.ended_ms is None:
        return None
    return step.ended_ms - step.started_ms


def _run(record: RunRecord) -> str:
    how = ", ".join(part for part in (record.mode, _PLANNED[record.planner]) if part)
    took = f", {_time(record.timings_ms.total)}" if record.timings_ms.total else ""
    return f"Run {record.run_id}: {how}; {_model(record)}{took}."


def _model(record: RunRecord) -> str:
    usage = record.usage
    if not usage.llm_calls:
        return "no LLM call"
    calls = f"{usage.llm_calls} LLM call{'' if usage.llm_calls == 1 else 's'}"
    cost = "" if usage.cost_usd is None else f", ${usage.cost_usd:.4f}"
    embedded = _embedded(usage)
    if not usage.prompt_tokens + usage.completion_tokens:
        return f"{calls}, tokens not reported{embedded}{cost if embedded else ''}"
    cached = f" ({usage.cached_tokens:,} cached)" if usage.cached_tokens else ""
    return f"{calls}, {usage.prompt_tokens:,} + {usage.completion_tokens:,} tokens{cached}{embedded}{cost}"


def _embedded(usage: Usage) -> str:
    """Tell of embeddings, which are no LLM calls; nothing where there were none."""
    if not usage.embedding_requests:
        return ""
    requests = f"{usage.embedding_requests} embedding request{'' if usage.embedding_requests == 1 else 's'}"
    return f", {requests} ({usage.embedding_tokens:,} tokens)"


def _time(millis: float) -> str:
    return f"{millis:.0f} ms" if millis < _SHORT else f"{millis / _MILLIS:.1f} s"


def _listed(names: Sequence[str]) -> str:
    """Return names as a list, of which a long one ends with a count."""
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
