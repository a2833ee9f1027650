"""Endpoints that deviate, over real HTTP: what is asked, how often, and what is remembered."""

import anyio
import pytest

from batonmcp.config.settings import LlmEndpoint, LlmSettings
from batonmcp.core.errors import LlmError
from batonmcp.llm.memory import Dialects
from batonmcp.llm.openai_client import OpenAIClient
from batonmcp.llm.port import FunctionCall, Request
from doubles import deviations, fake_llm
from doubles.deviations import AnEndpoint
from doubles.fake_llm import FakeLLM, Json, JsonObject, Text, Usage
from doubles.fake_llm import Reply as Played
from doubles.llm_calls import CALL, CALLED, PLANNED, ROUTE, SYNTHESIZE, WRITTEN, ask, failure

pytestmark = pytest.mark.anyio

TIME_S = 20.0


# Complaints, each answered by asking otherwise, and remembered.


@pytest.mark.parametrize(
    ("endpoint", "calls", "mends"),
    [
        (deviations.openai_that_thinks(CALLED), CALL, 4),
        (deviations.azure_without_effort_none(WRITTEN), PLANNED, 3),
        (deviations.vllm_without_parser(WRITTEN), PLANNED, 1),
        (deviations.llama_without_jinja(WRITTEN), PLANNED, 1),
        (deviations.llama_with_grammars(CALLED), CALL, 1),
        (deviations.ollama_without_tools(WRITTEN), PLANNED, 1),
        (deviations.openrouter_without_tools(WRITTEN), PLANNED, 1),
        (deviations.text_only(Text(f"Here it is:\n```json\n{WRITTEN.text}\n```")), PLANNED, 3),
        (deviations.gemma_without_system(CALLED), CALL, 1),
        (deviations.fastapi_that_forbids_extras("parallel_tool_calls", "temperature", reply=CALLED), CALL, 2),
        (deviations.with_at_most(1, WRITTEN), PLANNED, 1),
    ],
    ids=[
        "openai that thinks",
        "azure",
        "vllm",
        "llama without jinja",
        "llama with grammars",
        "ollama",
        "openrouter",
        "text only",
        "gemma",
        "fastapi",
        "many tools",
    ],
)
async def test_endpoint_is_asked_as_it_can_be(
    endpoint: AnEndpoint, calls: tuple[FunctionCall, ...], mends: int
) -> None:
    """Each complaint costs one request the first time, and none from then on."""
    parameters = {"max_tokens": 500, "parallel_tool_calls": True}
    replies, requests = await ask(endpoint, ROUTE, ROUTE, parameters=parameters)
    assert [reply.calls for reply in replies] == [calls, calls]
    assert [reply.requests for reply in replies] == [1 + mends, 1]
    assert len(requests) == 2 + mends


async def test_limit_is_given_where_it_is_asked_for() -> None:
    """An endpoint that answers nothing without a limit of output tokens gets one."""
    (reply,), requests = await ask(deviations.wants_max_tokens(Text("Rain.")), SYNTHESIZE)
    assert (reply.text, reply.requests) == ("Rain.", 2)
    assert requests[1].body["max_tokens"] == 4_096


async def test_what_is_learned_counts_for_both_stages() -> None:
    """The dialect is the endpoint's and the model's, whoever asks."""
    endpoint = deviations.gemma_without_system(Text("Rain."))
    _, requests = await ask(endpoint, SYNTHESIZE, SYNTHESIZE)
    assert [[message["role"] for message in request.body["messages"]] for request in requests] == [
        ["system", "user"],
        ["user"],
        ["user"],
    ]


async def test_each_endpoint_learns_for_itself() -> None:
    """Separate endpoints of the stages are called with their own keys and models, and do not share what is learned."""
    with (
        FakeLLM(deviations.vllm_without_parser(WRITTEN)) as router,
        FakeLLM([Text("Rain.")]) as writer,
        anyio.fail_after(TIME_S),
    ):
        own = LlmEndpoint(base_url=writer.base_url, api_key="w", model="writer")
        client = OpenAIClient(LlmSettings(base_url=router.base_url, api_key="r", model="router", synthesize=own))
        assert (await client.complete(ROUTE)).calls == PLANNED
        assert (await client.complete(SYNTHESIZE)).text == "Rain."
        await client.aclose()
        assert [request.body["model"] for request in router.requests] == ["router", "router"]
        assert [request.headers["authorization"] for request in router.requests] == ["Bearer r"] * 2
        assert [request.body["model"] for request in writer.requests] == ["writer"]
        assert [request.headers["authorization"] for request in writer.requests] == ["Bearer w"]


async def test_complaints_end() -> None:
    """An endpoint that minds everything is given up after four changes, with its last complaint."""

    def minds_all(body: JsonObject) -> Played:
        first = next(iter(sorted(body.keys() - {"model", "messages", "temperature"})), "model")
        return fake_llm.unsupported_parameter(first)

    parameters = dict.fromkeys("abcdefg", 1)
    error, requests = await failure(minds_all, SYNTHESIZE, parameters=parameters)
    assert (error.info.kind, requests) == ("llm_rejected", 5)
    assert "'e' is not supported" in error.info.message


async def test_failed_changes_are_not_remembered() -> None:
    """What did not lead to a reply may have been for nothing: the next request starts from what is known."""
    dialects = Dialects()
    endpoint = LlmEndpoint(base_url="http://llm.test/v1", api_key=None, model="m")
    script = [fake_llm.unsupported_parameter("temperature"), fake_llm.unauthorized()]
    with pytest.raises(LlmError):
        await ask(script, ROUTE, dialects=dialects)
    assert (await dialects.of(endpoint)).dropped == frozenset()


# Azure.


async def test_azure_on_the_wire() -> None:
    """A deployment's own path, the version in the query, and the key under Azure's name; or a token in its place."""
    with FakeLLM([CALLED], repeat=True) as llm, anyio.fail_after(TIME_S):
        base = f"{llm.base_url.removesuffix('/v1')}/openai/deployments/d"
        for key, token in (("az-1", None), (None, "ad-1")):
            settings = LlmSettings(base_url=base, api_key=key, ad_token=token, model="gpt", api_version="2024-10-21")
            client = OpenAIClient(settings)
            assert (await client.complete(ROUTE)).calls == CALL
            await client.aclose()
        by_key, by_token = llm.requests
    assert by_key.path == by_token.path == "/openai/deployments/d/chat/completions?api-version=2024-10-21"
    assert by_key.headers["api-key"] == "az-1"
    assert "authorization" not in by_key.headers
    assert by_token.headers["authorization"] == "Bearer ad-1"
    assert "api-key" not in by_token.headers


async def test_complaints_within_a_success_count_as_what_they_are() -> None:
    """A gateway's 200 with the failure of what is behind it is waited for as well."""
    (reply,), _ = await ask([Json(200, {"error": {"code": 502, "message": "Gone."}}), CALLED], ROUTE)
    assert (reply.calls, reply.requests) == (CALL, 2)


@pytest.mark.parametrize("within", [0.0, -1.0])
async def test_no_time_left(within: float) -> None:
    """A caller without time gets an error, and nothing is sent."""
    request = Request(stage="route", system="S", user="U", temperature=0, within=within)
    error, requests = await failure([CALLED], request)
    assert (error.info.kind, requests) == ("llm_timeout", 0)


async def test_form_that_fails_twice_in_a_row_is_given_up() -> None:
    """An endpoint whose tool calls are of no use twice running is asked for JSON from then on, whatever it writes."""

    def loses_calls(body: JsonObject) -> Played:
        return fake_llm.null_choices() if "tools" in body else WRITTEN

    replies, _ = await ask(loses_calls, ROUTE, SYNTHESIZE, ROUTE, SYNTHESIZE, ROUTE)
    replies = replies[::2]
    assert [reply.requests for reply in replies] == [2, 2, 1]
    assert [reply.calls for reply in replies] == [PLANNED] * 3


async def test_tokens_of_all_requests_count() -> None:
    """What a reply of no use has cost is paid for, and told."""
    useless = Text("", usage=Usage(prompt_tokens=100, completion_tokens=0))
    good = Text("Rain.", usage=Usage(prompt_tokens=100, completion_tokens=3, cached_tokens=64))
    (reply,), _ = await ask([useless, good], SYNTHESIZE)
    assert (reply.tokens.prompt, reply.tokens.completion, reply.tokens.cached) == (200, 3, 64)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (fake_llm.html_page(), "llm_bad_response"),
        (fake_llm.truncated_arguments("weather__today", '{"city": "Os'), "llm_length"),
        (Text("I cannot", finish_reason="content_filter"), "llm_content_filter"),
        (Json(200, {"choices": [{"message": {"refusal": "I won't."}}]}), "llm_refused"),
        (
            fake_llm.api_error(400, "maximum context length is 8192 tokens", code="context_length_exceeded"),
            "llm_context_length",
        ),
        (fake_llm.api_error(400, "filtered", code="content_filter"), "llm_content_filter"),
    ],
    ids=["page", "length", "filter", "refusal", "context", "azure filter"],
)
async def test_what_would_be_the_same_again_is_told_at_once(reply: Played, kind: str) -> None:
    """No second request is made, and each has a kind that says what to do otherwise."""
    error, requests = await failure([reply])
    assert (error.info.kind, requests) == (kind, 1)
    assert error.info.cure


async def test_cut_prompt_is_noted() -> None:
    """A prompt of which far fewer tokens were counted comes back with a note; one that was counted well has none."""
    long = Request(stage="synthesize", system="S", user="word " * 6_000, temperature=0.7)
    cut = Text("Rain.", usage=Usage(prompt_tokens=4_096, completion_tokens=1))
    whole = Text("Rain.", usage=Usage(prompt_tokens=6_001, completion_tokens=1))
    replies, _ = await ask([cut, whole], long, long)
    assert "counted 4,096 tokens" in replies[0].notes[0]
    assert replies[1].notes == ()


@pytest.mark.parametrize("usage", [None, {"prompt_tokens": "9", "completion_tokens": None}, "many"])
async def test_usage_of_any_type(usage: object) -> None:
    """A count that is missing, a text or nonsense is no reason to lose a reply."""
    body = {"choices": [{"message": {"content": "Rain."}}], "usage": usage}
    (reply,), _ = await ask([Json(200, body)], SYNTHESIZE)
    assert reply.text == "Rain."
    assert reply.tokens.prompt in {0, 9}


async def test_stream_that_nobody_asked_for() -> None:
    """Gateways that always stream are read all the same."""
    events = (
        'data: {"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"name": "weather__today"}}]}}]}\n\n'
        'data: {"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"arguments": "{\\"city\\": "}}]}}]}\n\n'
        'data: {"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"arguments": "\\"Oslo\\"}"}}]}}]}\n\n'
        "data: [DONE]\n\n"
    )
    (reply,), _ = await ask([fake_llm.Raw(200, {"Content-Type": "text/event-stream"}, events.encode())], ROUTE)
    assert reply.calls == CALL
