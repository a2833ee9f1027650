"""Embeddings in whole runs: over HTTP, with a store in a file, across what would be a restart."""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import anyio
import pytest

from batonmcp.config.settings import LlmEndpoint, LlmSettings
from batonmcp.core.discretion import Discretion
from batonmcp.core.limits import Limits
from batonmcp.core.prices import Price, price_of
from batonmcp.core.record import RunRecord
from batonmcp.llm.definitions import AT_ONCE, Definitions
from batonmcp.llm.openai_client import OpenAIClient
from batonmcp.llm.openai_embedder import OpenAIEmbedder
from batonmcp.stages.audience import Audience
from batonmcp.stages.orchestrate import orchestrate
from batonmcp.stages.ports import Embeddings, Ports
from batonmcp.stages.task import Task
from batonmcp.store.routes import Routes
from batonmcp.store.sqlite import SqliteStore
from batonmcp.store.vectors import Vectors
from builders import registry, tool
from doubles import fake_llm
from doubles.fake_llm import FakeLLM, Hang, Json, JsonObject, Reply, Text, ToolCalls, WordVectors
from doubles.ports import InProcessTools

pytestmark = pytest.mark.anyio

TIME_S = 30.0
QUERY = "Umbrella tomorrow?"
RIGHT = "sky__outlook"
PATIENT = Limits(catalogue_tokens=1_000, run_timeout=1_000)
SAME = WordVectors(synonyms={"umbrella": "rain"})
TOOLS = registry(
    tool(RIGHT, description="Rain rain rain."),
    *(tool(f"sky__a{n:03}", description=f"Tells of tomorrow, part {n}.") for n in range(80)),
    *(tool(f"s{n % 5}__tomorrow{n:03}", description=f"Tells of tomorrow, part {n}.") for n in range(400)),
)
BATCHES = -(-len(TOOLS) // AT_ONCE)

FREE = Price(prompt=0.0, completion=0.0)
Ask = Callable[..., Awaitable[RunRecord]]


def choose(body: JsonObject) -> Reply:
    """Play a model that takes the right tool where it is shown it, and any other where it is not."""
    if "tools" not in body:
        return Text("Take one.")
    shown = f"\n{RIGHT}(" in body["messages"][0]["content"]
    step: JsonObject = {"id": "s1", "tool": RIGHT if shown else "s0__tomorrow000", "arguments": {}}
    return ToolCalls([("plan_execution", {"steps": [step]})])


@asynccontextmanager
async def process(llm: FakeLLM, path: Path) -> AsyncGenerator[Ask]:
    """Yield what asks in a process of its own, as far as memory goes."""
    store = SqliteStore(path)
    client = OpenAIClient(LlmSettings(base_url=llm.base_url, api_key=None, model="m", retries=0))
    at = LlmEndpoint(base_url=llm.base_url, api_key=None, model="text-embedding-3-small")
    embedder = OpenAIEmbedder(client, at, Discretion(), timeout=TIME_S, retries=0)
    embeddings = Embeddings(
        embedder=embedder, definitions=Definitions(embedder.space, Vectors(store)), price=price_of(at.model, {})
    )

    async def ask(query: str = QUERY, *, limits: Limits = PATIENT, fresh: bool = True) -> RunRecord:
        ports = Ports(
            tools=InProcessTools(TOOLS),
            planner="llm",
            llm=client,
            limits=limits,
            clock=time.monotonic,
            now=lambda: datetime(2026, 11, 22, 12, 0, tzinfo=UTC),
            routes=Routes(store),
            route_model="m",
            prices={"route": FREE, "synthesize": FREE},
            embeddings=embeddings,
        )
        return await orchestrate(Task(query=query, fresh=fresh), ports, Audience())

    with anyio.fail_after(TIME_S):
        try:
            await client.open()
            yield ask
        finally:
            await client.aclose()
            await store.aclose()


def used(record: RunRecord) -> list[str]:
    """Return the tools of a run that ended well."""
    assert record.status == "ok", record
    return [step.tool for step in record.steps]


async def test_a_tool_that_shares_no_word_is_shown(tmp_path: Path) -> None:
    """It is found by its vector; embeddings are told apart from the two calls, and have their price."""
    with FakeLLM(choose, embeddings=SAME) as llm:
        async with process(llm, tmp_path / "s") as ask:
            record = await ask()
    assert used(record) == [RIGHT]
    usage = record.usage
    assert (usage.llm_calls, usage.embedding_requests) == (2, 1 + BATCHES)
    sent = sum(SAME(body).body["usage"]["prompt_tokens"] for body in llm.embedded)  # type: ignore[index]
    assert usage.embedding_tokens == sent
    assert usage.cost_usd == pytest.approx(sent * 0.02e-6)
    assert [note for note in record.notes if "ranked by their words alone" in note] == []
    assert sum("were left out" in note for note in record.notes) == 1


async def test_a_restart_embeds_the_query_alone(tmp_path: Path) -> None:
    """Definitions are kept in the store's file."""
    with FakeLLM(choose, embeddings=SAME) as llm:
        async with process(llm, tmp_path / "s") as ask:
            await ask()
        before = len(llm.embedded)
        async with process(llm, tmp_path / "s") as ask:
            record = await ask()
        assert [body["input"] for body in llm.embedded[before:]] == [[QUERY]]
    assert used(record) == [RIGHT]


async def test_nothing_is_embedded_where_nothing_is_left_out(tmp_path: Path) -> None:
    """Within the budget, and on a route that is used again, no vector is asked for."""
    with FakeLLM(choose, embeddings=SAME) as llm:
        async with process(llm, tmp_path / "s") as ask:
            await ask(limits=Limits())
            assert llm.embedded == []
            await ask(fresh=False)
            count = len(llm.embedded)
            again = await ask(fresh=False)
        assert len(llm.embedded) == count
    assert (again.planner, again.usage.embedding_requests) == ("cache", 0)


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (None, "answered 404 for model 'text-embedding-3-small'"),
        (fake_llm.html_page(), "answered with something that is not JSON"),
        (Json(200, {"data": []}), "answered with 0 vectors for 1 texts"),
        (fake_llm.server_error(), "answered 500"),
        (Hang(), "The endpoint of embeddings did not answer in time."),
    ],
    ids=["404", "page", "count", "500", "hang"],
)
async def test_a_run_never_fails_of_it(tmp_path: Path, reply: Reply | None, said: str) -> None:
    """The tools are ranked by their words, and one note says why."""
    with FakeLLM(choose, embeddings=(lambda _body: reply) if reply else None) as llm:
        async with process(llm, tmp_path / "s") as ask:
            record = await ask(limits=replace(PATIENT, run_timeout=10 if isinstance(reply, Hang) else 1_000))
    assert used(record) == ["s0__tomorrow000"]
    (note,) = [note for note in record.notes if "ranked by their words alone" in note]
    assert said in note
    assert (record.usage.llm_calls, record.usage.embedding_requests) == (2, 1)


async def test_a_budget_leaves_the_calls_their_room(tmp_path: Path) -> None:
    """A run that may not spend on embeddings is planned and answered without them."""
    limits = replace(PATIENT, llm_tokens=20_000)
    with FakeLLM(choose, embeddings=SAME) as llm:
        async with process(llm, tmp_path / "s") as ask:
            record = await ask(limits=limits)
    assert used(record) == ["s0__tomorrow000"]
    assert any("more than a tenth of the 20,000" in note for note in record.notes)
