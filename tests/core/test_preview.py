"""A run record made small."""

import json
from typing import Any

import pytest
from pydantic import JsonValue

from batonmcp.core.effect import EffectKind
from batonmcp.core.errors import ErrorInfo
from batonmcp.core.events import Noted, PlanReady, RunFinished, RunStarted, StepFinished, StepStarted
from batonmcp.core.limits import Limits
from batonmcp.core.outcome import Failed, ItemOutcome, Succeeded
from batonmcp.core.preview import preview
from batonmcp.core.recorder import Recorder
from builders import plan_of, registry, tool

KB = 1024


def record(
    value: JsonValue = None,
    argument: JsonValue = None,
    *,
    steps: int = 1,
    query: str = "q",
    message: str = "",
    effect: EffectKind = "read",
) -> dict[str, Any]:
    """Return the record of a run whose steps all took and gave the same, and failed if there is a message."""
    recorder = Recorder(lambda: 0.0)
    plan = plan_of(
        {"steps": [{"id": f"s{number}", "tool": "a__x", "arguments": {"a": argument}} for number in range(steps)]},
        registry(tool(effect=effect)),
        limits=Limits(steps=steps),
    )
    recorder(RunStarted(run_id="r", query=query, planner="llm"))
    recorder(PlanReady(plan=plan))
    for step in plan.steps:
        recorder(StepStarted(step_id=step.id, arguments=({"a": argument},), per_item=False))
        item = ItemOutcome(arguments={"a": argument}, outcome=Succeeded(value=value))
        if message:
            error = ErrorInfo(kind="tool_error", message=message, cure=message)
            recorder(StepFinished(step_id=step.id, outcome=Failed(error=error, items=(item,))))
        else:
            recorder(StepFinished(step_id=step.id, outcome=Succeeded(value=value, items=(item,))))
    recorder(Noted(text="A note."))
    recorder(RunFinished(status="ok", answer="The answer."))
    return recorder.record.as_json()


def size(document: Any) -> int:  # noqa: ANN401 - JSON
    """Return how many bytes a document takes however it is written."""
    return len(json.dumps(document).encode())


def test_a_small_record_stays_but_for_its_answer() -> None:
    """The answer is the text that the record travels with; nobody needs it twice."""
    whole = record({"a": [1, "two", None]}, "x")
    assert preview(whole) == {**whole, "answer": None}


def test_the_record_itself_is_not_changed() -> None:
    """The store keeps the whole of what travels in part."""
    whole = record("x" * 10_000)
    before = json.dumps(whole)
    preview(whole)
    assert json.dumps(whole) == before


@pytest.mark.parametrize("text", ["x" * 5_000, "é" * 2_500, "語" * 1_500, "😀" * 1_100])
def test_a_value_over_4_kb_becomes_a_preview(text: str) -> None:
    """Its beginning and its length, counted in bytes whatever the language; arguments and items likewise."""
    (step,) = preview(record(text, text))["steps"]
    shown = {"preview": f'"{text[:399]}', "characters": len(text) + 2}
    assert step["value"] == shown
    assert step["arguments"]["characters"] == len(text) + len('{"a":""}')
    assert set(step["items"]) == {"preview", "characters"}


def test_a_long_result_becomes_a_preview() -> None:
    """The text holds it in full."""
    whole = {**record(), "result": ["x" * 5_000]}
    assert preview(whole)["result"] == {"preview": '["' + "x" * 398, "characters": 5_004}


def test_a_value_up_to_4_kb_stays() -> None:
    """Previews are for what is long."""
    (step,) = preview(record("x" * 3_900))["steps"]
    assert step["value"] == "x" * 3_900


def test_a_long_query_is_cut_with_its_length() -> None:
    """The host knows what it asked."""
    query = preview(record(query="x" * 60_000))["query"]
    assert len(query) < 5_000
    assert query.endswith("… (60,000 characters)")


def test_many_values_become_shorter_previews_of_themselves() -> None:
    """Where 4 KB each is too much, every preview still shows its value's own text and length."""
    small = preview(record("x" * 3_900, "y" * 3_900, steps=40))
    assert size(small) <= 256 * KB
    for step in small["steps"]:
        assert step["value"]["characters"] == 3_902
        assert step["value"]["preview"].startswith('"xxx')


@pytest.mark.parametrize("character", ["x", "\n", "é", "語", "😀", "\ud800"], ids=ascii)
@pytest.mark.parametrize("message", ["", "m" * 20_000, "😀" * 20_000], ids=["fine", "failed", "failed in emoji"])
def test_the_whole_is_under_256_kb(character: str, message: str) -> None:
    """However many steps, long values, long errors and rare characters there are."""
    whole = record(character * 30_000, character * 30_000, steps=24, query=character * 60_000, message=message)
    small = preview(whole)
    assert size(small) <= 256 * KB
    assert len(small["steps"]) == 24


def test_a_record_of_very_many_steps_says_what_is_missing() -> None:
    """Where nothing helps, the steps are left out and a note says so; what the run was stays."""
    whole = record(steps=1_500, effect="write")
    assert size(whole) > 256 * KB
    small = preview(whole)
    assert size(small) <= 256 * KB
    assert (small["run_id"], small["status"], small["steps"]) == ("r", "ok", [])
    assert "steps were left out" in small["notes"][0]


def test_steps_keep_what_is_short() -> None:
    """Ids, tools, status, times and order of every step are there in the smallest form too."""
    whole = record("x" * 30_000, "y" * 30_000, steps=24, message="m" * 30_000)
    kept = ["id", "tool", "server", "effect", "status", "waited_for", "attempts", "started_ms", "ended_ms"]
    for small, step in zip(preview(whole)["steps"], whole["steps"], strict=True):
        assert {key: small[key] for key in kept} == {key: step[key] for key in kept}
        assert small["error"]["kind"] == "tool_error"


def test_a_lower_limit() -> None:
    """Where other things travel with it, it is smaller still."""
    whole = record("x" * 3_900, steps=20)
    assert 60_000 < size(preview(whole)) <= 256_000
    small = preview(whole, most=60_000)
    assert (size(small) <= 60_000, len(small["steps"])) == (True, 20)
    assert preview(whole, most=5_000)["steps"] == []
