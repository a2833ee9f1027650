"""A run record made small enough to travel with an answer."""

import json
from dataclasses import dataclass
from typing import Any, Self, cast

from batonmcp.core.clip import clip
from batonmcp.core.json_text import Extent, beginning, extent_of

__all__ = ["LARGEST_RECORD", "preview"]

LARGEST_RECORD = 256_000
_LONGEST = (4_000, 400, 40)
"""Longest value in bytes: the first for which the record stays under its limit."""

_LEFT_OUT = "The record is too long to travel with the answer, so that its steps were left out."
_SHOWN = 400
_VALUES = ("value", "items", "arguments", "attachments")


def preview(record: dict[str, Any], *, most: int = LARGEST_RECORD) -> dict[str, Any]:
    """Return a copy of a run record in which long values are previews and the whole is under 256 KB.

    A preview is `{"preview": "<beginning of the JSON text>", "characters": n}`.

    Args:
        record: The record, as JSON.
        most: A lower limit in bytes, where much else travels with it.
    """
    whole = _measured_record(record)
    for longest in _LONGEST:
        small = _cut_record(whole, longest)
        if _size(small) <= most:
            return small
    return {**_cut_record(whole, min(_LONGEST)), "steps": [], "decisions": [], "notes": [_LEFT_OUT]}


@dataclass(frozen=True, slots=True)
class _Measured:
    """A value with the extent of its JSON text, which is found out once."""

    value: Any
    extent: Extent

    @classmethod
    def of(cls, value: Any) -> Self:  # noqa: ANN401 - JSON in
        return cls(value, extent_of(value))

    def bounded(self, longest: int) -> Any:  # noqa: ANN401 - JSON out
        if self.extent.size <= longest:
            return self.value
        return {"preview": beginning(self.value, min(_SHOWN, longest)), "characters": self.extent.characters}


def _measured_record(record: dict[str, Any]) -> dict[str, Any]:
    steps = cast("list[dict[str, Any]]", record["steps"])
    return {
        **record,
        "plan": _Measured.of(record["plan"]),
        "result": _Measured.of(record["result"]),
        "steps": [{**step, **{key: _Measured.of(step[key]) for key in _VALUES}} for step in steps],
    }


def _cut_record(record: dict[str, Any], longest: int) -> dict[str, Any]:
    return {
        **record,
        "query": _cut(record["query"], longest),
        "answer": None,  # it is the text that the record travels with
        "plan": record["plan"].bounded(longest * 4),
        "result": record["result"].bounded(longest),
        "steps": [_cut_step(step, longest) for step in cast("list[dict[str, Any]]", record["steps"])],
        "notes": [_cut(note, longest) for note in cast("list[str]", record["notes"])],
        "warnings": [_cut(warning, longest) for warning in cast("list[str]", record["warnings"])],
        "error": _cut_error(record["error"], longest),
    }


def _cut_step(step: dict[str, Any], longest: int) -> dict[str, Any]:
    values = {key: step[key].bounded(longest) for key in _VALUES}
    because = step["because"] and _cut(step["because"], longest)
    return {**step, **values, "because": because, "error": _cut_error(step["error"], longest)}


def _cut_error(error: dict[str, str] | None, longest: int) -> dict[str, str] | None:
    return error and {key: _cut(text, longest) for key, text in error.items()}


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{clip(text, longest)}… ({len(text):,} characters)"


def _size(value: Any) -> int:  # noqa: ANN401 - JSON in
    return len(json.dumps(value).encode())
