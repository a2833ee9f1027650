"""Faults of endpoints of language models. Each test is a row of the matrix, told there in words."""

import gzip
import socket

import anyio
import pytest

from batonmcp.config.settings import LlmSettings
from batonmcp.core.errors import LlmError
from batonmcp.llm.openai_client import OpenAIClient
from batonmcp.llm.port import Request
from doubles import fake_llm
from doubles.fake_llm import Drop, FakeLLM, Hang, Json, JsonObject, Raw, Text, ToolCalls
from doubles.fake_llm import Reply as Played
from doubles.llm_calls import CALL, CALLED, PLANNED, ROUTE, SYNTHESIZE, WRITTEN, HandTime, ask, failure

pytestmark = pytest.mark.anyio

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("key", [None, "sk-s3cret-0123456789"])
async def test_l01_key_is_missing_or_wrong(key: str | None) -> None:
    """The variable is named, the key is not, and nothing is tried again."""
    with FakeLLM([fake_llm.api_error(401, f"Wrong key {key}")], repeat=True) as llm, anyio.fail_after(20):
        client = OpenAIClient(LlmSettings(base_url=llm.base_url, api_key=key, model="m"))
        with pytest.raises(LlmError) as caught:
            await client.complete(ROUTE)
        await client.aclose()
        assert len(llm.requests) == 1
    assert caught.value.info.kind == "llm_auth"
    assert "OPENAI_API_KEY" in caught.value.info.cure
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(("status", "kind"), [(403, "llm_auth"), (404, "llm_not_found")])
async def test_l02_model_is_forbidden_or_unknown(status: int, kind: str) -> None:
    """The model and the host are named, and nothing is tried again."""
    error, requests = await failure([fake_llm.api_error(status, "No.")])
    assert (error.info.kind, requests) == (kind, 1)
    assert "127.0.0.1" in error.info.message
    assert "'m'" in error.info.message


async def test_l03_waits_as_it_is_asked_to() -> None:
    """It waits that long and goes on; what has been waited for is one reply."""
    time = HandTime()
    (reply,), requests = await ask([fake_llm.rate_limited("2"), CALLED], ROUTE, time=time)
    assert (reply.calls, time.pauses, len(requests)) == (CALL, [2.0], 2)


@pytest.mark.parametrize("within", [None, 5.0])
async def test_l04_is_not_to_be_asked_in_time(within: float | None) -> None:
    """It fails at once and says when to come back, as an error has it for programs too; so does the next one."""
    time = HandTime()
    request = Request(stage="route", system="S", user="U", temperature=0, within=within)
    with FakeLLM([fake_llm.rate_limited("90")]) as llm, anyio.fail_after(20):
        client = OpenAIClient(LlmSettings(base_url=llm.base_url, api_key=None, model="m"), timing=time.timing)
        errors: list[LlmError] = []
        for _ in range(2):
            with pytest.raises(LlmError) as caught:
                await client.complete(request)
            errors.append(caught.value)
        await client.aclose()
        assert len(llm.requests) == 1
    assert time.pauses == []
    assert {error.info.kind for error in errors} == {"llm_rate_limited"}
    assert [error.retry_after for error in errors] == [90.0, 90.0]
    assert "asks to come back in 90 s, which is later than this run can wait" in errors[0].info.message
    assert "it is asked again in 90 s" in errors[1].info.message


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"retry-after-ms": "250", "Retry-After": "9"}, 0.25),
        ({"Retry-After": "0.75"}, 0.75),
        ({"Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT"}, None),
        ({"Retry-After": "soon"}, 0.5),
        ({"Retry-After": "1e309"}, 0.5),
        ({"Retry-After": "nan"}, 0.5),
        ({"Retry-After": "-3"}, None),
        ({}, 0.5),
    ],
)
async def test_l05_wait_in_any_form(headers: dict[str, str], expected: float | None) -> None:
    """Milliseconds, seconds and dates are read; nonsense is passed over for a pause of our own."""
    time = HandTime()
    (reply,), _ = await ask([fake_llm.api_error(429, "Slow down.", headers=headers), CALLED], ROUTE, time=time)
    assert reply.calls == CALL
    assert time.pauses == ([] if expected is None else [expected])


@pytest.mark.parametrize("status", [500, 502, 503, 529])
async def test_l06_fails_and_recovers(status: int) -> None:
    """At most two more attempts, with pauses that grow."""
    time = HandTime()
    failed = fake_llm.server_error(status)
    (reply,), requests = await ask([failed, failed, CALLED], ROUTE, time=time)
    assert (reply.calls, reply.requests, len(requests), time.pauses) == (CALL, 3, 3, [0.5, 1.0])


async def test_l07_fails_for_ever() -> None:
    """Three requests in all, by one layer that tries again, and an error that says so."""
    error, requests = await failure([fake_llm.server_error()])
    assert (error.info.kind, requests) == ("llm_overloaded", 3)
    assert "answered 500" in error.info.message


@pytest.mark.parametrize("address", ["http://no-such-host.invalid/v1", "http://127.0.0.1:{port}/v1", "https://{plain}"])
async def test_l09_cannot_be_reached(address: str) -> None:
    """No name, nobody there, and no encryption: the host is named, after at most two more attempts."""
    time = HandTime()
    with FakeLLM([]) as llm, socket.socket() as bound, anyio.fail_after(20):
        bound.bind(("127.0.0.1", 0))
        base_url = address.format(port=bound.getsockname()[1], plain=llm.base_url.removeprefix("http://"))
        client = OpenAIClient(LlmSettings(base_url=base_url, api_key=None, model="m"), timing=time.timing)
        with pytest.raises(LlmError) as caught:
            await client.complete(ROUTE)
        await client.aclose()
        assert llm.requests == []
    assert caught.value.info.kind == "llm_unreachable"
    assert base_url.split("/")[2] in caught.value.info.message
    assert time.pauses == [0.5, 1.0]


async def test_l10_says_nothing() -> None:
    """The time of the whole ends it, and there is no second attempt."""
    error, requests = await failure([Hang()], seconds=0.3)
    assert (error.info.kind, requests) == ("llm_timeout", 1)
    assert "gave no reply within 0.3 s" in error.info.message


async def test_l11_drips() -> None:
    """A byte now and then does not make the time begin anew."""
    error, requests = await failure([Raw(200, JSON, b" " * 50 + b"{}", pace=0.1)], seconds=0.5)
    assert (error.info.kind, requests) == ("llm_timeout", 1)


@pytest.mark.parametrize(
    "broken", [Drop(), Raw(200, {**JSON, "Content-Length": "500"}, b'{"choices": [')], ids=["before", "within"]
)
async def test_l12_connection_is_lost(broken: Played) -> None:
    """Nothing of a body that ends too early is used: it is asked for again."""
    (reply,), requests = await ask([broken, broken, CALLED], ROUTE)
    assert (reply.calls, len(requests)) == (CALL, 3)


@pytest.mark.parametrize(
    "text",
    [
        WRITTEN.text,
        f"\ufeff{WRITTEN.text}",
        f"```json\n{WRITTEN.text}\n```",
        f"Here you are:\n\n```\n{WRITTEN.text}\n```\nI hope that this helps.",
        f"{WRITTEN.text}\n\nThat should do.",
        f"<think>Which one?</think>\n{WRITTEN.text}",
    ],
    ids=["bare", "mark", "fence", "prose around", "prose behind", "thoughts before"],
)
async def test_l14_json_with_something_around_it(text: str) -> None:
    """It is read all the same, at once."""
    (reply,), requests = await ask([Text(text)], ROUTE)
    assert (reply.calls, len(requests)) == (PLANNED, 1)


@pytest.mark.parametrize(
    "reply",
    [
        ToolCalls([("weather__today", '{"city": "Os')]),
        Text('{"steps": [{"id": "s1"'),
        Text('{"name": "made_up", "arguments": {}}'),
    ],
    ids=["cut arguments", "cut plan", "unknown name"],
)
async def test_l14_json_that_is_none(reply: Played) -> None:
    """Once more, in the next form; then an error that quotes it. The form is not changed for good by one."""
    replies, requests = await ask([reply, WRITTEN, CALLED], ROUTE, ROUTE)
    assert [reply.calls for reply in replies] == [PLANNED, CALL]
    assert ["tools" in request.body for request in requests] == [True, False, True]
    assert requests[1].body["response_format"]["type"] == "json_schema"
    error, count = await failure([reply])
    assert (error.info.kind, count) == ("llm_bad_response", 2)


@pytest.mark.parametrize(
    "reply", [fake_llm.no_choices(), fake_llm.null_choices(), Text(""), Json(200, {"choices": [{"message": None}]})]
)
async def test_l22_there_is_nothing(reply: Played) -> None:
    """Once more, then an error."""
    (found,), _ = await ask([reply, CALLED], ROUTE)
    assert found.calls == CALL
    error, requests = await failure([reply])
    assert (error.info.kind, requests) == ("llm_bad_response", 2)


async def test_l23_refuses() -> None:
    """The refusal is passed on in its words; it is not asked again."""
    error, requests = await failure([Json(200, {"choices": [{"message": {"refusal": "I won't do that."}}]})])
    assert (error.info.kind, requests) == ("llm_refused", 1)
    assert "refused: I won't do that." in error.info.message


async def test_l25_calls_that_nobody_offered() -> None:
    """They are passed over; an answer that is nothing else is none."""
    (reply,), _ = await ask([ToolCalls([("weather__today", {})], "Rain.")], SYNTHESIZE)
    assert (reply.text, reply.calls) == ("Rain.", ())
    error, _ = await failure([CALLED], SYNTHESIZE)
    assert error.info.kind == "llm_bad_response"


async def test_l26_page() -> None:
    """The content type is named, and a page is not asked for twice."""
    error, requests = await failure([fake_llm.html_page()])
    assert (error.info.kind, requests) == ("llm_bad_response", 1)
    assert "text/html" in error.info.message


@pytest.mark.parametrize("packed", [False, True])
async def test_l27_body_without_end(packed: bool) -> None:  # noqa: FBT001 - both
    """No more of it is read than any reply has, however small it is packed."""
    body, headers = b'{"choices": [' + b" " * 50_000_000, JSON
    if packed:
        body, headers = gzip.compress(body), {**JSON, "Content-Encoding": "gzip"}
    error, requests = await failure([Raw(200, headers, body)])
    assert (error.info.kind, requests) == ("llm_bad_response", 1)
    assert "more than any reply is long" in error.info.message


@pytest.mark.parametrize("text", ['{"steps": ' + "[" * 100_000, '{"steps": ' + "[" * 100_000 + "]" * 100_000 + "}"])
async def test_l29_deep_plan(text: str) -> None:
    """In a text, in arguments, or as the body: an error, never a crash."""
    for reply in (Text(text), ToolCalls([("weather__today", text)]), Raw(200, JSON, text.encode())):
        error, _ = await failure([reply], retries=0)
        assert error.info.kind == "llm_bad_response"


@pytest.mark.parametrize(
    ("arguments", "read"),
    [
        ('{"n": NaN}', None),
        ('{"n": 1e999}', None),
        ('{"n": 1, "n": 2}', {"n": 2}),
        (f'{{"n": {"7" * 400}}}', {"n": int("7" * 400)}),
        ('{"n": "\\ud800x"}', {"n": "\ufffdx"}),
    ],
)
async def test_l30_odd_json(arguments: str, read: dict[str, object] | None) -> None:
    """Each is refused, or read the same way every time: the last of two keys, a sign for half a character."""
    script = [ToolCalls([("weather__today", arguments)])]
    if read is None:
        error, _ = await failure(script)
        assert "arguments that are not JSON" in error.info.message
        return
    (reply,), _ = await ask(script, ROUTE)
    assert [call.arguments for call in reply.calls] == [read]


async def test_l31_fails_half_of_the_time() -> None:
    """For ten minutes: it is left alone for a while, says for how long, and sees hardly more than a run a request."""
    time, answered, sent = HandTime(), 0, 0
    waits: list[float] = []

    def flaps(_body: JsonObject) -> Played:
        nonlocal sent
        sent += 1
        return fake_llm.server_error() if sent % 2 else CALLED

    with FakeLLM(flaps) as llm, anyio.fail_after(60):
        client = OpenAIClient(LlmSettings(base_url=llm.base_url, api_key=None, model="m"), timing=time.timing)
        for _ in range(300):
            time.now += 2
            try:
                answered += (await client.complete(ROUTE)).calls == CALL
            except LlmError as error:
                waits.append(error.retry_after or 0)
        await client.aclose()
    assert all(0 < wait <= 120 for wait in waits)
    assert answered > 20
    assert sent <= 300 * 1.2


async def test_l34_clock_of_the_day_jumps() -> None:
    """Pauses are measured by a clock that only goes on: with the time of day far off, they are as long as asked."""
    time = HandTime()
    time.now = 5.0
    (reply,), _ = await ask([fake_llm.rate_limited("2"), fake_llm.server_error(), CALLED], ROUTE, time=time)
    assert (reply.calls, time.pauses, time.now) == (CALL, [2.0, 1.0], 8.0)
