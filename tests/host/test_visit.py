"""Replies about runs that there are already."""

import json
from typing import Any

import pytest
from mcp_types import CallToolResult

from batonmcp.core.errors import BatonError
from batonmcp.core.record import RunRecord, StepRecord
from batonmcp.host.visit import reply_again, reply_busy, reply_cancelled, reply_kept, reply_selected
from batonmcp.stages.task import Output
from doubles.hub import record_of, said


def a_run(status: str = "ok", **more: Any) -> RunRecord:  # noqa: ANN401 - fields of a record
    """Return a run of two steps, of which the second did not succeed."""
    steps = [
        StepRecord(id="a", tool="s__a", server="s", effect="read", status="succeeded", value=[1, 2]),
        StepRecord(id="b", tool="s__b", server="s", effect="read", status="failed"),
    ]
    return RunRecord(run_id="r1", query="q", planner="host", status=status, steps=steps, **more)  # type: ignore[arg-type]


def results_of(result: CallToolResult) -> dict[str, Any]:
    """Return the results of data."""
    return json.loads(said(result))["results"]


@pytest.mark.parametrize("answer", ["It is so.", None])
@pytest.mark.parametrize("error", [None, {"kind": "timeout", "message": "Late.", "cure": ""}])
def test_again_as_data(answer: str | None, error: dict[str, str] | None) -> None:
    """The results are data whatever the answer was, and also if it could not be written."""
    result = reply_again(a_run("partial", answer=answer, error=error), "data", ())
    assert results_of(result) == {"a": [1, 2]}
    assert record_of(result)["status"] == "partial"


def test_again_in_words() -> None:
    """The answer, where there is one; else the data."""
    assert said(reply_again(a_run(answer="It is so."), "answer", ())).startswith("It is so.")
    assert results_of(reply_again(a_run(), "answer", ())) == {"a": [1, 2]}


def test_again_as_a_plan() -> None:
    """The plan that ran, as it was checked."""
    run = a_run(answer="It is so.", plan={"steps": [{"id": "a", "tool": "s__a"}]})
    assert json.loads(said(reply_again(run, "plan", ()))) == run.plan


@pytest.mark.parametrize("output", ["answer", "data"])
@pytest.mark.parametrize("status", ["refused", "planned", "no_match"])
def test_a_run_that_came_to_no_results(status: str, output: Output) -> None:
    """It has its words, whatever is asked for."""
    assert said(reply_again(a_run(status, answer="Nothing was run."), output, ())).startswith("Nothing was run.")


def test_cancelled() -> None:
    """Why, and how to read what was done; nothing of the kind where nothing was."""
    result = reply_cancelled(a_run("running"), "The run was cancelled.")
    assert said(result).startswith(
        'The run was cancelled. What it had done can be read: {"run_id": "r1", "select": "a"}.'
    )
    assert (record_of(result)["status"], result.is_error) == ("cancelled", True)
    early = RunRecord(run_id="r3", query="", planner="llm", begun=[{"tool": "a__x", "status": "stopped"}])
    told = "Reads had begun while the plan was being written: a__x stopped."
    assert said(reply_cancelled(early, "The run was cancelled.")).startswith(f"The run was cancelled. {told}")
    nothing = RunRecord(run_id="r2", query="", planner="host")
    assert said(reply_cancelled(nothing, "The run was cancelled.")) == "The run was cancelled."


def test_selected() -> None:
    """A part by an expression; a step that goes on is not read, unless the run is over."""
    assert said(reply_selected(a_run(), "[a[0], b, inputs.x]", {"x": 5})) == "[1,null,5]"
    going = a_run("running")
    going.steps[1].status = "running"
    assert said(reply_selected(going, "a", {})) == "[1,2]"
    with pytest.raises(BatonError, match="Step `b` is not over yet") as error:
        reply_selected(going, "b", {})
    assert "run_id alone" in error.value.info.cure
    with pytest.raises(BatonError, match="`c` is no step of this run"):
        reply_selected(a_run(), "c", {})
    with pytest.raises(BatonError):
        reply_selected(a_run(), "a +", {})


def test_kept() -> None:
    """What a store has: the answer or a hint, parts of what is whole, and a sentence for the rest."""
    preview = {"preview": "abc", "characters": 9_000}
    steps = [{"id": "a", "value": 1}, {"id": "b", "value": preview}]
    kept = {"run_id": "r1", "status": "ok", "answer": "It is so.", "steps": steps, "query": "q"}
    result = reply_kept(kept, "r1", None)
    assert said(result) == "Run r1, ok, as it was kept.\n\nIt is so."
    assert record_of(result)["query"] == "q"
    assert "read them with `select`" in said(reply_kept({**kept, "answer": None}, "r1", None))
    assert said(reply_kept(kept, "r1", "a + 1")) == "2"
    with pytest.raises(BatonError, match="Of what step `b` gave only the beginning is kept now"):
        reply_kept(kept, "r1", "len(b)")
    with pytest.raises(BatonError, match="`a` is no step of this run"):
        reply_kept({"run_id": "r1"}, "r1", "a")


def test_nothing_is_kept() -> None:
    """The id is named as far as one can be, and what to do."""
    with pytest.raises(BatonError) as error:
        reply_kept(None, "x" * 1_000, None)
    assert error.value.info.kind == "unknown_run"
    assert len(str(error.value)) < 250
    assert "Call orchestrate anew" in str(error.value)


def test_busy() -> None:
    """How many work, that nothing ran, and when to come again."""
    result = reply_busy(32)
    assert said(result) == "Busy: 32 runs are at work here and others wait. Nothing was run; try again in 2 s."
    assert record_of(result) == {"status": "busy", "retry_after_s": 2.0}
    assert result.is_error
