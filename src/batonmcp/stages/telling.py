"""A finished run as others are told of it: in words, or as data."""

import json
from contextlib import suppress
from typing import Any

from pydantic_core import to_json

from batonmcp.core.record import RunRecord, StepRecord

__all__ = ["data_of", "data_text", "has_data", "sendable", "text_of"]

_LARGE = 256_000


def text_of(record: RunRecord) -> str:
    """Return the answer, or what came instead of one."""
    error = record.error
    if record.answer is not None:
        return record.answer
    if error:
        return f"{error['message']} {error['cure']}".strip()
    return {"cancelled": "Cancelled.", "running": "Still running."}.get(record.status, record.status)


def has_data(record: RunRecord) -> bool:
    """Whether the run came as far as results; until then its words are all there is to tell."""
    return bool(record.steps) and record.answer is None and record.error is None


def data_of(record: RunRecord) -> dict[str, Any]:
    """Return the plan's `result`, else the results by step id, with what became of steps and items that have none."""
    undone = [_undone(step) for step in record.steps if step.status != "succeeded" or _undone_items(step)]
    values = {step.id: step.value for step in record.steps if step.status == "succeeded"}
    shaped = {"results": values} if record.result is None else {"result": record.result}
    data: dict[str, Any] = {"status": record.status, **shaped}
    return {**data, "undone": undone} if undone else data


def data_text(record: RunRecord) -> str:
    """Return the data as a JSON text that can be sent; a large one is written without spaces, ten times faster."""
    data = data_of(record)
    with suppress(ValueError):  # half a character: it is written the slow way, and made sendable
        written = to_json(data, inf_nan_mode="null")
        if len(written) > _LARGE:
            return written.decode()
    return sendable(json.dumps(data, ensure_ascii=False))


def sendable(text: str) -> str:
    """Return `text` without halves of characters, which servers and models may send escaped and nothing can encode."""
    return text.encode("utf-8", "replace").decode()


def _undone(step: StepRecord) -> dict[str, Any]:
    told: dict[str, Any] = {"step": step.id, "tool": step.tool, "status": step.status}
    if step.because:
        told["because"] = step.because
    if step.error:
        told["error"] = step.error
    if step.items:
        told["items"] = _undone_items(step) if step.status == "succeeded" else step.items
    return told


def _undone_items(step: StepRecord) -> list[dict[str, Any]]:
    return [item for item in step.items or () if item["status"] != "succeeded"]
