"""The reply of a Chat Completions endpoint, read with tolerance."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batonmcp.core.errors import LlmError
from batonmcp.llm.port import FunctionCall, Reply, Tokens
from batonmcp.llm.reply.read import read_reply
from batonmcp.llm.reply.written import Offered

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


OFFERED = Offered(names={"a__x", "b__y", "plan"}, plan="plan")


def read(body: object, offered: Offered = OFFERED) -> Reply:
    """Read a body that is JSON."""
    written = json.dumps(body).encode()
    return read_reply(written, content_type="application/json", endpoint="llm.test", offered=offered)


def said(message: object, **choice: object) -> dict[str, Any]:
    """Return a completion whose first choice has this message."""
    return {"choices": [{"message": message, **choice}]}


def called(arguments: object, name: object = "a__x", **choice: object) -> dict[str, Any]:
    """Return a completion that calls a tool."""
    return said({"content": None, "tool_calls": [{"function": {"name": name, "arguments": arguments}}]}, **choice)


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
    "usage", [None, [], {}, {"prompt_tokens": "nine", "completion_tokens": -1, "prompt_tokens_details": None}]
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
        (said({"content": "Onc"}, finish_reason="length"), "llm_length", "reached its output limit"),
        (called('{"city": "Os', finish_reason="MAX_TOKENS"), "llm_length", "reached its output limit"),
        (said({}, finish_reason="content_filter"), "llm_content_filter", "The content filter of llm.test held the"),
        (said({"content": None}, finish_reason="SAFETY"), "llm_content_filter", "The content filter of llm.test held"),
        (said({"refusal": "I won't."}), "llm_refused", "The model at llm.test refused: I won't."),
        (said({"content": [{"type": "refusal", "refusal": "No."}]}), "llm_refused", "refused: No."),
        (said({}, finish_reason="refusal"), "llm_refused", "it did not say why"),
        (said({"content": "<think>Hm."}), "llm_bad_response", "nothing but the model's thoughts"),
        (said({"content": None, "reasoning_content": "Hm."}), "llm_bad_response", "nothing but the model's thoughts"),
        (said({"content": '{"name": "weather", "arguments": {}}'}), "llm_bad_response", "wrote a call of 'weather'"),
        (said({"content": '{"steps": [{"id": "s1", "to'}), "llm_bad_response", "that is not complete JSON"),
        (said({"content": "<function=a__x>{"}), "llm_bad_response", "that is not complete JSON"),
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


def test_calls_that_nobody_asked_for_are_passed_over() -> None:
    """Where nothing is offered, calls and JSON are no more than that: the text stands, or nothing does."""
    call = {"id": "1", "function": {"name": "a__x", "arguments": "{}"}}
    nothing = Offered()
    assert read(said({"content": "It rains.", "tool_calls": [call]}), nothing) == Reply(text="It rains.")
    text = '{"name": "a__x", "arguments": {}}'
    assert read(said({"content": text}), nothing) == Reply(text=text)
    with pytest.raises(LlmError, match="an empty message"):
        read(said({"content": None, "tool_calls": [call]}), nothing)


def test_calls_where_they_should_be_win_over_those_in_the_text() -> None:
    """A model that calls and also writes about calls has called."""
    message = {"content": '{"name": "b__y", "arguments": {}}', "tool_calls": [{"function": {"name": "a__x"}}]}
    assert [call.name for call in read(said(message)).calls] == ["a__x"]


def test_reason_for_calling_nothing() -> None:
    """An empty plan is no call: its reason is the text, and a plan without one has a sentence all the same."""
    assert read(said({"content": '{"steps": [], "reason": "None fits."}'})) == Reply(text="None fits.")
    assert "found no tool" in read(said({"content": '```json\n{"steps": []}\n```'})).text


def test_halves_of_characters_are_replaced() -> None:
    """Half a character, which JSON can escape and nothing can send on, does not get through."""
    assert read(said({"content": "a\ud800b"})).text.encode()
    (call,) = read(called('{"a": "\\ud83d\\ude00 \\ud800"}')).calls
    assert str(call.arguments["a"]).startswith("\U0001f600 ")
    json.dumps(call.arguments, ensure_ascii=False).encode()


FRAGMENTS = st.sampled_from(
    [
        '{"steps": [{"id": "a", "tool": "a__x", "arguments": {}}]}',
        '{"name": "a__x", "arguments": {"n": 1}}',
        '{"a__x": {}}',
        "```json",
        "```",
        "<think>",
        "</think>",
        "<tool_call>",
        "</tool_call>",
        "<function=a__x>",
        "<parameter=n>",
        "</parameter>",
        "<|channel|>final<|message|>",
        "[TOOL_CALLS]a__x[ARGS]{",
        "Action: a__x\nAction Input:",
        "[a__x(n=1)]",
        "{",
        "[",
        "}",
        "]",
        '"',
        "\n",
        "a__x",
        "\ud800",
        "NaN",
    ]
)


@given(st.lists(FRAGMENTS | st.text(max_size=4), max_size=12).map("".join))
def test_any_text_gives_a_reply_or_a_sentence(text: str) -> None:
    """Nor can any text, of whatever notations it is put together: all calls are of what is offered."""
    body = json.dumps(said({"content": text})).encode()
    check(body)
    with suppress(LlmError):
        assert all(call.name in OFFERED.names for call in read(said({"content": text})).calls)


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
        reply = read_reply(body, content_type="", endpoint="llm.test", offered=OFFERED)
    except LlmError as error:
        assert_never_blank(error)
        return
    assert reply.text or reply.calls
    assert all(call.name for call in reply.calls)
    json.dumps([call.arguments for call in reply.calls], allow_nan=False).encode()
    reply.text.encode()
    assert min(reply.tokens.prompt, reply.tokens.completion, reply.tokens.cached) >= 0


def assert_never_blank(error: LlmError) -> None:
    """An error has a kind, and something to do about it."""
    assert error.info.kind.startswith("llm_")
    assert error.info.cure


@pytest.mark.parametrize(
    ("finish", "kind", "sentence"),
    [
        ("error", "llm_bad_response", "a reply that broke off (finish_reason 'error')"),
        ("insufficient_system_resource", "llm_bad_response", "broke off"),
        ("network_error", "llm_bad_response", "broke off"),
        ("function_call_filter: MALFORMED_FUNCTION_CALL", "llm_bad_response", "malformed_function_call"),
        ("content_filter: PROHIBITED_CONTENT", "llm_content_filter", "held the reply back"),
        ("model_context_window_exceeded", "llm_length", "output limit"),
    ],
)
def test_half_a_reply_is_none(finish: str, kind: str, sentence: str) -> None:
    """What had been said when a reply broke off is no reply, be it words or calls."""
    for message in ({"content": "It ra"}, {"tool_calls": [{"function": {"name": "a__x", "arguments": "{}"}}]}):
        with pytest.raises(LlmError) as caught:
            read(said(message, finish_reason=finish))
        assert caught.value.info.kind == kind
        assert sentence in caught.value.info.message


@pytest.mark.parametrize(
    "body",
    [
        {"choices": [{"error": {"code": "server_error", "message": "It died."}, "message": {"content": "It ra"}}]},
        {"choices": [{"message": {"content": "It ra"}}], "error": {"message": "It died."}},
        {"choices": None, "base_resp": {"status_code": 1, "status_msg": "It died."}},
        {"object": "error", "message": "It died.", "code": 40},
        {"detail": "It died."},
        [{"error": {"message": "It died."}}],
    ],
)
def test_what_went_wrong_is_quoted(body: object) -> None:
    """Wherever an endpoint says what went wrong, its words are in the error, and no word about the address."""
    with pytest.raises(LlmError, match="It died") as caught:
        read(body)
    assert "base_url" not in caught.value.info.cure


@pytest.mark.parametrize(
    "arguments",
    [
        {"steps": [{"id": "s1"}], "reason": "since", "thought": "hm"},
        {"steps": '[{"id": "s1"}]'},
    ],
)
def test_a_plan_is_only_a_plan(arguments: dict[str, Any]) -> None:
    """Words beside a plan are passed over, and steps that are written as a text are steps."""
    (plan,) = read(called(arguments, "plan")).calls
    assert plan.arguments == {"steps": [{"id": "s1"}]}


@pytest.mark.parametrize("text", ["<start_function_call>call:a__x{n:1}", "<\uff5ctool_calls>a__x", "[TOOL_CALLS] a__x"])
def test_a_call_in_an_unknown_notation_is_no_refusal(text: str) -> None:
    """It is no reason for calling nothing: the model is asked again."""
    with pytest.raises(LlmError, match="not complete JSON"):
        read(said({"content": text}))


def test_a_plan_written_as_a_text_of_json() -> None:
    """JSON that is encoded twice is decoded twice."""
    text = json.dumps(json.dumps({"steps": [{"id": "s1", "tool": "a__x"}]}))
    assert [call.name for call in read(said({"content": text})).calls] == ["plan"]


def test_values_one_after_the_other_are_all_calls() -> None:
    """None of several calls is lost, whatever stands between them."""
    call = '{"name": "a__x", "parameters": {"n": 1}}'
    for between in ("; ", ", ", "", "\n"):
        assert len(read(said({"content": f"<|python_tag|>{call}{between}{call}"})).calls) == 2
