"""The shelf of run records."""

from dataclasses import dataclass
from functools import partial
from typing import Any, Final, cast

import anyio.to_thread

from batonmcp.config.settings import StoredResults
from batonmcp.core.preview import preview
from batonmcp.core.record import RunRecord
from batonmcp.store.port import Store

__all__ = ["KeptRun", "Runs"]

_SHELF: Final = "run"
_LONGEST_ANSWER: Final = 64_000
_VALUES: Final = ("arguments", "value", "items")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRun:
    """A run as it was kept.

    Attributes:
        at: When it ended, in seconds since 1970.
        record: Its record as JSON.
    """

    at: float
    record: dict[str, Any]


class Runs:
    """Keeps the records of runs, with as much of their values as is wished."""

    def __init__(self, store: Store, results: StoredResults = "preview") -> None:
        self._store = store
        self._results: StoredResults = results

    async def keep(self, record: RunRecord) -> None:
        """Keep the record of a run that has ended."""
        kept = await anyio.to_thread.run_sync(partial(_kept, record, self._results))  # a large one takes its time
        await self._store.put(_SHELF, record.run_id, kept)

    async def get(self, run_id: str) -> dict[str, Any] | None:
        """Return a record; None if there is none."""
        return _record(await self._store.get(_SHELF, run_id))

    async def newest(self, limit: int) -> list[KeptRun]:
        """Return the runs that ended last, the newest first."""
        entries = await self._store.newest(_SHELF, limit=limit)
        found = [(entry.at, await self.get(entry.key)) for entry in entries]
        return [KeptRun(at=at, record=record) for at, record in found if record]


def _record(value: object) -> dict[str, Any] | None:
    """Return what is a record at all; it may be of another version of ours."""
    if isinstance(value, dict) and "run_id" in value:
        return cast("dict[str, Any]", value)
    return None


def _kept(record: RunRecord, results: StoredResults) -> dict[str, Any]:
    document = record.as_json()
    match results:
        case "full":
            return document
        case "preview":
            answer = record.answer
            return {**preview(document), "answer": None if answer is None else answer[:_LONGEST_ANSWER]}
        case "none":
            return _without_values(document)


def _without_values(document: dict[str, Any]) -> dict[str, Any]:
    """Return a record without what came from tools: in values, answer, notes and errors."""
    steps = [
        {**step, **dict.fromkeys(_VALUES), "error": _kind(step["error"])}
        for step in cast("list[dict[str, Any]]", document["steps"])
    ]
    return {**document, "answer": None, "result": None, "notes": [], "steps": steps, "error": _kind(document["error"])}


def _kind(error: dict[str, str] | None) -> dict[str, str] | None:
    return error and {"kind": error["kind"], "message": "left out", "cure": ""}
