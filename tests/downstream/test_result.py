"""The result of a call, as an outcome."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp_types import (
    BlobResourceContents,
    CallToolResult,
    ContentBlock,
    EmbeddedResource,
    ImageContent,
    ResourceLink,
    TextContent,
    TextResourceContents,
)
from pydantic import JsonValue

from batonmcp.core.attachment import Attachment
from batonmcp.core.outcome import Failed, Succeeded
from batonmcp.core.tool import Tool
from batonmcp.downstream.leniency.examination import MOST_VALUES
from batonmcp.downstream.leniency.result import NOTES_KEY
from batonmcp.downstream.result import read_result
from builders import tool

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=10,
)


def value(*content: ContentBlock, structured: Any = None) -> JsonValue:  # noqa: ANN401 - JSON
    """Return the value of a successful result."""
    outcome = read_result(CallToolResult(content=list(content), structured_content=structured))
    assert isinstance(outcome, Succeeded)
    return outcome.value


def text(words: str) -> TextContent:
    """Return a block of text."""
    return TextContent(text=words)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ('{"a": [1, 2.5, null]}', {"a": [1, 2.5, None]}),
        ("[1]", [1]),
        ("7", 7),
        ("true", True),
        ('"quoted"', "quoted"),
        ("sunny", "sunny"),
        ("", ""),
        ("{not json", "{not json"),
        ("NaN", "NaN"),
        ('{"a": Infinity}', '{"a": Infinity}'),
        ("1e999", "1e999"),
        ("9" * 5_000, "9" * 5_000),
        ("[" * 100_000, "[" * 100_000),
    ],
    ids=lambda words: str(words)[:12],
)
def test_text_is_parsed_where_it_is_json(words: str, expected: JsonValue) -> None:
    """Text that is JSON becomes what it says, and all other text stays text, numbers that JSON lacks included."""
    assert value(text(words)) == expected


def test_structured_content_wins() -> None:
    """Structured content is the value, even empty, and the text beside it is for people."""
    assert value(text('{"a": 1}'), structured={"b": 2}) == {"b": 2}
    assert value(text("words"), structured={}) == {}


def test_number_that_json_lacks_becomes_null() -> None:
    """NaN and infinity, which many servers send, do not get into a value that is JSON."""
    structured = {"mean": math.nan, "rows": [{"max": math.inf, "min": -1.5}]}
    assert value(structured=structured) == {"mean": None, "rows": [{"max": None, "min": -1.5}]}


@given(JSON)
def test_value_is_always_json(structured: Any) -> None:  # noqa: ANN401 - JSON
    """Whatever comes in, as structured content or as text, the value can be written as strict JSON."""
    json.dumps(value(structured=structured), allow_nan=False)
    json.dumps(value(text(json.dumps(structured))), allow_nan=False)


@given(JSON.filter(lambda found: "NaN" not in json.dumps(found) and "Infinity" not in json.dumps(found)))
def test_json_survives(structured: Any) -> None:  # noqa: ANN401 - JSON
    """JSON arrives unchanged, types included, whether as text or as structured content."""
    assert value(text(json.dumps(structured))) == structured
    if structured is not None:
        assert value(structured=structured) == structured


def test_blocks_are_joined_and_others_are_named() -> None:
    """Texts stand on lines of their own; a link is its address, and what is no text says what it is."""
    blob = BlobResourceContents(uri="file:///b", blob="AA==")
    blocks: list[ContentBlock] = [
        text("one"),
        EmbeddedResource(resource=TextResourceContents(uri="file:///a", text="two")),
        ResourceLink(uri="file:///c", name="c"),
        ImageContent(data="AA==", mime_type="image/png"),
        EmbeddedResource(resource=blob),
    ]
    assert value(*blocks) == "one\ntwo\nfile:///c\n[image image/png, 1 byte]\n[resource b, 1 byte]"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([text("no such\n  city")], "no such city"),
        ([text('{"error": 7}')], '{"error": 7}'),
        ([text("x" * 10_000)], "x" * 2_000),
        ([], "The tool reported an error without saying which."),
        ([text(" ")], "The tool reported an error without saying which."),
    ],
)
def test_error_of_the_tool_is_a_failure_in_its_words(content: list[ContentBlock], message: str) -> None:
    """A result marked as an error fails with what the tool said, on one line and bounded."""
    outcome = read_result(CallToolResult(content=content, is_error=True, structured_content={"ignored": True}))
    assert isinstance(outcome, Failed)
    assert (outcome.error.kind, outcome.error.message) == ("tool_error", message)


@pytest.mark.parametrize(("levels", "is_text"), [(99, False), (101, True), (900, True)])
def test_what_is_nested_too_deeply_stays_text(levels: int, is_text: bool) -> None:  # noqa: FBT001 - a table
    """Values of any depth arrive, those past a hundred levels as the text that they came as."""
    text = "[" * levels + "]" * levels
    outcome = read_result(CallToolResult(content=[TextContent(text=text)]))
    assert isinstance(outcome, Succeeded)
    assert (outcome.value == text) == is_text
    structured: dict[str, Any] = {}
    for _ in range(levels):
        structured = {"a": structured}
    outcome = read_result(CallToolResult(content=[TextContent(text="plain")], structured_content=structured))
    assert isinstance(outcome, Succeeded)
    assert (outcome.value == "plain") == is_text


def test_resources_come_along() -> None:
    """A link's address is in the text as before, and the resource beside the value."""
    outcome = read_result(CallToolResult(content=[ResourceLink(uri="repo://o/a", name="a")]))
    assert outcome == Succeeded(value="repo://o/a", attachments=(Attachment(uri="repo://o/a", name="a"),))


def tool_with(output: dict[str, Any] | None) -> Tool:
    """Return a tool that promises this output."""
    return tool("a__x", output_schema=output)


def noted(result: CallToolResult, output: dict[str, Any] | None) -> tuple[str, ...]:
    """Return the notes of a successful result."""
    outcome = read_result(result, tool_with(output))
    assert isinstance(outcome, Succeeded)
    return outcome.notes


def test_result_that_breaks_its_output_schema_is_kept_and_noted() -> None:
    """The note names the place and the fault."""
    result = CallToolResult(content=[], structured_content={"celsius": "warm\u202e"})
    schema = {"type": "object", "properties": {"celsius": {"type": "number"}}}
    (note,) = noted(result, schema)
    assert note.startswith("The result of a__x does not fit its own output schema: at celsius, ")
    assert note.isprintable()
    assert noted(result, {"type": "object"}) == noted(result, None) == ()


def test_promised_structure_that_is_missing_is_noted() -> None:
    """The text is the value then."""
    assert "promises some" in noted(CallToolResult(content=[text("1")]), {"type": "object"})[0]


def test_what_was_mended_is_noted() -> None:
    """In the words in which it was mended; whatever else stands there is nothing."""
    mended = CallToolResult(content=[], _meta={NOTES_KEY: ["had no content"]})
    assert noted(mended, None) == ("The result of a__x had no content.",)
    assert noted(CallToolResult(content=[], _meta={NOTES_KEY: 7}), None) == ()


def test_text_of_very_many_values_stays_a_text() -> None:
    """To parse it would hold up everything else."""
    few, many = ("[" + "1," * count + "1]" for count in (MOST_VALUES - 1, MOST_VALUES + 1))
    assert isinstance(value(text(few)), list)
    assert value(text(many)) == many


def test_structure_that_is_too_deep_becomes_its_text() -> None:
    """When there is no other text."""
    deep: JsonValue = []
    for _ in range(120):
        deep = [deep]
    assert value(structured={"a": deep}) == json.dumps({"a": deep})


def test_error_is_plain_and_short() -> None:
    """Whatever a tool reports."""
    outcome = read_result(CallToolResult(content=[text("no\x1b\u200b way " + "x" * 9_000_000)], is_error=True))
    assert isinstance(outcome, Failed)
    assert outcome.error.message.startswith("no way xxx")
    assert len(outcome.error.message) == 2_000


def test_images_come_along_and_are_named_in_the_text() -> None:
    """The value has no base64 in it."""
    image = ImageContent(data="QUJD", mime_type="image/png")
    outcome = read_result(CallToolResult(content=[text("before"), image]))
    assert isinstance(outcome, Succeeded)
    assert outcome.value == "before\n[image image/png, 3 bytes]"
    assert [attachment.kind for attachment in outcome.attachments] == ["image"]


def test_malformed_media_are_left_out_with_a_note() -> None:
    """Once for each kind, however many there are."""
    broken = ImageContent(data="<html>", mime_type="image/png")
    outcome = read_result(CallToolResult(content=[broken, broken]), tool_with(None))
    assert isinstance(outcome, Succeeded)
    assert outcome.attachments == ()
    assert outcome.value == "[image without usable data]\n[image without usable data]"
    assert outcome.notes == ("The result of a__x has image content whose data are no base64, so that it was left out.",)
