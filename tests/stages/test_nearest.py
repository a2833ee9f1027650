"""The tools nearest to a query, within the time and the room of a run."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
import pytest

from batonmcp.core.errors import BatonError, LlmError
from batonmcp.core.events import Event, Noted
from batonmcp.core.registry import Registry
from batonmcp.llm.definitions import AT_ONCE, Definitions
from batonmcp.stages.nearest import Nearest, nearest
from builders import registry, tool
from doubles.embedding import InProcessEmbedder
from doubles.fake_llm import WordVectors

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", ["virtual"], indirect=True)]

TIME_S = 20.0
LONG = 10_000.0
SHORT = 120.0
"""Seconds of a run: a small part of it is more than a test takes, or three seconds."""

MANY = 5 * AT_ONCE
BROKEN = LlmError(kind="llm_not_found", message="The endpoint h answered 404.", cure="Check it.")
RAINY = WordVectors(synonyms={"umbrella": "rain"})


def many(*more: str) -> Registry:
    """Return a registry of many tools, and of some with a description."""
    told = (tool(f"weather__w{number}", description=text) for number, text in enumerate(more))
    return registry(*told, *(tool(f"s{n % 4}__t{n:03}", description=f"Does thing {n}.") for n in range(MANY)))


@dataclass
class Run:
    """One run's ranking, and what it told."""

    definitions: Definitions
    embedder: InProcessEmbedder = field(default_factory=lambda: InProcessEmbedder(RAINY))
    seconds: float = LONG
    events: list[Event] = field(default_factory=list[Event])

    @property
    def notes(self) -> list[str]:
        """What the record says."""
        return [event.text for event in self.events if isinstance(event, Noted)]

    @asynccontextmanager
    async def begin(self) -> AsyncGenerator[Nearest]:
        """Yield the ranking while the run goes on."""
        context = nearest(self.embedder, self.definitions, seconds=self.seconds, emit=self.events.append)
        with anyio.fail_after(TIME_S):
            async with context as ranking:
                assert ranking is not None
                yield ranking


async def test_what_shares_no_word_may_be_nearest() -> None:
    """The definition that says the same in other words comes first; every tool has a place, and nothing is noted."""
    known, run = many("Rain."), Run(Definitions("s"))
    async with run.begin() as ranking:
        names = await ranking.names(known, "Umbrella?")
    assert names[0] == "weather__w0"
    assert set(names) == set(known.tools)
    assert run.notes == []


async def test_asked_twice_it_embeds_once() -> None:
    """A second question of the same run costs nothing."""
    known, run = many(), Run(Definitions("s"))
    async with run.begin() as ranking:
        first = await ranking.names(known, "rain")
        asked = len(run.embedder.asked)
        assert await ranking.names(known, "rain") == first
    assert len(run.embedder.asked) == asked == 1 + MANY // AT_ONCE


async def test_the_next_run_embeds_the_query_alone() -> None:
    """Definitions are there for all runs."""
    known, definitions = many(), Definitions("s")
    for count in (1 + MANY, 1):
        run = Run(definitions)
        async with run.begin() as ranking:
            assert await ranking.names(known, "rain")
        assert len(run.embedder.texts) == count


async def test_a_run_that_cannot_wait_goes_on_without() -> None:
    """It is told what is missing; the embedding goes on while the run does, and the next one embeds the rest."""
    known, definitions = many(), Definitions("s")
    run = Run(definitions, seconds=SHORT)
    run.embedder.gates = {number: anyio.Event() for number in range(3, 20)}
    async with run.begin() as ranking:
        assert await ranking.names(known, "rain") == ()
        run.embedder.gates[4].set()
        await anyio.wait_all_tasks_blocked()
    left = MANY - AT_ONCE
    told = f"Of {MANY} definitions {left} are not embedded yet; that goes on while runs do."
    assert run.notes == [f"The tools were ranked by their words alone. {told}"]
    after = Run(definitions)
    async with after.begin() as ranking:
        assert await ranking.names(known, "rain")
    assert len(after.embedder.texts) == 1 + left - AT_ONCE
    assert after.notes == []


async def test_an_endpoint_that_does_not_answer_is_not_waited_for() -> None:
    """Its silence costs a small part of the run's time."""
    run = Run(Definitions("s"), seconds=SHORT)
    run.embedder.gates[1] = anyio.Event()
    began = anyio.current_time()
    async with run.begin() as ranking:
        assert await ranking.names(many(), "rain") == ()
    assert anyio.current_time() - began == pytest.approx(3.0)
    assert run.notes == [
        "The tools were ranked by their words alone. The endpoint of embeddings did not answer in time."
    ]


@pytest.mark.parametrize("request_number", [1, 2, 4])
async def test_any_failure_is_one_note(request_number: int) -> None:
    """Whichever request fails, the run goes on; the note names the cause and its cure, once."""
    known = many()
    run = Run(Definitions("s"), InProcessEmbedder(fails=dict.fromkeys(range(request_number, 20), BROKEN)))
    async with run.begin() as ranking:
        assert await ranking.names(known, "rain") == ()
        assert await ranking.names(known, "rain") == ()
    assert run.notes == ["The tools were ranked by their words alone. The endpoint h answered 404. Check it."]


async def test_an_endpoint_without_embeddings_is_asked_once_a_run() -> None:
    """The query goes first: nothing else is sent where that fails."""
    run = Run(Definitions("s"), InProcessEmbedder(fails={1: BROKEN}))
    async with run.begin() as ranking:
        await ranking.names(many(), "rain")
    assert len(run.embedder.asked) == 1


async def test_two_runs_embed_each_text_once() -> None:
    """The second waits for what the first has begun, and has its ranking too."""
    known, definitions = many(), Definitions("s")
    one, other = Run(definitions), Run(definitions)
    gate = one.embedder.gates[2] = anyio.Event()
    found: list[int] = []

    async def rank(run: Run) -> None:
        async with run.begin() as ranking:
            found.append(len(await ranking.names(known, "rain")))

    with anyio.fail_after(TIME_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(rank, one)
            await one.embedder.asked_for(2)
            tasks.start_soon(rank, other)
            await other.embedder.asked_for(1)
            gate.set()
    assert found == [MANY, MANY]
    assert (len(one.embedder.texts), len(other.embedder.texts)) == (1 + MANY, 1)


async def test_a_run_that_ends_leaves_its_turn() -> None:
    """What it had begun ends with it, and another run takes over."""
    known, definitions = many(), Definitions("s")
    run = Run(definitions, seconds=SHORT)
    run.embedder.gates = {number: anyio.Event() for number in range(2, 20)}
    async with run.begin() as ranking:
        await ranking.names(known, "rain")
        await run.embedder.asked_for(2)
    assert not definitions.turn.locked()
    after = Run(definitions)
    async with after.begin() as ranking:
        assert len(await ranking.names(known, "rain")) == MANY


async def test_a_query_without_words_is_not_embedded() -> None:
    """Endpoints refuse empty texts."""
    run = Run(Definitions("s"))
    async with run.begin() as ranking:
        assert await ranking.names(many(), " \n") == ()
    assert run.embedder.asked == []
    assert run.notes == []


async def test_a_long_query_is_cut() -> None:
    """Models take so much and no more, and what can be encoded."""
    run = Run(Definitions("s"))
    async with run.begin() as ranking:
        await ranking.names(many(), "rain \ud800" * 10_000)
    assert len(run.embedder.texts[0]) == 2_000
    assert run.embedder.texts[0].encode()


async def test_errors_of_the_run_come_through_as_they_are() -> None:
    """What a run raises is not wrapped by what goes on beside it."""
    run = Run(Definitions("s"))

    async def fail() -> None:
        async with run.begin() as ranking:
            await ranking.names(many(), "rain")
            raise BatonError(kind="x", message="It is over.")

    with pytest.raises(BatonError, match="It is over"):
        await fail()


async def test_without_an_embedder_there_is_none() -> None:
    """Nothing is ranked by vectors unless it is configured."""
    async with nearest(None, None, seconds=1, emit=lambda _event: None) as ranking:
        assert ranking is None
