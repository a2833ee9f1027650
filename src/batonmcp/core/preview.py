"""A run record made small enough to travel with an answer."""

import json
from typing import Any, cast

__all__ = ["preview"]

_LARGEST_RECORD = 256_000
_LONGEST = (4_000, 400, 40)
"""Longest value in bytes: the first for which the record stays under its limit."""

_LEFT_OUT = "The record is too long to travel with the answer, so that its steps were left out."
_SHOWN = 400
_VALUES = ("value", "items", "arguments", "attachments")


def preview(record: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of a run record in which long values are previews and the whole is under 256 KB.

    A preview is `{"preview": "<beginning of the JSON text>", "characters": n}`.
    """
    for longest in _LONGEST:
        small = _cut_record(record, longest)
        if _size(small) <= _LARGEST_RECORD:
            return small
    return {**_cut_record(record, min(_LONGEST)), "steps": [], "notes": [_LEFT_OUT]}


def _cut_record(record: dict[str, Any], longest: int) -> dict[str, Any]:
    return {
        **record,
        "query": _cut(record["query"], longest),
        "answer": None,  # it is the text that the record travels with
        "plan": _bounded(record["plan"], longest * 4),
        "result": _bounded(record["result"], longest),
        "steps": [_cut_step(step, longest) for step in cast("list[dict[str, Any]]", record["steps"])],
        "notes": [_cut(note, longest) for note in cast("list[str]", record["notes"])],
        "error": _cut_error(record["error"], longest),
    }


def _cut_step(step: dict[str, Any], longest: int) -> dict[str, Any]:
    values = {key: _bounded(step[key], longest) for key in _VALUES}
    because = step["because"] and _cut(step["because"], longest)
    return {**step, **values, "because": because, "error": _cut_error(step["error"], longest)}


def _cut_error(error: dict[str, str] | None, longest: int) -> dict[str, str] | None:
    return error and {key: _cut(text, longest) for key, text in error.items()}


def _bounded(value: Any, longest: int) -> Any:  # noqa: ANN401 - JSON in, JSON out
    text = json.dumps(value, ensure_ascii=False)
    if len(text.encode("utf-8", "surrogatepass")) <= longest:
        return value
    return {"preview": text[: min(_SHOWN, longest)], "characters": len(text)}


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[:longest]}… ({len(text):,} characters)"


def _size(value: Any) -> int:  # noqa: ANN401 - JSON in
    return len(json.dumps(value).encode())
