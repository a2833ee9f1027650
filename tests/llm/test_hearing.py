"""Replies heard as they come, over real HTTP, from streams that are good, odd and broken."""

import json
import threading
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batonmcp.config.settings import LlmSettings
from batonmcp.core.errors import LlmError
from batonmcp.llm.hearing import Hearing
from batonmcp.llm.openai_client import OpenAIClient
from batonmcp.llm.port import ArgumentsGrew, CallBegun, Heard, Piece, Reply, Request, StreamLost, TextGrew
from doubles import deviations, fake_llm
from doubles.fake_llm import Drop, FakeLLM, Json, JsonObject, RecordedRequest, Script, Streamed, Text, ToolCalls, Usage
from doubles.fake_llm import Reply as Played
from doubles.llm_calls import CALL, CALLED, ROUTE, SYNTHESIZE, HandTime

pytestmark = pytest.mark.anyio

TIME_S = 20.0
EVENTS = fake_llm.events_of(CALLED)


async def hear(
    script: Script,
    *requests: Request,
    stream: str = "auto",
    parameters: dict[str, Any] | None = None,
    heard: Heard | None = None,
) -> tuple[list[Reply], list[Piece], Sequence[RecordedRequest]]:
    """Complete requests one after the other; return the replies, what was heard, and what the endpoint got."""
    pieces: list[Piece] = []
    with FakeLLM(script, repeat=True) as llm, anyio.fail_after(TIME_S):
        configured = LlmSettings(
            base_url=llm.base_url,
            api_key=None,
            model="m",
            parameters=parameters or {},
            stream="off" if stream == "off" else "auto",
        )
        client = OpenAIClient(configured, timing=HandTime().timing)
        try:
            replies = [await client.complete(request, heard or pieces.append) for request in requests]
            return replies, pieces, llm.requests
        finally:
            await client.aclose()


def told(pieces: Sequence[Piece]) -> list[tuple[str, str]]:
    """Return the calls that pieces tell of, with the text of their arguments."""
    calls: dict[int, tuple[str, str]] = {}
    for piece in pieces:
        match piece:
            case StreamLost():
                calls.clear()
            case CallBegun(index=index, name=name):
                calls[index] = (name, "")
            case ArgumentsGrew(index=index, text=text):
                calls[index] = (calls[index][0], calls[index][1] + text)
            case TextGrew():
                pass
    return [calls[index] for index in sorted(calls)]


def streamed(body: JsonObject) -> bool:
    """Whether a request asks for a stream."""
    return body.get("stream") is True


async def test_pieces_come_before_the_end() -> None:
    """What has come is told while the rest is held back; the reply is made of the whole."""
    gate = threading.Event()
    heard: list[Piece] = []

    def listen(piece: Piece) -> None:
        heard.append(piece)
        if isinstance(piece, ArgumentsGrew):
            gate.set()  # only hearing lets the endpoint go on

    parts = [*EVENTS[:3], gate, *EVENTS[3:]]
    replies, _, requests = await hear([Streamed(parts)], ROUTE, heard=listen)
    assert replies[0].calls == CALL
    assert told(heard) == [("weather__today", json.dumps({"city": "Oslo"}))]
    assert requests[0].body["stream"] is True
    assert requests[0].body["stream_options"] == {"include_usage": True}


async def test_tokens_are_counted() -> None:
    """The usage that comes in an event of its own is the reply's."""
    text = Text("It rains.", usage=Usage(prompt_tokens=90, completion_tokens=3, cached_tokens=64))
    (reply,), pieces, _ = await hear([text], SYNTHESIZE)
    assert (reply.tokens.prompt, reply.tokens.completion, reply.tokens.cached) == (90, 3, 64)
    assert "".join(piece.text for piece in pieces if isinstance(piece, TextGrew)) == "It rains."


async def test_nothing_is_streamed_unless_it_is_heard() -> None:
    """Without a listener, and where it is switched off, a reply is asked for in one piece."""
    _, pieces, requests = await hear([CALLED], ROUTE, stream="off")
    assert not pieces
    assert not streamed(requests[0].body)


@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_cut_tells_the_same(data: st.DataObject) -> None:
    """However the bytes are cut, the same is told in the same order, and it is what the whole says."""
    cities = data.draw(st.lists(st.text(max_size=12), max_size=4))
    ascii_only = data.draw(st.booleans())
    calls = [
        (f"tool_{place}", json.dumps({"city": city}, ensure_ascii=ascii_only)) for place, city in enumerate(cities)
    ]
    body = b"".join(fake_llm.events_of(ToolCalls(calls, content=data.draw(st.text(max_size=12)))))
    places = sorted({0, len(body), *data.draw(st.lists(st.integers(0, len(body)), max_size=30))})
    pieces: list[Piece] = []
    hearing = Hearing(pieces.append)
    for begin, end in pairwise(places):
        hearing.hear(body[begin:end])
    assert told(pieces) == calls


# Endpoints that do not stream, or not well: asked again in one piece, silently.


FUNCTION: JsonObject = {"name": "weather__today", "arguments": '{"city": "Oslo"}'}
COMPLETION: JsonObject = {"choices": [{"message": {"tool_calls": [{"id": "c", "function": FUNCTION}]}}]}


def in_one_piece(_body: JsonObject) -> Played:
    """Answer with no stream, whatever is asked."""
    return Json(200, COMPLETION)


def refuses(message: str, *, status: int = 400, param: str | None = None) -> Callable[[JsonObject], Played]:
    """Return an endpoint that refuses streams so."""

    def answer(body: JsonObject) -> Played:
        return fake_llm.api_error(status, message, param=param) if streamed(body) else CALLED

    return answer


@pytest.mark.parametrize(
    "endpoint",
    [
        refuses("Your organization must be verified to stream this model.", param="stream"),
        refuses("Streaming is not supported for this model."),
        refuses("Cannot use tools with stream", status=500),
        refuses("tool calling is not supported in streaming mode", status=422),
        in_one_piece,
    ],
    ids=["openai", "words", "llama", "tools", "json all the same"],
)
async def test_no_stream_is_remembered_at_once(endpoint: Callable[[JsonObject], Played]) -> None:
    """What says that it does not stream, or answers in one piece, is asked for that from then on."""
    replies, pieces, requests = await hear(endpoint, ROUTE, ROUTE)
    assert [reply.calls for reply in replies] == [CALL, CALL]
    assert [streamed(request.body) for request in requests][-1] is False
    assert len([request for request in requests if streamed(request.body)]) == 1
    assert all("tools" in request.body for request in requests), "calls are asked for as before"
    assert not pieces


ERROR = b'data: {"error": {"message": "overloaded", "code": 529}}\n\n'


@pytest.mark.parametrize(
    "stream",
    [
        Streamed([*EVENTS[:4], ERROR]),
        Streamed(EVENTS[:4]),
        Streamed(EVENTS[:4], cut=True),
        Streamed([*EVENTS[:1], *reversed(EVENTS[1:-3]), *EVENTS[-3:]]),
        Drop(),
        fake_llm.server_error(),
        fake_llm.null_choices(),
        Json(200, {"error": {"code": 502, "message": "Gone."}}),
    ],
    ids=["error event", "no end", "cut", "out of order", "dropped", "500", "no choices", "an error as success"],
)
async def test_failed_stream_is_asked_for_in_one_piece(stream: Played) -> None:
    """It is taken back, and asked again; the second time in a row it is remembered, the first may be chance."""
    replies, pieces, requests = await hear(lambda body: stream if streamed(body) else CALLED, ROUTE, ROUTE, ROUTE)
    assert [reply.calls for reply in replies] == [CALL] * 3
    assert [streamed(request.body) for request in requests] == [True, False, True, False, False]
    assert told(pieces) == []
    assert sum(isinstance(piece, StreamLost) for piece in pieces) in {0, 2}


async def test_stream_without_a_last_word_that_says_why_it_ends_is_whole() -> None:
    """A missing `[DONE]` loses nothing where a finish reason has come."""
    replies, _, requests = await hear([Streamed(EVENTS[:-1])], ROUTE, ROUTE)
    assert [reply.calls for reply in replies] == [CALL] * 2
    assert all(streamed(request.body) for request in requests)


async def test_options_of_the_stream_are_left_out_alone() -> None:
    """An endpoint that minds only the wish for a count goes on streaming."""

    def minds_options(body: JsonObject) -> Played:
        if "stream_options" in body:
            return fake_llm.unsupported_parameter("stream_options")
        return CALLED

    _, _, requests = await hear(minds_options, ROUTE, ROUTE)
    assert [(streamed(request.body), "stream_options" in request.body) for request in requests] == [
        (True, True),
        (True, False),
        (True, False),
    ]


async def test_giving_a_stream_up_costs_no_mend() -> None:
    """An endpoint that minds four things beside the stream is asked as it can be all the same."""
    thinks = deviations.openai_that_thinks(CALLED)

    def minds(body: JsonObject) -> Played:
        return fake_llm.unsupported_parameter("stream") if streamed(body) else thinks(body)

    parameters = {"max_tokens": 500, "parallel_tool_calls": True}
    (reply,), _, _ = await hear(minds, ROUTE, parameters=parameters)
    assert (reply.calls, reply.requests) == (CALL, 6)


async def test_stream_that_fails_once_goes_on_next_time() -> None:
    """One failure is no reason to stream no more."""
    script = [Streamed(EVENTS[:4]), CALLED, CALLED, CALLED]
    _, _, requests = await hear(script, ROUTE, ROUTE, ROUTE)
    assert [streamed(request.body) for request in requests] == [True, False, True, True]


async def test_failing_in_one_piece_too_is_told() -> None:
    """The error is that of the endpoint."""
    with pytest.raises(LlmError) as caught:
        await hear(lambda body: Streamed([*EVENTS[:4], ERROR]) if streamed(body) else fake_llm.unauthorized(), ROUTE)
    assert caught.value.info.kind == "llm_auth"
