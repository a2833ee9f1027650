"""A finished run as words and as data."""

import json
from typing import Any

import pytest

from batonmcp.core.events import RunStatus
from batonmcp.core.outcome import StepStatus
from batonmcp.core.record import RunRecord, StepRecord
from batonmcp.stages.telling import data_of, data_text, has_data, sendable, text_of

ERROR = {"kind": "llm_auth", "message": "The endpoint answered 401.", "cure": "Check the key."}

GOOD_ITEM: dict[str, Any] = {"arguments": {"n": 1}, "status": "succeeded", "value": 1}
BAD_ITEM: dict[str, Any] = {"arguments": {"n": 2}, "status": "failed", "error": ERROR}


def record(
    status: RunStatus, *steps: StepRecord, answer: str | None = None, error: dict[str, str] | None = None
) -> RunRecord:
    """Return a run record."""
    return RunRecord(run_id="r", query="q", planner="llm", status=status, steps=list(steps), answer=answer, error=error)


def step(name: str, status: StepStatus, **more: object) -> StepRecord:
    """Return the record of a step."""
    made = StepRecord(id=name, tool="a__x", server="a", effect="read", status=status)
    for key, value in more.items():
        setattr(made, key, value)
    return made


@pytest.mark.parametrize(
    ("run", "text"),
    [
        (record("ok", answer="All is well."), "All is well."),
        (record("ok", answer=""), ""),
        (record("partial", answer="Results.", error=ERROR), "Results."),
        (record("failed", error=ERROR), "The endpoint answered 401. Check the key."),
        (record("failed", error={**ERROR, "cure": ""}), "The endpoint answered 401."),
        (record("cancelled"), "Cancelled."),
        (record("running"), "Still running."),
        (record("busy"), "busy"),
    ],
)
def test_words(run: RunRecord, text: str) -> None:
    """The answer if there is one, else the error with its cure, else the status."""
    assert text_of(run) == text


def test_data_of_a_run_that_went_well() -> None:
    """The values by step, and no word of anything undone."""
    run = record("ok", step("a", "succeeded", value={"n": 1}), step("b", "succeeded", value=None))
    assert has_data(run)
    assert data_of(run) == {"status": "ok", "results": {"a": {"n": 1}, "b": None}}


def test_data_tells_what_is_missing_and_why() -> None:
    """Each step without a value is told with its status and its reason."""
    items = [GOOD_ITEM, BAD_ITEM]
    run = record(
        "partial",
        step("a", "succeeded", value=1),
        step("b", "failed", error=ERROR, items=items),
        step("c", "skipped", because="step `b` failed"),
    )
    assert data_of(run) == {
        "status": "partial",
        "results": {"a": 1},
        "undone": [
            {"step": "b", "tool": "a__x", "status": "failed", "error": ERROR, "items": items},
            {"step": "c", "tool": "a__x", "status": "skipped", "because": "step `b` failed"},
        ],
    }


def test_data_tells_which_items_are_missing() -> None:
    """A loop that goes on over failures has its list with null in it, and each item that failed with its reason."""
    run = record("partial", step("a", "succeeded", value=[1, None], items=[GOOD_ITEM, BAD_ITEM]))
    assert data_of(run) == {
        "status": "partial",
        "results": {"a": [1, None]},
        "undone": [{"step": "a", "tool": "a__x", "status": "succeeded", "items": [BAD_ITEM]}],
    }


@pytest.mark.parametrize(
    "run",
    [
        record("approval_required", step("a", "pending"), answer="Nothing was run: ..."),
        record("refused", step("a", "pending"), answer="Refused; nothing was run."),
        record("no_match", answer="No tool was run."),
        record("failed", error=ERROR),
    ],
    ids=lambda run: run.status,
)
def test_no_data_before_anything_ran(run: RunRecord) -> None:
    """A run that ended before its steps has words only."""
    assert not has_data(run)


def test_halves_of_characters_are_replaced() -> None:
    """A lone surrogate, which cannot be encoded, becomes a question mark; everything else stays."""
    assert sendable("a\ud800b \U0001f600 ä\udfff") == "a?b \U0001f600 ä?"


def test_data_as_text() -> None:
    """Small data is written as Python writes it, large data without spaces; both say the same and can be sent."""
    small = record("ok", step("a", "succeeded", value=[1, "\ud800"]))
    assert data_text(small) == '{"status": "ok", "results": {"a": [1, "?"]}}'
    large = record("ok", step("a", "succeeded", value=["é"] * 100_000))
    assert json.loads(data_text(large)) == data_of(large)
    assert " " not in data_text(large)
