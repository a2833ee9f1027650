"""A stream of events, put together."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batonmcp.llm.reply.stream import LARGEST_REPLY, Assembly, assembled


def events(*deltas: dict[str, Any], finish: str = "stop") -> str:
    """Return the events of some deltas."""
    documents: list[dict[str, Any]] = [{"choices": [{"delta": delta}]} for delta in deltas]
    documents.append({"choices": [{"delta": {}, "finish_reason": finish}], "usage": {"prompt_tokens": 9}})
    return "".join(f"data: {json.dumps(document)}\n\n" for document in documents) + "data: [DONE]\n\n"


def calls(*parts: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return the names and arguments that some parts of calls make."""
    document = assembled(events(*({"tool_calls": [part]} for part in parts)))
    assert document is not None
    entries = document["choices"][0]["message"]["tool_calls"]
    return [(entry["function"]["name"], entry["function"]["arguments"]) for entry in entries]


def part(arguments: object = None, *, name: str | None = None, **ids: object) -> dict[str, Any]:
    """Return a part of a call."""
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}
    return {**ids, "function": function}


def test_text_is_joined() -> None:
    """The parts of a text, how it ended, and what was counted."""
    document = assembled(events({"role": "assistant", "content": "It "}, {"content": "rains."}, {"content": None}))
    assert document is not None
    assert document["choices"][0]["message"]["content"] == "It rains."
    assert document["choices"][0]["finish_reason"] == "stop"
    assert document["usage"] == {"prompt_tokens": 9}


@pytest.mark.parametrize(
    "parts",
    [
        [part(name="a", index=0, id="1"), part('{"n":', index=0), part(" 1}", index=0)],
        [part('{"n":', name="a", index=0, id="1"), part(" 1}", index=0, id="1")],
        [part('{"n":', name="a", id="1"), part(" 1}", id="1")],
        [part('{"n":', name="a"), part(" 1}")],
        [part('{"n":', name="a", index=None), part(" 1}", index=None)],
        [part('{"n": 1}', name="a", index=3)],
    ],
)
def test_parts_of_one_call_are_joined(parts: list[dict[str, Any]]) -> None:
    """By index, by id, or by nothing but the order, the parts of a call come together."""
    assert calls(*parts) == [("a", '{"n": 1}')]


def test_name_in_parts_is_one_name() -> None:
    """Parts of a name are joined as long as they are of one call; a name that is repeated is not."""
    assert calls(part(name="weather", index=0, id="1"), part(name="__today", index=0, id="1")) == [
        ("weather__today", "")
    ]
    assert calls(part("{}", name="a", index=0, id="1"), part(name="a", index=0, id="1")) == [("a", "{}")]
    assert calls(part("{}", name="a", index=0, id="1"), part(name="b", index=0, id="1")) == [("a", "{}")]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (events({"content": "It rains."}), "whole"),
        ('data: {"choices": [{"delta": {"content": "It"}, "finish_reason": "stop"}]}\n\n', "whole"),
        ('data: {"choices": [{"delta": {"content": "It"}}]}\n\n', "broken"),
        ('data: {"error": {"message": "gone"}}\n\ndata: [DONE]\n\n', "broken"),
        ('{"choices": [{"message": {"content": "It rains."}}]}', "none"),
        ("<html>", "none"),
    ],
)
def test_streams_that_came_to_their_end(body: str, said: str) -> None:
    """A stream is whole that says that it is over, and had no error."""
    assembly = Assembly()
    assembly.hear(body.encode())
    assembly.end()
    assert assembly.streaming == said


@pytest.mark.parametrize("ids", [({"index": 0}, {"index": 1}), ({"index": 0}, {"index": 0}), ({}, {})])
def test_two_calls_are_told_apart(ids: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """Calls are two where the index says so, and also where it is the same for all or missing."""
    first, second = ids
    assert calls(part("{}", name="a", id="1", **first), part('{"n": 1}', name="b", id="2", **second)) == [
        ("a", "{}"),
        ("b", '{"n": 1}'),
    ]


def test_arguments_that_are_an_object() -> None:
    """Arguments that come as an object are taken as such."""
    assert calls(part({"n": 1}, name="a", index=0)) == [("a", '{"n": 1}')]


def test_error_in_mid_stream() -> None:
    """An error event makes all of it an error."""
    assert assembled('data: {"choices": []}\n\ndata: {"error": {"message": "gone"}}\n\n') == {
        "error": {"message": "gone"}
    }


@pytest.mark.parametrize(
    "said",
    [
        'data: {"object": "error", "message": "gone", "code": 500}',
        'event: error\ndata: {"message": "gone"}',
        'error: {"code": 500, "message": "gone"}',
        "error: gone",
    ],
    ids=["vllm", "event", "llama", "words"],
)
def test_errors_in_other_forms(said: str) -> None:
    """Events that are no completion, but tell what went wrong, are errors too, whatever comes after them."""
    document = assembled(f'data: {{"choices": [{{"delta": {{"content": "It"}}}}]}}\n\n{said}\n\ndata: [DONE]\n\n')
    assert document is not None
    assert "gone" in str(document["error"])
    assert "choices" not in document


def test_a_named_event_that_is_no_error_is_over_with_its_blank_line() -> None:
    """Only the data of an error event are one."""
    document = assembled(f"event: error\n\n{events({'content': 'It rains.'})}")
    assert document is not None
    assert document["choices"][0]["message"]["content"] == "It rains."


@pytest.mark.parametrize(
    "usage",
    [
        {"choices": [], "usage": {"prompt_tokens": 9}},
        {"choices": [{"delta": {}, "usage": {"prompt_tokens": 9}}]},
        {"choices": [], "x_groq": {"usage": {"prompt_tokens": 9}}},
        {"error": {"message": "gone"}, "usage": {"prompt_tokens": 9}},
    ],
    ids=["of its own", "in the choice", "under another name", "with an error"],
)
def test_what_was_counted_is_found(usage: dict[str, Any]) -> None:
    """Wherever an endpoint says what was counted, and also where the stream fails."""
    document = assembled(f"data: {json.dumps(usage)}\n\n")
    assert document is not None
    assert document["usage"] == {"prompt_tokens": 9}


CHANGES: list[Callable[[bytes], bytes]] = [
    lambda body: b"\xef\xbb\xbf" + body,
    lambda body: body.replace(b"\n", b"\r\n"),
    lambda body: body.replace(b"data: ", b"data:"),
    lambda body: b": keep-alive\n\n" + body.replace(b"\n\n", b"\n\n: OPENROUTER PROCESSING\n\n"),
    lambda body: b"\n\n  \n" + body,
    lambda body: b"id: 1\nretry: 5\n" + body,
    lambda body: body + b"data: [DONE]\n\n",
    lambda body: body.rstrip(b"\n"),
]


@pytest.mark.parametrize(
    "change",
    CHANGES,
    ids=["mark", "lines of Windows", "no blank", "comments", "blank lines", "other fields", "two ends", "no last line"],
)
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_frames_in_every_form(change: Callable[[bytes], bytes], size: int) -> None:
    """What the rules of event streams allow is read, however the bytes are cut."""
    body = change(events({"content": "It "}, {"content": "rains."}).encode())
    assembly = Assembly()
    for place in range(0, len(body), size):
        assembly.hear(body[place : place + size])
    assembly.end()
    document = assembly.document()
    assert assembly.streaming == "whole"
    assert document is not None
    assert document["choices"][0]["message"]["content"] == "It rains."


def test_an_endless_reply_ends() -> None:
    """What the reply holds is bounded, and a line that never ends; what a model thinks and frames do not count."""
    thinking = json.dumps({"choices": [{"delta": {"reasoning_content": "x" * 1_000_000}}]}).encode()
    saying = json.dumps({"choices": [{"delta": {"content": "x" * 1_000_000}}]}).encode()
    for said, most in ((thinking, 63), (saying, 4)):
        assembly = Assembly()
        for _ in range(most):
            assembly.hear(b"data: " + said + b"\n\n")
        assert not assembly.is_endless
        assembly.hear(b"data: " + said + b"\n\n")
        assert assembly.is_endless
    assembly = Assembly()
    assembly.hear(b"data: " + b"x" * (LARGEST_REPLY - 6))
    assert not assembly.is_endless
    assembly.hear(b"x")
    assert assembly.is_endless
    assert assembly.hear(b"\n" + events({"content": "x"}).encode()) == []


@pytest.mark.parametrize("text", ["", "{}", "<html>", "data:", "data: [DONE]\n", "data: {not json}\n"])
def test_what_is_no_stream(text: str) -> None:
    """Anything else is none."""
    assert assembled(text) is None


@given(st.text(max_size=40), st.lists(st.integers(1, 5), max_size=12))
def test_any_split_makes_the_same_text(text: str, cuts: list[int]) -> None:
    """However a text was cut into events, it comes out whole."""
    parts: list[str] = []
    rest = text
    for cut in cuts:
        parts.append(rest[:cut])
        rest = rest[cut:]
    document = assembled(events(*({"content": piece} for piece in (*parts, rest))))
    assert document is not None
    assert document["choices"][0]["message"]["content"] == text


def test_calls_are_bounded() -> None:
    """A stream of ever more calls ends at a number that no plan has."""
    assert len(calls(*(part("{}", name="a", id=str(number)) for number in range(1_000)))) == 256
