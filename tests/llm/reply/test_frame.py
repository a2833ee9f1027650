"""The frame of a reply."""

import json
from typing import Any

import pytest

from batonmcp.llm.reply.frame import read_frame, text_of_parts
from batonmcp.llm.reply.unusable import Unusable


def frame(document: object, content_type: str = "application/json") -> Any:  # noqa: ANN401 - looked into
    """Return the frame of a document."""
    return read_frame(json.dumps(document).encode(), content_type=content_type, endpoint="llm.test")


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"choices": [{"message": {"content": "a"}}]}, {"content": "a"}),
        ({"choices": {"message": {"content": "a"}}}, {"content": "a"}),
        ({"choices": [{"message": {"content": ""}}, {"message": {"content": "b"}}]}, {"content": "b"}),
        ({"choices": [{"delta": {"content": "a"}}]}, {"content": "a"}),
        ({"choices": [{"text": "a"}]}, {"content": "a"}),
        ({"message": {"content": "a"}, "done": True}, {"content": "a"}),
    ],
)
def test_message_wherever_it_is(document: object, message: dict[str, Any]) -> None:
    """The message is found by the book, and where older and other formats have it; the first that says anything."""
    assert frame(document).message == message


def test_body_with_a_mark_and_a_stream() -> None:
    """A byte order mark is no fault, and events are put together although none were asked for."""
    body = json.dumps({"choices": [{"message": {"content": "a"}, "finish_reason": "STOP"}], "usage": 7}).encode()
    found = read_frame(b"\xef\xbb\xbf" + body, content_type="application/json", endpoint="e")
    assert (found.message, found.finish, found.usage) == ({"content": "a"}, "stop", 7)
    events = b'data: {"choices": [{"delta": {"content": "a"}}]}\n\ndata: [DONE]\n\n'
    assert read_frame(events, content_type="text/event-stream", endpoint="e").message["content"] == "a"


@pytest.mark.parametrize(
    ("body", "content_type", "again"),
    [(b"<html>", "text/html", False), (b'{"choices": [', "application/json", True), (b"", "", False)],
)
def test_what_is_no_json_is_told_by_its_type(body: bytes, content_type: str, again: bool) -> None:  # noqa: FBT001
    """A page will be the same again; JSON that broke off may come whole the next time."""
    with pytest.raises(Unusable, match="that is not JSON") as caught:
        read_frame(body, content_type=content_type, endpoint="llm.test")
    assert caught.value.again is again
    assert (content_type or "something") in caught.value.info.message


def test_complaint_in_place_of_choices_is_quoted() -> None:
    """What an endpoint says in place of choices is a part of the sentence, cut to a readable length."""
    with pytest.raises(Unusable, match=r"no choices \(overloaded\)"):
        frame({"error": {"message": "overloaded"}})
    with pytest.raises(Unusable) as caught:
        frame({"error": "x" * 10_000})
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (" a ", "a"),
        ("\ufeffa", "a"),
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "ab"),
        ([{"type": "thinking", "text": "hm"}, {"type": "output_text", "text": "a"}], "a"),
        ([{"type": "reasoning", "text": "hm"}], ""),
        ({"type": "text", "text": "a"}, "a"),
        (None, ""),
        (7, ""),
    ],
)
def test_text_of_parts(content: object, text: str) -> None:
    """Parts of text are joined; what a model only thought is no text."""
    assert text_of_parts(content) == text
