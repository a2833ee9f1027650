"""What one call takes, by hand and over real HTTP."""

import json
import threading
from dataclasses import replace

import anyio
import anyio.to_thread
import pytest

from batonmcp.config.settings import LlmSettings
from batonmcp.core.errors import LlmError
from batonmcp.llm.account import Account, Tokens
from batonmcp.llm.openai_client import OpenAIClient
from batonmcp.llm.port import Reply
from doubles import fake_llm
from doubles.fake_llm import Drop, FakeLLM, Hang, Json, Raw, Script, Streamed, Text, ToolCalls, Usage
from doubles.fake_llm import Reply as Played
from doubles.llm_calls import CALLED, ROUTE, HandTime

TIME_S = 20.0
USAGE = Usage(prompt_tokens=100, completion_tokens=7)
USELESS = Text("", usage=USAGE)
CUT = ToolCalls([("weather__today", '{"city": "O')], finish_reason="length", usage=USAGE)
EVENTS = fake_llm.events_of(CALLED, usage=USAGE)
COUNT = next(event for event in EVENTS if b"prompt_tokens" in event)
FRAMES = b": " + b"x" * 59_997 + b"\n"
FILTERED = fake_llm.api_error(400, "The response was filtered.", code="content_filter")


async def taken(script: Script, *, stream: bool = False, seconds: float = TIME_S, retries: int = 2) -> Account:
    """Return the account of a call that fails, or that ends by itself after so many seconds."""
    account = Account()
    with FakeLLM(script) as llm, anyio.fail_after(TIME_S):
        settings = LlmSettings(base_url=llm.base_url, api_key=None, model="m", timeout=seconds, retries=retries)
        client = OpenAIClient(settings, timing=HandTime().timing)
        try:
            with pytest.raises(LlmError):
                await client.complete(replace(ROUTE, account=account), _nobody if stream else None)
        finally:
            await client.aclose()
        assert account.requests == len(llm.requests)
    return account


def _nobody(_piece: object) -> None:
    """Hear nothing."""


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("script", "counted", "uncounted"),
    [
        ([USELESS, USELESS], 2, 0),
        ([fake_llm.rate_limited("0"), USELESS, CUT], 2, 0),
        ([fake_llm.unsupported_parameter("temperature"), CUT], 1, 0),
        ([Text("I will", finish_reason="content_filter", usage=USAGE)], 1, 0),
        ([FILTERED], 0, 1),
        ([Json(200, {"choices": [{"message": {"refusal": "No."}}]})], 0, 1),
        ([fake_llm.server_error(), Drop(), fake_llm.server_error()], 0, 0),
        ([fake_llm.unauthorized()], 0, 0),
        ([Raw(200, {"Content-Length": "500"}, b'{"id": '), fake_llm.unauthorized()], 0, 1),
        ([Raw(200, {}, b" " * 4_000_001)], 0, 1),
    ],
    ids=["useless", "three", "cut", "filter", "filter 400", "refusal", "failures", "key", "broken", "endless"],
)
async def test_a_call_that_fails(script: list[Played], counted: int, uncounted: int) -> None:
    """Each answer that a model has written counts, as its endpoint says; what was refused or lost does not."""
    account = await taken(script)
    assert (account.counted, account.uncounted) == (counted, uncounted)
    assert account.tokens == Tokens(prompt=100 * counted, completion=7 * counted)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("stream", "counted", "uncounted"),
    [
        (Streamed([*EVENTS[:4], COUNT], cut=True), 1, 0),
        (Streamed([*EVENTS[:4], COUNT]), 1, 0),
        (Streamed([*EVENTS[:4], b'data: {"error": {"message": "gone"}}\n\n']), 0, 1),
        (Streamed(EVENTS[:4], cut=True), 0, 1),
        (Streamed([COUNT, *[FRAMES] * 1_067]), 1, 0),
    ],
    ids=["cut after the count", "no end after the count", "error", "cut", "endless after the count"],
)
async def test_streams_that_break(stream: Streamed, counted: int, uncounted: int) -> None:
    """What a stream has counted before it broke is known; without a count, that it was read and what was said is."""
    account = await taken([stream, fake_llm.unauthorized()], stream=True)
    assert (account.counted, account.uncounted) == (counted, uncounted)
    assert account.tokens == Tokens(prompt=100 * counted, completion=7 * counted)
    assert bool(account.written) == bool(uncounted)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("script", "counted", "uncounted"),
    [
        ([USELESS, Hang()], 1, 1),
        ([Streamed([*EVENTS[:4], COUNT, threading.Event()])], 1, 0),
        ([Streamed([*EVENTS[:4], threading.Event()])], 0, 1),
    ],
    ids=["after an answer", "after the count", "in a stream"],
)
async def test_a_call_that_takes_too_long(script: list[Played], counted: int, uncounted: int) -> None:
    """What came before the time was over counts, and what was still out may have been read."""
    account = await taken(script, stream=True, seconds=0.5)
    assert (account.counted, account.uncounted) == (counted, uncounted)


@pytest.mark.anyio
async def test_a_call_that_is_cancelled() -> None:
    """What it has taken by then is known."""
    account = Account()
    with FakeLLM([USELESS, Hang()]) as llm, anyio.fail_after(TIME_S):
        client = OpenAIClient(LlmSettings(base_url=llm.base_url, api_key=None, model="m"), timing=HandTime().timing)
        async with anyio.create_task_group() as calls:
            calls.start_soon(client.complete, replace(ROUTE, account=account))
            await anyio.to_thread.run_sync(llm.wait_requests, 2)
            calls.cancel_scope.cancel()
        await client.aclose()
    assert (account.requests, account.counted, account.uncounted) == (2, 1, 1)
    assert account.tokens == Tokens(prompt=100, completion=7)


@pytest.mark.anyio
async def test_a_reply_tells_all_that_it_took() -> None:
    """An account says the same as the reply."""
    account = Account()
    with FakeLLM([USELESS, ToolCalls(CALLED.calls, usage=USAGE)]) as llm, anyio.fail_after(TIME_S):
        client = OpenAIClient(LlmSettings(base_url=llm.base_url, api_key=None, model="m"), timing=HandTime().timing)
        reply = await client.complete(replace(ROUTE, account=account))
        await client.aclose()
    assert isinstance(reply, Reply)
    assert reply.tokens == account.tokens == Tokens(prompt=200, completion=14)
    assert reply.requests == account.requests == 2


# How much of an answer is held.


def said(size: int) -> bytes:
    """Return an event with so much text."""
    return f"data: {json.dumps({'choices': [{'delta': {'content': 'x' * size}}]})}\n\n".encode()


END = b"data: [DONE]\n\n"
TOKEN = b": " + b"x" * (230 - len(said(1)) - 3) + b"\n" + said(1)


@pytest.mark.anyio
@pytest.mark.parametrize("asked", [True, False], ids=["asked for", "unasked"])
@pytest.mark.parametrize(
    ("body", "fits"),
    [
        ([said(4), *[FRAMES] * 1_066, b": " + b"x" * (39_960 - len(said(4))), b"\n", END], True),
        ([said(4), *[FRAMES] * 1_067, END], False),
        ([said(1_000_000), said(1_000_000), said(1_000_000), said(1_000_000), END], True),
        ([said(1_000_000), said(1_000_000), said(1_000_000), said(1_000_001), END], False),
        ([TOKEN * 1_000] * 20 + [END], True),
    ],
    ids=["frames", "too many frames", "text", "too much text", "a token a frame"],
)
async def test_bounds_of_a_stream(body: list[bytes], fits: bool, asked: bool) -> None:  # noqa: FBT001 - both
    """Frames have a bound of their own, far above what the longest reply takes; past either one there is one error."""
    with FakeLLM([Streamed(body)]) as llm, anyio.fail_after(2 * TIME_S):
        client = OpenAIClient(LlmSettings(base_url=llm.base_url, api_key=None, model="m"))
        request = replace(ROUTE, functions=(), plan_function="")
        try:
            if fits:
                reply = await client.complete(request, _nobody if asked else None)
                assert set(reply.text) == {"x"}
            else:
                with pytest.raises(LlmError, match="more than any reply is long") as caught:
                    await client.complete(request, _nobody if asked else None)
                assert caught.value.info.kind == "llm_bad_response"
        finally:
            await client.aclose()
        assert len(llm.requests) == 1


def test_requests_are_settled_once() -> None:
    """Of a request that has been answered nothing more comes, and of none nothing does."""
    account = Account()
    account.settle(Tokens(prompt=9), written=1)
    assert (account.requests, account.tokens, account.counted, account.uncounted) == (0, Tokens(), 0, 0)
    account.send()
    account.settle(Tokens(prompt=9), written=1)
    account.settle(Tokens(prompt=9), written=1)
    assert (account.requests, account.tokens, account.counted, account.uncounted) == (1, Tokens(prompt=9), 1, 0)


def test_what_is_counted_and_what_is_not_are_kept_apart() -> None:
    """A count is the endpoint's; without one there is what came back; a request that nobody read is only a request."""
    account = Account()
    for tokens, written in ((Tokens(prompt=9, completion=1), 50), (Tokens(), 70), (Tokens(), None), (Tokens(), 0)):
        account.send()
        account.settle(tokens, written=written)
    assert (account.requests, account.counted, account.uncounted, account.written) == (4, 1, 2, 70)
    assert account.tokens == Tokens(prompt=9, completion=1)
