"""A finished run as others are told of it: in words, or as data."""

from typing import Any

from batonmcp.core.record import RunRecord, StepRecord

__all__ = ["data_of", "text_of"]


def text_of(record: RunRecord) -> str:
    """Return the answer, or what came instead of one."""
    error = record.error
    if record.answer is not None:
        return record.answer
    if error:
        return f"{error['message']} {error['cure']}".strip()
    return {"cancelled": "Cancelled.", "running": "Still running."}.get(record.status, record.status)


def data_of(record: RunRecord) -> dict[str, Any]:
    """Return the results by step id, with what became of the steps that have none."""
    undone = [_undone(step) for step in record.steps if step.status != "succeeded"]
    data: dict[str, Any] = {
        "status": record.status,
        "results": {step.id: step.value for step in record.steps if step.status == "succeeded"},
    }
    return {**data, "undone": undone} if undone else data


def _undone(step: StepRecord) -> dict[str, Any]:
    told: dict[str, Any] = {"step": step.id, "tool": step.tool, "status": step.status}
    if step.because:
        told["because"] = step.because
    if step.error:
        told["error"] = step.error
    if step.items:
        told["items"] = step.items
    return told
