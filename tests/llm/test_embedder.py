"""The embedder port: what the double of the tests promises, the real client keeps."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import anyio
import pytest

from batonmcp.config.settings import LlmEndpoint, LlmSettings
from batonmcp.core.discretion import Discretion
from batonmcp.llm.embedder import Embedder
from batonmcp.llm.lanes import Lanes
from batonmcp.llm.openai_client import OpenAIClient
from batonmcp.llm.openai_embedder import OpenAIEmbedder
from doubles.embedding import InProcessEmbedder
from doubles.fake_llm import FakeLLM, WordVectors

pytestmark = pytest.mark.anyio

TIME_S = 20.0
TEXTS = ["rain in the city", "trains to the coast", "rain at the coast"]


@asynccontextmanager
async def in_process() -> AsyncGenerator[Embedder]:
    """Open the double."""
    yield InProcessEmbedder()


@asynccontextmanager
async def over_http(words: WordVectors) -> AsyncGenerator[Embedder]:
    """Open the client, at an endpoint that makes these vectors."""
    with FakeLLM([], embeddings=words) as llm:
        client = OpenAIClient(LlmSettings(base_url=llm.base_url, api_key=None, model="m"))
        at = LlmEndpoint(base_url=llm.base_url, api_key=None, model="e")
        yield OpenAIEmbedder(client, at, Discretion(), timeout=TIME_S, retries=0)
        await client.aclose()


WAYS: dict[str, Callable[[], AbstractAsyncContextManager[Embedder]]] = {
    "in process": in_process,
    "lists": lambda: over_http(WordVectors()),
    "packed": lambda: over_http(WordVectors(packed=True)),
    "shuffled": lambda: over_http(WordVectors(shuffled=True)),
}


@pytest.mark.parametrize("way", WAYS)
async def test_one_vector_a_text_in_their_order(way: str) -> None:
    """Each text has a vector, all of one number of dimensions, the same each time, and nearest to itself."""
    with anyio.fail_after(TIME_S):
        async with WAYS[way]() as embedder:
            embedded = await embedder.embed(TEXTS)
            again = [(await embedder.embed([text])).vectors[0] for text in TEXTS]
    assert list(embedded.vectors) == again
    assert len({len(vector) for vector in again}) == 1
    assert (embedded.requests, embedded.tokens > 0) == (1, True)
    lanes = Lanes(embedded.vectors)
    assert [lanes.nearest(vector, 1) for vector in again] == [[0], [1], [2]]


@pytest.mark.parametrize("way", WAYS)
async def test_a_space_has_a_name(way: str) -> None:
    """It is the same each time, and fit for a key."""
    async with WAYS[way]() as embedder:
        assert embedder.space == embedder.space
        assert embedder.space.isalnum()
