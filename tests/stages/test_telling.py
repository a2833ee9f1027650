"""A finished run as words and as data."""

import json
from typing import Any

import pytest

from batonmcp.core.events import RunStatus
from batonmcp.core.outcome import StepStatus
from batonmcp.core.record import RunRecord, StepRecord, Timings, Usage
from batonmcp.stages.telling import data_of, data_text, has_data, sendable, text_of, value_text

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


def results_of(run: RunRecord) -> dict[str, Any]:
    """Return the data of a run without the facts about it."""
    return {key: value for key, value in data_of(run).items() if key != "run"}


@pytest.mark.parametrize(
    ("run", "text"),
    [
        (record("ok", answer="All is well."), "All is well."),
        (record("ok", answer=""), ""),
        (record("partial", answer="Results.", error=ERROR), "Results."),
        (record("failed", error=ERROR), "The endpoint answered 401. Check the key."),
        (record("failed", error={**ERROR, "cure": ""}), "The endpoint answered 401."),
        (record("cancelled"), "Cancelled."),
        (record("plan_required", step("a", "pending"), answer="Plan it."), "Plan it."),
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
    assert results_of(run) == {"status": "ok", "results": {"a": {"n": 1}, "b": None}}


def test_data_tells_what_is_missing_and_why() -> None:
    """Each step without a value is told with its status and its reason."""
    items = [GOOD_ITEM, BAD_ITEM]
    run = record(
        "partial",
        step("a", "succeeded", value=1),
        step("b", "failed", error=ERROR, items=items),
        step("c", "skipped", because="step `b` failed"),
    )
    assert results_of(run) == {
        "status": "partial",
        "results": {"a": 1},
        "undone": [
            {"step": "b", "tool": "a__x", "status": "failed", "error": ERROR, "items": items},
            {"step": "c", "tool": "a__x", "status": "skipped", "because": "step `b` failed"},
        ],
    }


def test_data_of_a_run_without_results_tells_why() -> None:
    """Words, an error, decisions and the plan stand there under the names that the record has for them."""
    run = record("approval_required", step("a", "pending"), answer="A person decides.")
    run.plan, run.decisions = {"steps": []}, [{"tools": ["a__x"], "decision": None}]
    assert results_of(run) == {
        "status": "approval_required",
        "results": {},
        "undone": [{"step": "a", "tool": "a__x", "status": "pending"}],
        "answer": "A person decides.",
        "decisions": [{"tools": ["a__x"], "decision": None}],
        "plan": {"steps": []},
    }
    assert results_of(record("failed", error=ERROR)) == {"status": "failed", "results": {}, "error": ERROR}


def test_data_tells_which_items_are_missing() -> None:
    """A loop that goes on over failures has its list with null in it, and each item that failed with its reason."""
    run = record("partial", step("a", "succeeded", value=[1, None], items=[GOOD_ITEM, BAD_ITEM]))
    assert results_of(run) == {
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
    """It is JSON that can be sent, and ends with the facts about the run."""
    text = data_text(record("ok", step("a", "succeeded", value=[1, "\ud800", "\x9b"])), attached=["Attached: x."])
    assert text.startswith('{"status":"ok","results":{"a":[1,"?","\\u009b"]},"run":{"run_id":"r",')
    assert json.loads(text)["attached"] == ["Attached: x."]
    assert json.loads(text)["run"]["ran"] == [{"tool": "a__x", "calls": 1, "ms": 0}]


def test_data_in_a_room() -> None:
    """What is too long is cut; it stays JSON, says what is missing and how to get it, and keeps what is small."""
    rows = [{"id": number, "text": "t" * 90} for number in range(5_000)]
    run = record("partial", step("a", "succeeded", value=rows), step("b", "succeeded", value=7), step("c", "failed"))
    text = data_text(run, room=10_000, attached=["Attached: x."])
    assert 7_000 < len(text) <= 10_000
    data = json.loads(text)
    assert (data["status"], data["results"]["b"], data["undone"][0]["step"]) == ("partial", 7, "c")
    assert (data["results"]["a"][0], data["results"]["a"][-1]) == (rows[0], rows[-1])
    assert data["cut"] == [f"results.a: {len(data['results']['a']) - 1} of 5,000 items"]
    assert '{"run_id": "r", "select": "a"}' in data["more"]
    assert data["run"]["run_id"] == "r"
    assert data["attached"] == ["Attached: x."]


def test_escapes_count() -> None:
    """Values of characters that are written as escapes fit all the same."""
    run = record("ok", step("a", "succeeded", value=["\u200b" * 900] * 90))
    text = data_text(run, room=12_000)
    assert len(text) <= 12_000
    assert json.loads(text)["cut"]


def test_a_selected_value() -> None:
    """It is JSON as it is, and in an object that says so where it had to be cut."""
    assert value_text("r", {"a": ["é"]}, room=10_000) == '{"a":["é"]}'
    assert value_text("r", "cut", room=10_000) == '"cut"'
    cut = json.loads(value_text("r", ["x" * 50_000], room=10_000))
    assert cut["value"][0].startswith("xxx")
    assert cut["cut"][0].startswith("value[0]: ")
    assert "select less of run r" in cut["more"]


RAN = step("a", "succeeded", value={"n": 1}, started_ms=1.0, ended_ms=201.0)


def finished(answer: str | None, *steps: StepRecord, status: RunStatus = "ok") -> RunRecord:
    """Return a run with a model that took a second."""
    run = record(status, *steps, answer=answer)
    run.usage = Usage(llm_calls=2, prompt_tokens=1_234, completion_tokens=56)
    run.timings_ms = Timings(synthesize=500.0, total=1_100.0)
    run.mode = "single"
    return run


FACTS = "---\nRan: a__x (0.2 s).\nRun r: single, planned by the model; 2 LLM calls, 1,234 + 56 tokens, 1.1 s."


def test_an_answer_ends_with_facts() -> None:
    """After a line that separates them, for every reader."""
    assert text_of(finished("All is well.", RAN)) == f"All is well.\n\n{FACTS}"
    assert text_of(finished("", RAN)) == FACTS
    assert text_of(finished("Yes.", RAN), attached=["Attached: x.", "y."]) == f"Yes.\n\nAttached: x.\n\ny.\n\n{FACTS}"


def test_nothing_hides_in_an_answer() -> None:
    """Controls and hidden characters are told, whoever wrote them."""
    assert text_of(record("ok", answer="a\x1b[2J\u202e\ud800")) == "a\\u001b[2J\\u202e?"


def test_an_answer_in_a_room() -> None:
    """A long one is cut in its middle, keeps its end and the facts, and says how to get the rest."""
    answer = "Begin. " + "word " * 20_000 + "\n\nNot done:\n- a__y failed."
    text = text_of(finished(answer, RAN), room=10_000)
    assert 9_500 < len(text) <= 10_000
    assert text.startswith("Begin. word")
    assert "characters, of which those between are left out" in text
    assert "- a__y failed.\n\nThe whole stays with the run" in text
    assert '{"run_id": "r", "select": "a"}' in text
    assert text.endswith(FACTS)


def test_a_long_result_is_referred_to() -> None:
    """A host learns what the answer was made without, and how to read it; a person at a terminal has other ways."""
    long = step("long", "succeeded", value="x" * 50_000)
    run = finished("Short.", RAN, long)
    assert "Too long to be used whole here: what `long` gave. The whole stays with the run" in text_of(run, room=9_000)
    assert "Too long" not in text_of(run)
    assert "Too long" not in text_of(finished("Short.", RAN), room=9_000)


def test_text_without_steps_is_cut_too() -> None:
    """There is nothing to refer to then."""
    text = text_of(record("plan_required", answer="word " * 9_000), room=5_000)
    assert len(text) <= 5_000
    assert "select" not in text


def test_a_run_that_goes_on() -> None:
    """What is done is shown, what runs and waits is named, and how to wait for the rest is said."""
    going = record("running", RAN, step("b", "running"), step("c", "pending"))
    assert not has_data(going)
    text = text_of(going, room=9_000)
    assert text.startswith("Still running. This is done so far:\n\na__x (step `a`)\n  n: 1\n\nCall orchestrate with ")
    assert '{"run_id": "r"} to wait for the rest' in text
    assert "Ran: a__x (0.2 s). Running: a__x. Not run: a__x." in text


def test_a_run_that_has_just_begun() -> None:
    """There is nothing to show yet."""
    assert text_of(record("running")).startswith("Still running; nothing is done yet.\n\nCall orchestrate with ")


def test_reads_before_the_plan() -> None:
    """While it is written they are named with how far they are, and at the end if no plan came to hold them."""
    run = record("running")
    run.begun = [{"tool": "a__x", "status": "answered"}, {"tool": "b__y", "status": "running"}]
    said = "Still running. Begun while the plan is being written: a__x answered, b__y running."
    assert text_of(run).startswith(f"{said}\n\nCall orchestrate with ")
    run.plan = {"steps": []}
    assert text_of(run).startswith("Still running; nothing is done yet.\n\n")
    run = record("cancelled")
    assert text_of(run) == "Cancelled."
    run.begun = [{"tool": "a__x", "status": "stopped"}]
    assert text_of(run).startswith("Cancelled. Reads had begun while the plan was being written: a__x stopped.")
