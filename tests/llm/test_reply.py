"""The reply of a Chat Completions endpoint, read with tolerance."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batonmcp.core.errors import LlmError
from batonmcp.llm.port import FunctionCall, Reply, Tokens
from batonmcp.llm.reply import read_reply

WORDS = (
    "choices",
    "message",
    "content",
    "tool_calls",
    "function",
    "name",
    "arguments",
    "usage",
    "finish_reason",
    "text",
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(WORDS)
ANY_JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=12,
)


def read(body: object) -> Reply:
    """Read a body that is JSON."""
    return read_reply(json.dumps(body).encode(), content_type="application/json", endpoint="llm.test")


def said(message: object, **choice: object) -> dict[str, Any]:
    """Return a completion whose first choice has this message."""
    return {"choices": [{"message": message, **choice}]}


def called(arguments: object, name: object = "a__x") -> dict[str, Any]:
    """Return a completion that calls a tool."""
    return said({"content": None, "tool_calls": [{"function": {"name": name, "arguments": arguments}}]})


def test_text_with_tokens() -> None:
    """A text arrives without the white space around it, with the tokens as the endpoint counted them."""
    usage = {"prompt_tokens": 90, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 64}}
    reply = read({**said({"content": " Rain.\n"}, finish_reason="stop"), "usage": usage})
    assert reply == Reply(text="Rain.", tokens=Tokens(prompt=90, completion=3, cached=64))


def test_calls_come_in_order_with_the_text_beside_them() -> None:
    """Every call is kept, in the model's order, and so is what it said while calling."""
    calls = [{"id": str(n), "type": "function", "function": {"name": n, "arguments": "{}"}} for n in ("b__y", "a__x")]
    reply = read(said({"content": "let me see", "tool_calls": calls}))
    assert reply.text == "let me see"
    assert [call.name for call in reply.calls] == ["b__y", "a__x"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ('{"city": "Oslo"}', {"city": "Oslo"}),
        ({"city": "Oslo"}, {"city": "Oslo"}),
        ('"{\\"city\\": \\"Oslo\\"}"', {"city": "Oslo"}),
        ("{}", {}),
        ("", {}),
        ("  ", {}),
        (None, {}),
        ("null", {}),
        ('{"n": 1.5, "deep": [{"a": null}]}', {"n": 1.5, "deep": [{"a": None}]}),
    ],
)
def test_arguments_in_every_form_seen(arguments: object, expected: dict[str, Any]) -> None:
    """Arguments are JSON text by the book; an object, nothing, and JSON text of JSON text occur as well."""
    assert read(called(arguments)).calls == (FunctionCall(name="a__x", arguments=expected),)


BARE_CALLS: list[dict[str, Any]] = [
    {"tool_calls": [{"function": {"name": "a__x"}}]},
    {"tool_calls": [{"name": "a__x", "arguments": "{}"}], "content": ""},
    {"tool_calls": [{"function": {"name": "a__x", "arguments": {}}, "index": None}], "content": []},
]


@pytest.mark.parametrize("message", BARE_CALLS)
def test_calls_without_their_trimmings(message: dict[str, Any]) -> None:
    """Neither id nor type nor the level `function` is needed to know what is meant."""
    assert read(said(message, finish_reason="stop")).calls == (FunctionCall(name="a__x", arguments={}),)


CONTENTS: list[tuple[Any, str]] = [
    ("hi", "hi"),
    ([{"type": "text", "text": "a "}, {"type": "text", "text": "b"}], "a b"),
    ([{"type": "image_url", "image_url": {}}, {"type": "text", "text": "b"}, "c", None], "b"),
]


@pytest.mark.parametrize(("content", "text"), CONTENTS)
def test_content_as_text_or_parts(content: object, text: str) -> None:
    """The text parts of a list of parts make the text; other parts are passed over."""
    assert read(said({"content": content})).text == text


@pytest.mark.parametrize(
    "usage", [None, [], {}, {"prompt_tokens": "9", "completion_tokens": -1, "prompt_tokens_details": None}]
)
def test_tokens_that_are_not_counted_are_zero(usage: object) -> None:
    """Missing or nonsensical counts are zero, not an error."""
    assert read({**said({"content": "hi"}), "usage": usage}).tokens == Tokens()


@pytest.mark.parametrize(
    ("body", "kind", "sentence"),
    [
        ({}, "llm_bad_response", "The LLM endpoint llm.test answered with no choices."),
        ({"choices": []}, "llm_bad_response", "no choices"),
        ({"choices": None}, "llm_bad_response", "no choices"),
        ({"error": {"message": "overloaded"}}, "llm_bad_response", "no choices (overloaded)"),
        ({"error": "overloaded"}, "llm_bad_response", "no choices (overloaded)"),
        ({"choices": [7]}, "llm_bad_response", "an empty message"),
        (said(None), "llm_bad_response", "an empty message"),
        (said({"content": " ", "tool_calls": []}), "llm_bad_response", "an empty message"),
        (said({"tool_calls": [{"function": {"arguments": "{}"}}]}), "llm_bad_response", "a tool call without a name"),
        (said({"tool_calls": ["a__x"]}), "llm_bad_response", "a tool call without a name"),
        (called("[1]"), "llm_bad_response", "a call of a__x whose arguments are no object"),
        (called('{"city": "Os'), "llm_bad_response", "The model at llm.test called a__x with arguments that are not"),
        (called('{"n": NaN}'), "llm_bad_response", "arguments that are not JSON"),
        (called('{"n": 1e999}'), "llm_bad_response", "arguments that are not JSON"),
        (said({"content": "Onc"}, finish_reason="length"), "llm_truncated", "reached its output limit"),
        (said({}, finish_reason="content_filter"), "llm_refusal", "The content filter of llm.test held the reply"),
        (said({"refusal": "I won't."}), "llm_refusal", "The model at llm.test refused: I won't."),
        ([], "llm_bad_response", "JSON that is not an object"),
    ],
)
def test_unusable_reply_says_what_it_was(body: object, kind: str, sentence: str) -> None:
    """Each way to give no usable reply has a kind for programs and a sentence that names the endpoint."""
    with pytest.raises(LlmError) as caught:
        read(body)
    assert caught.value.info.kind == kind
    assert sentence in caught.value.info.message
    assert "llm.test" in caught.value.info.message


def test_page_instead_of_json_names_its_type_and_the_likely_mistake() -> None:
    """A web page, as from a proxy or a wrong address, is told by its content type."""
    with pytest.raises(LlmError, match=r"text/html that is not JSON\. Check that base_url names an OpenAI-compatible"):
        read_reply(b"<!doctype html>", content_type="text/html", endpoint="llm.test")


def test_long_complaint_is_cut() -> None:
    """What a model or an endpoint says at length does not become an error of the same length."""
    for body in (said({"refusal": "no " * 10_000}), {"error": "no " * 10_000}, called("{" * 10_000)):
        with pytest.raises(LlmError) as caught:
            read(body)
        assert len(str(caught.value)) < 600


@given(ANY_JSON)
def test_any_json_gives_a_reply_or_a_sentence(body: object) -> None:
    """No JSON can raise anything but `LlmError`, and what is read keeps its promises."""
    check(json.dumps(body).encode())


@given(ANY_JSON, st.text(max_size=30) | ANY_JSON.map(json.dumps))
def test_any_message_gives_a_reply_or_a_sentence(message: object, arguments: str) -> None:
    """Nor can anything inside a well-formed frame."""
    check(json.dumps(said(message)).encode())
    check(json.dumps(called(arguments)).encode())


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes_give_a_reply_or_a_sentence(body: bytes) -> None:
    """Nor can any bytes."""
    check(body)


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b"1" * 5_000, b'{"choices": [' + b"[" * 100_000], ids=["[", "1", "in"]
)
def test_hostile_bytes_give_a_sentence(body: bytes) -> None:
    """Depth and length that the parser refuses are an unusable reply, not a crash."""
    with pytest.raises(LlmError, match="that is not JSON"):
        read_reply(body, content_type="application/json", endpoint="llm.test")


def check(body: bytes) -> None:
    """Read a body; whatever comes back must be what the port promises."""
    try:
        reply = read_reply(body, content_type="", endpoint="llm.test")
    except LlmError:
        return
    assert reply.text or reply.calls
    assert all(call.name for call in reply.calls)
    assert min(reply.tokens.prompt, reply.tokens.completion, reply.tokens.cached) >= 0
