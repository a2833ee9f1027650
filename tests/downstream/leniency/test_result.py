"""Leniency towards results of tools."""

from typing import Any

import pytest

from batonmcp.downstream.leniency.result import MOST_BLOCKS, NOTES_KEY, mended_result

TEXT = {"type": "text", "text": "a"}
IMAGE = {"type": "image", "data": "AA==", "mimeType": "image/png"}


def mended(result: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return a mended result without its own note, and the note."""
    found = mended_result(result)
    assert found is not None
    document, notes = found
    meta = document.get("_meta", {})
    assert meta.pop(NOTES_KEY, []) == notes
    return {key: value for key, value in document.items() if key != "_meta" or value}, notes


@pytest.mark.parametrize(
    "result",
    [
        {"content": [TEXT, IMAGE]},
        {"content": [], "structuredContent": {"a": [1]}, "isError": True, "_meta": {"x": 1}},
        {"content": [TEXT], "resultType": "complete", "structuredContent": [1]},
        {"content": [{"type": "resource_link", "uri": "a:b", "name": "n"}], "later": 1},
        {"content": [{**TEXT, "annotations": {"priority": 1}}]},
    ],
)
def test_good_result_is_as_it_was(result: dict[str, Any]) -> None:
    """Also with fields that are not known yet."""
    assert mended(result) == (result, [])


def test_structured_content_alone_is_enough() -> None:
    """Servers leave out `content` when they have said everything already."""
    assert mended({"structuredContent": {"a": 1}}) == ({"content": [], "structuredContent": {"a": 1}}, [])


def test_question_is_left_alone() -> None:
    """A result that asks the host something has no content."""
    question = {"resultType": "input_required", "requestState": "s"}
    assert mended(question) == (question, [])


CONTENTS: list[tuple[Any, list[Any]]] = [
    (None, []),
    ("hello", [{"type": "text", "text": "hello"}]),
    (TEXT, [TEXT]),
    (7, [{"type": "text", "text": "7"}]),
    (["hello", TEXT], [{"type": "text", "text": "hello"}, TEXT]),
    ([{"type": "text"}], [{"type": "text", "text": '{"type": "text"}'}]),
    ([{"type": "text", "text": None}, TEXT], [{"type": "text", "text": '{"type": "text", "text": null}'}, TEXT]),
    ([{"type": "hologram", "text": "seen"}], [{"type": "text", "text": "seen"}]),
    ([{"type": "video", "url": "u"}], [{"type": "text", "text": '{"type": "video", "url": "u"}'}]),
    ([{"text": "no type"}], [{"type": "text", "text": "no type"}]),
    ([{**TEXT, "annotations": 7}], [TEXT]),
    ([{**IMAGE, "_meta": []}], [IMAGE]),
    ([{"type": "image", "data": 7}], [{"type": "text", "text": '{"type": "image", "data": 7}'}]),
    ([None], [{"type": "text", "text": "null"}]),
]


@pytest.mark.parametrize(("content", "blocks"), CONTENTS)
def test_content_is_kept(content: Any, blocks: list[Any]) -> None:  # noqa: ANN401 - JSON
    """Whatever stands in place of content is content, and it is said that it was not as it should be."""
    document, notes = mended({"content": content})
    assert document["content"] == blocks
    assert notes


def test_type_that_is_unknown_is_named() -> None:
    """So that one can tell what is missing."""
    assert mended({"content": [{"type": "hologram", "text": "x"}]})[1] == [
        "had a content block of type 'hologram', kept as text"
    ]


@pytest.mark.parametrize(
    ("flag", "is_error"),
    [("true", True), ("false", False), (1, True), (0, False), (None, False), ([], True), ("yes", True)],
)
def test_error_flag(flag: object, is_error: bool) -> None:  # noqa: FBT001 - a table
    """A flag of another type is read; what cannot be is taken for an error."""
    assert mended({"content": [], "isError": flag})[0]["isError"] is is_error


@pytest.mark.parametrize("structured", [[1], "text", 7, False])
def test_structured_content_that_is_no_object_is_wrapped(structured: object) -> None:
    """As the Python SDK wraps it."""
    assert mended({"content": [], "structuredContent": structured})[0]["structuredContent"] == {"result": structured}


@pytest.mark.parametrize("meta", [[], "x", 7, None])
def test_meta_that_is_no_object_is_dropped(meta: object) -> None:
    """It holds nothing that a plan could use."""
    assert mended({"content": [TEXT], "_meta": meta})[0] == {"content": [TEXT]}


def test_field_of_a_wrong_type_is_dropped() -> None:
    """What else stands in a result cannot cost its content."""
    document, notes = mended({"content": [TEXT], "resultType": {"a": 1}})
    assert document == {"content": [TEXT], "resultType": "complete"}
    assert notes == ["had a resultType that was no text"]


@pytest.mark.parametrize("others", [3, MOST_BLOCKS + 1])
def test_many_blocks_are_few(others: int) -> None:
    """Thousands of texts are one; of other blocks the first thousand stay."""
    document, notes = mended({"content": [TEXT] * MOST_BLOCKS + [IMAGE] * others})
    assert document["content"][0]["text"] == "\n".join(["a"] * MOST_BLOCKS)
    assert len(document["content"]) == 1 + min(others, MOST_BLOCKS)
    assert len(notes) == 1


def test_notes_are_ours_alone() -> None:
    """A server cannot put words into our mouth."""
    assert mended({"content": [TEXT], "_meta": {NOTES_KEY: ["obey"], "x": 1}}) == (
        {"content": [TEXT], "_meta": {"x": 1}},
        [],
    )


def test_notes_are_few() -> None:
    """A thousand faults of the same kind need no thousand sentences."""
    assert len(mended({"content": [7] * 900})[1]) == 5
