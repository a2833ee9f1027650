"""The embedder, against a real HTTP endpoint."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import anyio
import pytest

from batonmcp.config.settings import LlmEndpoint, LlmSettings
from batonmcp.core.discretion import Discretion
from batonmcp.core.errors import LlmError
from batonmcp.llm.embedder import Embedded
from batonmcp.llm.openai_client import OpenAIClient
from batonmcp.llm.openai_embedder import DIMENSIONS, OpenAIEmbedder
from batonmcp.llm.timing import REAL, Timing
from doubles import fake_llm
from doubles.fake_llm import Drop, FakeLLM, Hang, Json, JsonObject, Raw, RecordedRequest, Reply, WordVectors
from doubles.llm_calls import HandTime

pytestmark = pytest.mark.anyio

TIME_S = 20.0
KEY = "sk-s3cret-0123456789"
MINDS = fake_llm.api_error(400, "This model does not support specifying dimensions.", param="dimensions")


def endpoint(base_url: str, **more: Any) -> LlmEndpoint:  # noqa: ANN401 - as the record has them
    """Return an endpoint of embeddings."""
    return replace(LlmEndpoint(base_url=base_url, api_key=KEY, model="e"), **more)


async def embed(
    script: Sequence[Reply] | Callable[[JsonObject], Reply],
    *batches: Sequence[str],
    parameters: dict[str, Any] | None = None,
    retries: int = 0,
    within: float | None = None,
    timing: Timing = REAL,
    timeout: float = TIME_S,  # noqa: ASYNC109 - the setting
) -> tuple[list[Embedded], Sequence[RecordedRequest]]:
    """Embed batches one after the other; return what came and what the endpoint got."""
    rest = iter(script) if not callable(script) else None
    with FakeLLM([], embeddings=(lambda _body: next(rest)) if rest else script) as llm, anyio.fail_after(TIME_S):  # type: ignore[arg-type]
        client = OpenAIClient(LlmSettings(base_url=llm.base_url, api_key=KEY, model="m"))
        at = endpoint(llm.base_url, parameters=parameters or {})
        embedder = OpenAIEmbedder(client, at, Discretion({KEY}), timeout=timeout, retries=retries, timing=timing)
        try:
            return [await embedder.embed(batch, within=within) for batch in batches], llm.requests
        finally:
            await client.aclose()


async def failure(script: Sequence[Reply], **options: Any) -> LlmError:  # noqa: ANN401 - as above
    """Return the error that a script causes. The API key occurs in none."""
    with pytest.raises(LlmError) as caught:
        await embed(script, ["a"], **options)
    assert "s3cret" not in str(caught.value)
    return caught.value


async def test_wire() -> None:
    """On the wire: one path, the model, the texts, and how many dimensions; not one parameter more."""
    (embedded,), (request,) = await embed(WordVectors(), ["one", "two"])
    assert (request.method, request.path) == ("POST", "/v1/embeddings")
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.body == {"model": "e", "input": ["one", "two"], "dimensions": DIMENSIONS}
    assert [len(vector) for vector in embedded.vectors] == [DIMENSIONS] * 2


async def test_parameters_are_sent() -> None:
    """What the settings say stands above what is asked for by default."""
    _, (request,) = await embed(WordVectors(), ["a"], parameters={"dimensions": 32, "user": "u"})
    assert request.body == {"model": "e", "input": ["a"], "dimensions": 32, "user": "u"}


async def test_secrets_are_not_sent() -> None:
    """A secret that stands in a definition or a query stays here."""
    _, (request,) = await embed(WordVectors(), [f"the key {KEY}"])
    assert KEY not in json.dumps(request.body)


async def test_an_endpoint_that_minds_the_dimensions_is_asked_for_its_own() -> None:
    """It is asked once more without them, and never again with them."""
    replies = [MINDS, *[WordVectors()({"input": ["a"]})] * 2]
    embedded, requests = await embed(replies, ["a"], ["a"])
    assert ["dimensions" in request.body for request in requests] == [True, False, False]
    assert [one.requests for one in embedded] == [2, 1]
    assert len(embedded[0].vectors[0]) == WordVectors().dimensions


async def test_dimensions_that_are_configured_are_not_given_up() -> None:
    """What was asked for on purpose and is refused is an error."""
    error = await failure([MINDS], parameters={"dimensions": 32})
    assert "does not support specifying dimensions" in str(error)


@pytest.mark.parametrize(
    ("reply", "kind", "said"),
    [
        (fake_llm.api_error(404, "Unknown request URL."), "llm_not_found", "answered 404 for model 'e'"),
        (fake_llm.unauthorized(), "llm_auth", "answered 401"),
        (fake_llm.api_error(400, f"No {KEY}."), "llm_rejected", "answered 400"),
        (fake_llm.server_error(503), "llm_overloaded", "answered 503"),
        (fake_llm.html_page(), "llm_bad_response", "something that is not JSON"),
        (fake_llm.no_choices(), "llm_bad_response", "0 vectors for 1 texts"),
        (Json(200, {"error": {"code": 429, "message": "slow down"}}), "llm_rate_limited", "answered 429"),
        (Json(200, {"data": [{"embedding": [1.0, float("nan")]}]}), "llm_bad_response", "not finite"),
        (Raw(200, {"Content-Type": "application/json"}, b" " * 4_100_000), "llm_bad_response", "more than any"),
        (Drop(), "llm_unreachable", "cannot be reached"),
    ],
)
async def test_fault_says_what_failed(reply: Reply, kind: str, said: str) -> None:
    """Each fault has a kind and a sentence that names the endpoint; no vector of it is believed."""
    error = await failure([reply])
    assert error.info.kind == kind
    assert said in error.info.message
    assert "127.0.0.1" in error.info.message
    assert error.info.cure


@pytest.mark.parametrize("fault", [fake_llm.rate_limited("2"), fake_llm.server_error(), Drop()])
async def test_passing_fault_is_waited_for(fault: Reply) -> None:
    """As a completion is: as long as the endpoint asks for, or half a second the first time."""
    time = HandTime()
    (embedded,), _ = await embed([fault, WordVectors()({"input": ["a"]})], ["a"], retries=1, timing=time.timing)
    assert embedded.requests == 2
    assert time.pauses == ([2.0] if isinstance(fault, Json) and fault.status == 429 else [0.5])


async def test_what_takes_too_long_to_pass_is_not_waited_for() -> None:
    """An endpoint that asks for more time than there is fails at once, and says so."""
    error = await failure([fake_llm.rate_limited("30")], retries=2, within=5)
    assert "later than this run can wait" in str(error)


@pytest.mark.parametrize("limits", [{"timeout": 0.2}, {"within": 0.2}])
async def test_a_hanging_endpoint_is_left(limits: dict[str, float]) -> None:
    """Within the time of the settings, or of the caller where that is shorter."""
    error = await failure([Hang()], **limits)
    assert error.info.kind == "llm_timeout"
    assert "within 0.2 s" in str(error)


async def test_a_failing_endpoint_is_left_alone() -> None:
    """After it has failed often enough it is not asked any more for a while."""
    time = HandTime()
    asked = 0

    def fail(_body: JsonObject) -> Reply:
        nonlocal asked
        asked += 1
        return fake_llm.server_error()

    with FakeLLM([], embeddings=fail) as llm, anyio.fail_after(TIME_S):
        client = OpenAIClient(LlmSettings(base_url=llm.base_url, api_key=KEY, model="m"))
        embedder = OpenAIEmbedder(
            client, endpoint(llm.base_url), Discretion(), timeout=TIME_S, retries=0, timing=time.timing
        )
        for _ in range(15):
            with pytest.raises(LlmError):
                await embedder.embed(["a"])
        with pytest.raises(LlmError, match="has failed half of the time"):
            await embedder.embed(["a"])
        await client.aclose()
    assert asked == 10


def test_spaces_differ_where_vectors_do() -> None:
    """Another address, model or parameter is another space; the key is none of it, and nothing can be read in it."""
    client = OpenAIClient(LlmSettings(base_url="http://h/v1", api_key=None, model="m"))

    def space(base_url: str = "http://user:pass@h/v1", **more: Any) -> str:  # noqa: ANN401 - as the record has them
        at = endpoint(base_url, **more)
        return OpenAIEmbedder(client, at, Discretion(), timeout=1, retries=0).space

    assert len({space(), space("http://i/v1"), space(model="f"), space(parameters={"dimensions": 9})}) == 4
    assert space() == space(api_key="other")
    assert "pass" not in space()
