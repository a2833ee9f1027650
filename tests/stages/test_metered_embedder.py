"""The embedder of one run: told, and held against a budget."""

import anyio
import pytest

from batonmcp.core.errors import LlmError
from batonmcp.core.events import Event, TextsEmbedded
from batonmcp.core.limits import Limits
from batonmcp.core.prices import Price
from batonmcp.stages.metered_embedder import MeteredEmbedder
from doubles.embedding import InProcessEmbedder

pytestmark = pytest.mark.anyio

TIME_S = 20.0
PRICE = Price(prompt=2.0, completion=0.0)
BROKEN = LlmError(kind="llm_overloaded", message="It broke.")


def metered(
    limits: Limits | None = None, *, embedder: InProcessEmbedder | None = None, price: Price | None = PRICE
) -> tuple[MeteredEmbedder, list[Event]]:
    """Return the meter of a run, and what it tells."""
    events: list[Event] = []
    meter = MeteredEmbedder(
        embedder or InProcessEmbedder(), price=price, limits=limits or Limits(), emit=events.append, left=lambda: 5.0
    )
    return meter, events


async def test_each_request_is_told_with_its_cost() -> None:
    """Tokens as the endpoint counted them, and dollars where the price of its model is known."""
    meter, events = metered()
    await meter.embed(["a", "b"])
    (event,) = events
    assert isinstance(event, TextsEmbedded)
    assert (event.texts, event.tokens, event.cost_usd) == (2, 20, pytest.approx(20 * 2e-6))
    assert (meter.tokens, meter.cost) == (20, pytest.approx(20 * 2e-6))
    meter, events = metered(price=None)
    await meter.embed(["a"])
    assert events == [TextsEmbedded(texts=1, tokens=10, cost_usd=None)]
    assert meter.cost == 0


async def test_a_request_that_fails_is_told() -> None:
    """It was one, whatever it took."""
    meter, events = metered(embedder=InProcessEmbedder(fails={1: BROKEN}))
    with pytest.raises(LlmError, match="It broke"):
        await meter.embed(["a"])
    assert events == [TextsEmbedded(texts=0, tokens=0)]


async def test_a_request_that_is_left_is_told() -> None:
    """It was sent, too."""
    embedder = InProcessEmbedder()
    embedder.gates[1] = anyio.Event()
    meter, events = metered(embedder=embedder)
    with anyio.fail_after(TIME_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(meter.embed, ["a"])
            await embedder.asked_for(1)
            tasks.cancel_scope.cancel()
    assert events == [TextsEmbedded(texts=0, tokens=0)]


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (Limits(llm_tokens=1_000), "112 tokens, more than a tenth of the 1,000 that a run is allowed"),
        (Limits(cost_usd=0.002), r"about \$0.0002, more than a tenth of the \$0.002"),
    ],
)
async def test_a_tenth_of_the_budget_is_the_most(limits: Limits, said: str) -> None:
    """They must not take from a run what its calls need."""
    embedder = InProcessEmbedder()
    meter, _ = metered(limits, embedder=embedder)
    with pytest.raises(LlmError, match=said) as caught:
        await meter.embed(["x" * 402])
    assert caught.value.info.kind == "llm_budget"
    assert embedder.asked == []
    await meter.embed(["x" * 300])
    with pytest.raises(LlmError):
        await meter.embed(["x" * 350])


async def test_what_is_under_way_counts() -> None:
    """Several requests at a time do not go past the budget together."""
    embedder = InProcessEmbedder()
    gate = embedder.gates[1] = anyio.Event()
    meter, _ = metered(Limits(llm_tokens=1_000), embedder=embedder)
    with anyio.fail_after(TIME_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(meter.embed, ["x" * 300])
            await embedder.asked_for(1)
            with pytest.raises(LlmError):
                await meter.embed(["x" * 300])
            gate.set()


async def test_its_space_is_that_of_the_embedder() -> None:
    """Whoever embeds through it finds the same vectors."""
    assert metered()[0].space == InProcessEmbedder().space
