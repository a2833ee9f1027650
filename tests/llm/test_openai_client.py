"""The client, against a real HTTP endpoint that plays a script."""

import socket
import threading
from collections.abc import Callable

import anyio
import anyio.to_thread
import pytest

from batonmcp.config.settings import LlmEndpoint, LlmSettings
from batonmcp.core.errors import LlmError
from batonmcp.llm.openai_client import OpenAIClient
from batonmcp.llm.port import Function, FunctionCall, Reply, Request, Tokens
from doubles import fake_llm
from doubles.fake_llm import Drop, FakeLLM, Hang, Json, JsonObject, Raw, Script, Text, ToolCalls, Usage
from doubles.fake_llm import Reply as Played

pytestmark = pytest.mark.anyio

TIME_S = 20.0
KEY = "sk-s3cret-0123456789"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
ROUTE = Request(
    stage="route",
    system="Only choose tools.",
    user="Rain in Oslo?",
    functions=[Function(name="weather__today", description="Tells the weather.", parameters=SCHEMA)],
    temperature=0,
)
SYNTHESIZE = Request(stage="synthesize", system="Answer.", user="Rain in Oslo? It rains.", temperature=0.7)


async def ask(base_url: str, *requests: Request, retries: int = 0) -> list[Reply]:
    """Complete requests one after the other with one client."""
    writer = LlmEndpoint(base_url=base_url, api_key=KEY, model="writer")
    settings = LlmSettings(base_url=base_url, api_key=KEY, model="both", synthesize=writer, timeout=10, retries=retries)
    client = OpenAIClient(settings)
    with anyio.fail_after(TIME_S):
        try:
            return [await client.complete(request) for request in requests]
        finally:
            await client.aclose()


async def refusal(script: Script, *, retries: int = 0) -> LlmError:
    """Return the error that a script causes. The API key occurs in none."""
    with FakeLLM(script) as llm:
        with pytest.raises(LlmError) as caught:
            await ask(llm.base_url, ROUTE, retries=retries)
        assert len(llm.requests) == retries + 1
        assert llm.base_url.split("/")[2] in str(caught.value)
    assert KEY not in str(caught.value)
    assert caught.value.info.kind.startswith("llm_")
    return caught.value


async def test_wire_of_both_stages() -> None:
    """On the wire: one path, the stage's model and temperature, the tools once, and not one parameter more."""
    call = ToolCalls([("weather__today", {"city": "Oslo"})], usage=Usage(prompt_tokens=9, completion_tokens=4))
    with FakeLLM([call, Text("It rains.")]) as llm:
        replies = await ask(llm.base_url, ROUTE, SYNTHESIZE)
        first, second = llm.requests
    assert replies[0].calls == (FunctionCall(name="weather__today", arguments={"city": "Oslo"}),)
    assert replies[0].tokens == Tokens(prompt=9, completion=4)
    assert replies[1].text == "It rains."
    assert {(request.method, request.path) for request in (first, second)} == {("POST", "/v1/chat/completions")}
    assert first.headers["authorization"] == f"Bearer {KEY}"
    function = {"name": "weather__today", "description": "Tells the weather.", "parameters": SCHEMA}
    assert first.body == {
        "model": "both",
        "temperature": 0,
        "messages": [
            {"role": "system", "content": "Only choose tools."},
            {"role": "user", "content": "Rain in Oslo?"},
        ],
        "tools": [{"type": "function", "function": function}],
    }
    assert second.body == {
        "model": "writer",
        "temperature": 0.7,
        "messages": [
            {"role": "system", "content": "Answer."},
            {"role": "user", "content": "Rain in Oslo? It rains."},
        ],
    }
    assert first.client_port == second.client_port


async def test_address_may_end_in_a_slash() -> None:
    """Both ways to write a base_url lead to the same path."""
    with FakeLLM([Text("hi")]) as llm:
        await ask(f"{llm.base_url}/", SYNTHESIZE)
        assert llm.requests[0].path == "/v1/chat/completions"


async def test_endpoint_without_a_key() -> None:
    """No key is no hindrance: a local endpoint gets a placeholder."""
    with FakeLLM([Text("hi")]) as llm, anyio.fail_after(TIME_S):
        client = OpenAIClient(LlmSettings(base_url=llm.base_url, api_key=None, model="m"))
        assert (await client.complete(SYNTHESIZE)).text == "hi"
        await client.aclose()


async def test_opening_sends_nothing() -> None:
    """The client can be made ready ahead of the first call; closing one that was never used is no error."""
    with FakeLLM([]) as llm, anyio.fail_after(TIME_S):
        at = LlmEndpoint(base_url="http://127.0.0.1:9/v1", api_key=None, model="e")
        client = OpenAIClient(LlmSettings(base_url=llm.base_url, api_key=None, model="m", embeddings=at))
        await client.aclose()
        await client.open()
        await client.open()
        await client.aclose()
        assert not llm.requests


async def test_calls_overlap() -> None:
    """Two calls are in flight at once: neither is answered before both have arrived."""
    barrier = threading.Barrier(2)

    def meet(_body: JsonObject) -> Played:
        barrier.wait(TIME_S)
        return Text("met")

    with FakeLLM(meet) as llm, anyio.fail_after(TIME_S):
        client = OpenAIClient(LlmSettings(base_url=llm.base_url, api_key=KEY, model="m"))
        async with anyio.create_task_group() as calls:
            for _ in range(2):
                calls.start_soon(client.complete, SYNTHESIZE)
        await client.aclose()
        assert len(llm.requests) == 2


@pytest.mark.parametrize(
    ("reply", "kind", "sentence", "cure"),
    [
        (
            fake_llm.unauthorized(),
            "llm_auth",
            "answered 401 for model 'both': Incorrect API key",
            "check OPENAI_API_KEY",
        ),
        (fake_llm.api_error(403, "No access."), "llm_auth", "answered 403", "not allowed to use this model"),
        (fake_llm.api_error(404, "No such model."), "llm_not_found", "answered 404", "model's name and base_url"),
        (Raw(404, {"Content-Type": "text/html"}, b"<h1>"), "llm_not_found", "answered 404", "usually ends in /v1"),
        (fake_llm.api_error(400, "No."), "llm_rejected", "answered 400 for model 'both': No.", "can call"),
        (fake_llm.rate_limited(), "llm_rate_limited", "answered 429", "Ask again in 1 s"),
        (fake_llm.server_error(), "llm_overloaded", "answered 500", "Try again later"),
        (fake_llm.server_error(503), "llm_overloaded", "answered 503", "Try again later"),
        (Raw(500, {}, b"oops"), "llm_overloaded", "answered 500 for model 'both': oops.", "Try again later"),
        (fake_llm.html_page(), "llm_bad_response", "answered with text/html that is not JSON", "Check that base_url"),
        (fake_llm.no_choices(), "llm_bad_response", "answered with no choices", "Check that base_url"),
        (fake_llm.null_choices(), "llm_bad_response", "answered with no choices", "Check that base_url"),
        (fake_llm.truncated_arguments("a__b", '{"c'), "llm_length", "reached its output limit", "Raise the limit"),
        (ToolCalls([("a__b", '{"c')]), "llm_bad_response", "called a__b with arguments that are not JSON", "Often"),
        (Drop(), "llm_unreachable", "cannot be reached", "Check base_url"),
        (
            Raw(200, {"Content-Type": "application/json", "Content-Length": "500"}, b'{"id": '),
            "llm_unreachable",
            "cannot be reached",
            "Check base_url",
        ),
    ],
)
async def test_fault_says_what_failed_and_what_to_do(reply: Played, kind: str, sentence: str, cure: str) -> None:
    """Each fault of an endpoint has a kind, a sentence that names the endpoint, and something to do about it."""
    error = await refusal([reply])
    assert error.info.kind == kind
    assert sentence in error.info.message
    assert cure in error.info.cure


@pytest.mark.parametrize(
    "reply",
    [
        fake_llm.api_error(401, f"Invalid token: {KEY}."),
        fake_llm.api_error(400, "x" * 290 + KEY),
        Json(200, {"error": {"message": f"upstream refused {KEY}"}}),
        ToolCalls([(KEY, "[1]")]),
        ToolCalls([("a__b", f'{{"key": "{KEY}')]),
    ],
)
async def test_key_is_hidden_even_if_the_endpoint_repeats_it(reply: Played) -> None:
    """An endpoint that quotes the key does not get it into an error, nor a part of it."""
    assert "s3cret" not in str(await refusal([reply]))


async def test_user_and_password_of_the_address_are_hidden() -> None:
    """What stands before the host in a base_url is no part of the sentence."""
    with pytest.raises(LlmError, match="cannot be reached") as caught:
        await ask("http://user:s3cret@127.0.0.1:9/v1", ROUTE)
    assert "s3cret" not in str(caught.value)
    assert "127.0.0.1:9" in str(caught.value)


async def test_unreachable_names_the_address() -> None:
    """An address nobody listens on is told as such."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{bound.getsockname()[1]}"
        with pytest.raises(LlmError, match=rf"{address} cannot be reached .+Check base_url") as caught:
            await ask(f"http://{address}/v1", ROUTE)
    assert caught.value.info.kind == "llm_unreachable"


def slow_bytes() -> Played:
    """Return a reply of which a byte comes now and then, for ten times the timeout."""
    return Raw(200, {"Content-Type": "application/json"}, b" " * 50 + b"{}", pace=0.1)


@pytest.mark.parametrize(
    ("reply", "retries"),
    [(Hang(), 0), (Hang(), 2), (slow_bytes(), 0)],
    ids=["hang", "hang and retry", "drip"],
)
async def test_timeout_is_for_everything_together(reply: Played, retries: int) -> None:
    """No reply and a dripping one end when the timeout does, retries or not."""
    with FakeLLM([reply], repeat=True) as llm, anyio.fail_after(TIME_S):
        client = OpenAIClient(LlmSettings(base_url=llm.base_url, api_key=KEY, model="m", timeout=0.5, retries=retries))
        await client.open()
        started = anyio.current_time()
        with pytest.raises(LlmError) as caught:
            await client.complete(ROUTE)
        assert anyio.current_time() - started < 2
        await client.aclose()
        assert len(llm.requests) == 1
    assert caught.value.info.kind == "llm_timeout"
    assert "gave no reply within 0.5 s" in caught.value.info.message
    assert 'Raise "timeout" under "llm"' in caught.value.info.cure


async def test_hang_is_left_when_the_caller_leaves() -> None:
    """A cancelled call hangs up: the endpoint does not go on for nobody."""
    with FakeLLM([Hang()]) as llm, anyio.fail_after(TIME_S):
        client = OpenAIClient(LlmSettings(base_url=llm.base_url, api_key=KEY, model="m"))
        async with anyio.create_task_group() as calls:
            calls.start_soon(client.complete, ROUTE)
            await anyio.to_thread.run_sync(llm.wait_requests, 1)
            calls.cancel_scope.cancel()
        await anyio.to_thread.run_sync(llm.wait_hangups, 1)
        await client.aclose()


FAULTS: list[Callable[[], Played]] = [lambda: fake_llm.rate_limited("0.01"), fake_llm.server_error, Drop]


@pytest.mark.parametrize("fault", FAULTS, ids=["429", "500", "drop"])
async def test_passing_fault_is_tried_again(fault: Callable[[], Played]) -> None:
    """An overloaded or unreachable endpoint is asked again, and the caller sees the answer only."""
    with FakeLLM([fault(), Text("at last")]) as llm:
        (reply,) = await ask(llm.base_url, SYNTHESIZE, retries=1)
        assert len(llm.requests) == 2
    assert reply.text == "at last"


async def test_retries_are_counted() -> None:
    """As many attempts as configured are made, and then the fault is told."""
    error = await refusal([fake_llm.server_error()] * 3, retries=2)
    assert error.info.kind == "llm_overloaded"


@pytest.mark.parametrize("reply", [fake_llm.unauthorized(), fake_llm.api_error(400, "No.")])
async def test_lasting_fault_is_not_tried_again(reply: Played) -> None:
    """A refusal that would be the same again is told at once."""
    with FakeLLM([reply]) as llm:
        with pytest.raises(LlmError):
            await ask(llm.base_url, ROUTE, retries=2)
        assert len(llm.requests) == 1
