"""The reply to a call: one text for the model, the record for machines."""

import json
from typing import Any

import pytest
from mcp_types import CallToolResult, ImageContent, TextContent
from pydantic import JsonValue

from batonmcp.core.attachment import Attachment, Contents
from batonmcp.core.errors import ErrorInfo
from batonmcp.core.events import (
    LlmCalled,
    Noted,
    PlanReady,
    RouteStarted,
    RunFinished,
    RunStarted,
    StepFinished,
    StepStarted,
)
from batonmcp.core.outcome import Failed, ItemOutcome, Outcome, Succeeded
from batonmcp.core.record import RunRecord
from batonmcp.core.recorder import Recorder
from batonmcp.host.attached import attached
from batonmcp.host.reply import LARGEST_REPLY, RUN_META, reply, reply_error, reply_value
from batonmcp.host.resources import SeenResources, Shelf
from batonmcp.stages.task import Output
from builders import plan_of, registry, tool

FACTS = "---\nRan: a__x (0 ms).\nRun r: single, planned by the model; 1 LLM call, 1 + 1 tokens."
ERROR = ErrorInfo(kind="llm_auth", message="The endpoint answered 401.", cure="Check the key.")


def run(
    *outcomes: Outcome, end: RunFinished, arguments: dict[str, JsonValue] | None = None, query: str = "q"
) -> RunRecord:
    """Return the record of a run with so many steps."""
    recorder = Recorder(lambda: 0.0)
    recorder(RunStarted(run_id="r", query=query, planner="llm"))
    recorder(RouteStarted(tools=1, agents=["A"]))
    recorder(LlmCalled(stage="route", prompt_tokens=1, completion_tokens=1, cached_tokens=0))
    recorder(Noted(text="a note"))
    if outcomes:
        steps: list[JsonValue] = [
            {"id": f"s{number}", "tool": "a__x", "arguments": arguments or {}} for number, _ in enumerate(outcomes, 1)
        ]
        plan = plan_of({"steps": steps}, registry(tool("a__x")))
        recorder(PlanReady(plan=plan))
        for step, outcome in zip(plan.steps, outcomes, strict=True):
            recorder(StepStarted(step_id=step.id, arguments=[arguments or {}], per_item=False))
            recorder(StepFinished(step_id=step.id, outcome=outcome))
    recorder(end)
    return recorder.record


def text_of(result: CallToolResult) -> str:
    """Return the one text of a result."""
    (block,) = result.content
    assert isinstance(block, TextContent)
    assert result.structured_content is None
    return block.text


def meta_of(result: CallToolResult) -> dict[str, Any]:
    """Return the record in a result, as it goes over the wire."""
    wire = json.loads(result.model_dump_json(by_alias=True, exclude_unset=True))
    assert list(wire["_meta"]) == [RUN_META] == ["batonmcp/run"]
    return wire["_meta"][RUN_META]


def test_an_answer_is_one_text_block() -> None:
    """The answer is the only text, there is no structured content, and the record is beside it without it."""
    result = reply(run(Succeeded(value={"n": 1}), end=RunFinished(status="ok", answer="All is well.")), "answer")
    assert text_of(result) == f"All is well.\n\n{FACTS}"
    assert not result.is_error
    meta = meta_of(result)
    assert (meta["status"], meta["run_id"], meta["mode"], meta["notes"]) == ("ok", "r", "single", ["a note"])
    assert meta["answer"] is None
    assert meta["steps"][0]["value"] == {"n": 1}
    assert meta["plan"]["steps"][0]["tool"] == "a__x"


def test_data_is_json_text() -> None:
    """With `output: data` the text is the results as JSON, readable as it stands."""
    result = reply(run(Succeeded(value={"ä": "→"}), end=RunFinished(status="ok", answer=None)), "data")
    assert text_of(result).startswith('{"status":"ok","results":{"s1":{"ä":"→"}},"run":{"run_id":"r",')
    assert not result.is_error


@pytest.mark.parametrize(
    ("end", "text"),
    [
        (
            RunFinished(status="approval_required", answer="Nothing was run: the plan ..."),
            "Nothing was run: the plan ...",
        ),
        (RunFinished(status="refused", answer="Refused; nothing was run."), "Refused; nothing was run."),
        (RunFinished(status="failed", answer=None, error=ERROR), "The endpoint answered 401. Check the key."),
    ],
    ids=lambda value: value.status if isinstance(value, RunFinished) else "",
)
def test_words_where_there_is_no_data(end: RunFinished, text: str) -> None:
    """A run that ended before its steps says why in words, whatever output was wanted."""
    assert text_of(reply(run(Succeeded(value=1), end=end), "data")) == f"{text}\n\n{FACTS}"


@pytest.mark.parametrize("output", ["answer", "data"])
@pytest.mark.parametrize(
    ("end", "is_error"),
    [
        (RunFinished(status="ok", answer="x"), False),
        (RunFinished(status="partial", answer="x", error=ERROR), False),
        (RunFinished(status="no_match", answer="x"), False),
        (RunFinished(status="plan_required", answer="x"), False),
        (RunFinished(status="plan_required", answer="x", error=ERROR), True),
        (RunFinished(status="approval_required", answer="x"), False),
        (RunFinished(status="failed", answer=None, error=ERROR), True),
    ],
    ids=["ok", "partial", "no_match", "plan wanted", "wrong plan", "approval", "failed"],
)
def test_what_is_an_error(end: RunFinished, is_error: bool, output: Output) -> None:  # noqa: FBT001 - a column of the table
    """A call that could not be done as it was made is a tool error; one that gave something is not."""
    assert reply(run(end=end), output).is_error is is_error


def test_an_error_without_a_run() -> None:
    """A sentence can be the whole reply."""
    result = reply_error("The query is empty.")
    assert (text_of(result), result.is_error, result.meta) == ("The query is empty.", True, None)


LARGE = "x" * 5_000_000
MANY = tuple(ItemOutcome(arguments={"n": "y" * 1_000}, outcome=Succeeded(value="z" * 5_000)) for _ in range(300))


@pytest.mark.parametrize(
    "outcomes",
    [
        [Succeeded(value=LARGE)],
        [Succeeded(value={"list": [LARGE]})],
        [Succeeded(value=list[JsonValue](["z" * 5_000] * 300), items=MANY)],
        [Succeeded(value="ä" * 3_990)] * 24,
        [Failed(error=ErrorInfo(kind="tool_error", message="e" * 2_000), items=MANY)] * 24,
    ],
    ids=["5 MB of text", "5 MB in a list", "many items", "many steps", "many failures"],
)
def test_the_record_stays_bounded(outcomes: list[Outcome]) -> None:
    """However much the tools gave, the record beside the text keeps within 256 KB on the wire."""
    record = run(
        *outcomes,
        end=RunFinished(status="ok", answer="short"),
        arguments={"text": "a" * 10_000},
        query="q" * 65_000,
    )
    result = reply(record, "answer")
    meta = meta_of(result)
    assert len(json.dumps(meta, ensure_ascii=False).encode()) < 256 * 1024
    assert len(meta["steps"]) == len(outcomes)
    assert text_of(result).startswith("short\n\n")


def test_a_long_value_is_a_preview_and_a_short_one_is_whole() -> None:
    """Values over 4 KB become previews with their length; those below stay as they are."""
    record = run(
        Succeeded(value=LARGE), Succeeded(value={"n": "x" * 3_000}), end=RunFinished(status="ok", answer="short")
    )
    large, small = (step["value"] for step in meta_of(reply(record, "answer"))["steps"])
    assert large["characters"] == 5_000_002
    assert large["preview"].startswith('"xxx')
    assert small == {"n": "x" * 3_000}


def test_the_record_itself_is_left_alone() -> None:
    """A reply is made from a copy: the run's own record keeps its values and its answer."""
    record = run(Succeeded(value=LARGE), end=RunFinished(status="ok", answer="short"))
    reply(record, "answer")
    assert record.steps[0].value == LARGE
    assert record.answer == "short"


@pytest.mark.parametrize("output", ["answer", "data"])
def test_halves_of_characters_do_not_end_the_connection(output: Output) -> None:
    """A result with a lone surrogate, which no message can hold, is sent with a question mark in its place."""
    answer = None if output == "data" else "half: \ud800"
    record = run(Succeeded(value={"half \ud800": ["\udfff"]}), end=RunFinished(status="ok", answer=answer))
    result = reply(record, output)
    assert meta_of(result)["steps"][0]["value"] == {"half ?": ["?"]}
    assert "half" in text_of(result)
    text_of(result).encode()
    reply_error("\ud800").model_dump_json()


def test_a_run_in_which_nothing_worked_is_an_error() -> None:
    """A host's model is told by the protocol, too, that there is nothing to use."""
    recorder = Recorder(lambda: 0.0)
    recorder(RunFinished(status="failed", answer="Not done:\n- It broke."))
    assert reply(recorder.record, "answer").is_error
    recorder(RunFinished(status="partial", answer="Half of it."))
    assert not reply(recorder.record, "answer").is_error


IMAGE = Attachment(
    name="image", media="image", mime="image/png", size=400_000, contents=Contents(uri="", blob="QUJD" * 135_000)
)


@pytest.mark.parametrize("output", ["answer", "data"])
@pytest.mark.parametrize(
    "value",
    ["x", "x" * 8_000_000, "\x1b\u200b😀" * 90_000, [{"a": "é\n"}] * 300_000],
    ids=["small", "x", "escapes", "list"],
)
def test_no_host_throws_it_away(value: JsonValue, output: Output) -> None:
    """The text is under 40,000 characters and the whole under 900,000 bytes, whatever tools gave and said."""
    outcomes = [Succeeded(value=value, attachments=(IMAGE, IMAGE))] * 24
    answer = None if output == "data" else str(value)[:500_000]
    record = run(*outcomes, end=RunFinished(status="ok", answer=answer), arguments={"a": "é" * 10_000})
    result = reply(record, output, attached(record, Shelf(SeenResources())))
    text, *blocks = result.content
    assert isinstance(text, TextContent)
    assert len(text.text) < 40_000
    assert len(result.model_dump_json(by_alias=True, exclude_none=True).encode()) < LARGEST_REPLY
    assert [type(block) for block in blocks] == [ImageContent]
    assert "Not attached, as it is too large: image image/png, 400 kB" in text.text
    assert result.structured_content is None
    if output == "data":
        assert json.loads(text.text)["run"]["run_id"] == "r"


def test_lines_about_what_comes_along_are_part_of_the_text() -> None:
    """There is one text, which names images with their step; the images follow."""
    small = Attachment(name="image", media="image", mime="image/png", size=3, contents=Contents(uri="", blob="QUJD"))
    record = run(Succeeded(value=1, attachments=(small,)), end=RunFinished(status="ok", answer="Here it is."))
    text, image = reply(record, "answer", attached(record, Shelf(SeenResources()))).content
    assert isinstance(text, TextContent)
    assert text.text.startswith(
        "Here it is.\n\nAttached: image image/png, 3 bytes, from step `s1`, a__x.\n\n---\nRan: a__x"
    )
    assert isinstance(image, ImageContent)
    assert image.meta == {"batonmcp/step": "s1", "batonmcp/tool": "a__x"}


def test_a_selected_part() -> None:
    """It is JSON, cut where it would be too long; the run it is from is named."""
    result = reply_value("r", {"a": ["é", 1]})
    assert (text_of(result), result.meta) == ('{"a":["é",1]}', {RUN_META: {"run_id": "r"}})
    cut = json.loads(text_of(reply_value("r", ["x" * 90 for _ in range(90_000)])))
    assert cut["cut"][0].endswith(" of 90,000 items")
