"""A run as others are told of it: in words, or as data; whole, or in the room that a host has."""

from collections.abc import Sequence
from typing import Any, Final

from pydantic import JsonValue

from batonmcp.core.json_text import characters_up_to
from batonmcp.core.plain_text import shown
from batonmcp.core.portions import FOR_A_MODEL, FOR_A_READER, portions
from batonmcp.core.reads import reads_in_words
from batonmcp.core.record import RunRecord, StepRecord
from batonmcp.stages.fitting import abridged, fitted, sendable, written
from batonmcp.stages.outline import outline
from batonmcp.stages.provenance import provenance, run_facts

__all__ = ["data_of", "data_text", "has_data", "reads_begun", "sendable", "text_of", "value_text"]

_LARGE: Final = ("results", "result", "undone")
_SEPARATOR: Final = "---"
_MOST_NAMES: Final = 10
_BESIDE: Final = 500
"""Characters that go with a result into a prompt."""


def text_of(record: RunRecord, *, room: int | None = None, attached: Sequence[str] = ()) -> str:
    """Return the answer, or what came instead of one, and under it what it comes from.

    Args:
        record: The run, which may be going on.
        room: The most characters, for a host that can read what is missing by the run's id; None: as many as it takes.
        attached: Lines about what comes with the text.
    """
    facts = provenance(record)
    rest = _rest(record) if room is not None else ""
    foot = [*attached, rest, f"{_SEPARATOR}\n{facts}" if facts else ""]
    end = "".join(f"\n\n{part}" for part in foot if part)
    told = shown(sendable(_told(record)))
    if room is not None and len(told) + len(end) > room:
        end = f"\n\n{_more(record.run_id, _first_id(record))}{end}" if record.steps and not rest else end
        told = abridged(told, room - len(end))
    return f"{told}{end}" if told else end.lstrip()


def has_data(record: RunRecord) -> bool:
    """Whether the run came as far as results; until then its words are all there is to tell."""
    return bool(record.steps) and record.answer is None and record.error is None and record.status != "running"


def data_of(record: RunRecord) -> dict[str, Any]:
    """Return the plan's `result`, else the results by step id, with what became of steps and items that have none.

    Where it has not come to results, it says why, under the names that the run's record has for that.
    """
    undone = [_undone(step) for step in record.steps if step.status != "succeeded" or _undone_items(step)]
    values = {step.id: step.value for step in record.steps if step.status == "succeeded"}
    results = {"results": values} if record.result is None else {"result": record.result}
    data: dict[str, Any] = {"status": record.status, **results}
    return {**data, **({"undone": undone} if undone else {}), **_why_none(record), "run": run_facts(record)}


def data_text(record: RunRecord, *, room: int | None = None, attached: Sequence[str] = ()) -> str:
    """Return the data as a JSON text that can be sent.

    Args:
        record: The run.
        room: The most characters; what does not fit is cut, which `cut` in it tells. None: as many as it takes.
        attached: Lines about what comes with the text.
    """
    data = data_of(record)
    if attached:
        data["attached"] = list(attached)
    if room is None:
        return written(data)
    return fitted(data, room=room, more=_more(record.run_id, _first_id(record)), large=_LARGE)


def value_text(run_id: str, value: JsonValue, *, room: int) -> str:
    """Return a part of what a run gave as a JSON text: the value itself, or an object with it and what was cut."""
    more = f"It is too long to be sent at once: select less of run {run_id}."
    if characters_up_to(value, room) <= room and len(text := written(value)) <= room:
        return text
    return fitted({"value": value}, room=room, more=more, large=("value",))


def reads_begun(record: RunRecord) -> str:
    """Say which reads began before there was a plan, and stand for no step of one; empty if none did."""
    told = _reads(record)
    return f"Reads had begun while the plan was being written: {told}." if told else ""


def _reads(record: RunRecord) -> str:
    return reads_in_words((read["tool"], read["status"]) for read in record.begun)


def _told(record: RunRecord) -> str:
    error = record.error
    if record.answer is not None:
        return record.answer
    if record.status == "running":
        return _so_far(record)
    if error:
        return f"{error['message']} {error['cure']}".strip()
    return {"cancelled": f"Cancelled. {reads_begun(record)}".strip()}.get(record.status, record.status)


def _so_far(record: RunRecord) -> str:
    """Tell what a run has given that goes on."""
    done = [(f"{step.tool} (step `{step.id}`)", step.value) for step in record.steps if step.status == "succeeded"]
    wait = f'Call orchestrate with {{"run_id": "{record.run_id}"}} to wait for the rest; it goes on meanwhile.'
    head = "Still running. This is done so far:" if done else "Still running; nothing is done yet."
    if record.plan is None and (reads := _reads(record)):
        head = f"Still running. Begun while the plan is being written: {reads}."
    return "\n\n".join(part for part in (head, outline(done), wait) if part)


def _rest(record: RunRecord) -> str:
    """Tell how to get what the answer was made without, as it was too long."""
    rooms = FOR_A_MODEL if record.timings_ms.synthesize else FOR_A_READER
    done = [step for step in record.steps if step.status == "succeeded"]
    parts = portions([step.value for step in done], rooms, beside=_BESIDE)
    long = [step.id for step, part in zip(done, parts, strict=True) if part.cuts]
    if not long or record.status not in {"ok", "partial", "running"}:
        return ""
    names = ", ".join(f"`{name}`" for name in long[:_MOST_NAMES]) + (", …" if len(long) > _MOST_NAMES else "")
    return f"Too long to be used whole here: what {names} gave. {_more(record.run_id, long[0])}"


def _more(run_id: str, step_id: str) -> str:
    return (
        "The whole stays with the run: orchestrate with "
        f'{{"run_id": "{run_id}", "select": "{step_id}"}} returns it, or a part as an expression selects it, '
        "without any model."
    )


def _first_id(record: RunRecord) -> str:
    return next((step.id for step in record.steps if step.status == "succeeded"), record.steps[0].id)


def _why_none(record: RunRecord) -> dict[str, Any]:
    """Return what there is instead of results: words or an error, who decided what, and the plan that did not run."""
    if has_data(record):
        return {}
    told = {"answer": record.answer, "error": record.error, "decisions": record.decisions, "plan": record.plan}
    return {name: value for name, value in told.items() if value}


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
