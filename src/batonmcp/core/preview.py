"""A run record made small enough to travel with an answer."""

import json
from typing import Any, cast

__all__ = ["preview"]

_LONGEST_VALUE = 4_000
_LARGEST_RECORD = 256_000
_SHOWN = 400
_VALUES = ("value", "items", "arguments")


def preview(record: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of a run record in which long values are previews and the whole is under 256 KB.

    A preview is `{"preview": "<beginning of the JSON text>", "characters": n}`.
    """
    steps = [_small(step, _LONGEST_VALUE) for step in cast("list[dict[str, Any]]", record["steps"])]
    small = {**record, "query": _cut(record["query"]), "plan": _bounded(record["plan"], _LONGEST_VALUE * 4)}
    small["answer"] = None  # it is the text that the record travels with
    if _size({**small, "steps": steps}) > _LARGEST_RECORD:
        steps = [_small(step, _SHOWN) for step in cast("list[dict[str, Any]]", record["steps"])]
    return {**small, "steps": steps}


def _small(step: dict[str, Any], longest: int) -> dict[str, Any]:
    return {**step, **{key: _bounded(step[key], longest) for key in _VALUES}}


def _bounded(value: Any, longest: int) -> Any:  # noqa: ANN401 - JSON in, JSON out
    text = json.dumps(value, ensure_ascii=False)
    if len(text) <= longest:
        return value
    return {"preview": text[:_SHOWN], "characters": len(text)}


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}… ({len(text):,} characters)"


def _size(value: Any) -> int:  # noqa: ANN401 - JSON in
    return len(json.dumps(value).encode())
