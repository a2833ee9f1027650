"""The LLM of one run: counted, told, and held against a budget."""

import pytest

from batonmcp.core.errors import LlmError
from batonmcp.core.events import Event, LlmCalled, Noted
from batonmcp.core.limits import Limits
from batonmcp.core.prices import Price
from batonmcp.llm.port import LLM, Piece, Reply, Request, Stage, TextGrew, Tokens
from batonmcp.stages.metered import Metered
from doubles.ports import ScriptedLLM, Streamed, saying

pytestmark = pytest.mark.anyio

PRICES: dict[Stage, Price | None] = {"route": Price(prompt=1.0, completion=2.0), "synthesize": None}
USED = Reply(text="x", tokens=Tokens(prompt=1_000, completion=500, cached=200))


def request(stage: Stage = "route", *, words: int = 0) -> Request:
    """Return a request of so many words of five letters."""
    return Request(stage=stage, system="", user="words" * words, temperature=0)


def metered(llm: LLM, limits: Limits) -> tuple[Metered, list[Event]]:
    """Return the meter of a run, and what it tells."""
    events: list[Event] = []
    return Metered(llm, prices=PRICES, limits=limits, emit=events.append), events


async def test_reply_is_heard_through_it_and_counted_once() -> None:
    """Whoever listens hears the model itself, and a call that streams is one call."""
    heard: list[Piece] = []
    meter, events = metered(ScriptedLLM(Streamed([TextGrew("x")], USED)), Limits())
    await meter.complete(request("route"), heard.append)
    assert heard == [TextGrew("x")]
    assert sum(isinstance(event, LlmCalled) for event in events) == 1


async def test_each_call_is_told_with_its_cost() -> None:
    """Tokens as the endpoint counted them, and dollars where the price of the stage's model is known."""
    meter, events = metered(ScriptedLLM(USED, USED), Limits())
    await meter.complete(request("route"))
    await meter.complete(request("synthesize"))
    first, second = events
    assert isinstance(first, LlmCalled)
    assert isinstance(second, LlmCalled)
    assert (first.stage, first.prompt_tokens, first.completion_tokens, first.cached_tokens) == ("route", 1000, 500, 200)
    assert first.cost_usd == pytest.approx(0.002)
    assert second.cost_usd is None


async def test_what_a_call_took_is_told() -> None:
    """How many requests, and what a person should know of them."""
    meter, events = metered(ScriptedLLM(Reply(text="x", requests=3, notes=("It was cut.",))), Limits())
    await meter.complete(request())
    called, noted = events
    assert isinstance(called, LlmCalled)
    assert called.requests == 3
    assert noted == Noted(text="It was cut.")


async def test_past_its_tokens_the_model_is_not_called() -> None:
    """What was used and what the next prompt is estimated to take count together."""
    llm = ScriptedLLM(USED, saying("never"))
    meter, events = metered(llm, Limits(llm_tokens=2_000))
    await meter.complete(request())
    with pytest.raises(LlmError, match=r"would take 2,056 tokens with the next call, and 2,000 are allowed") as error:
        await meter.complete(request(words=400))
    assert error.value.info.kind == "llm_budget"
    assert '"llm_tokens" under "limits"' in error.value.info.cure
    assert (len(llm.requests), len(events)) == (1, 1)


async def test_past_its_money_the_model_is_not_called() -> None:
    """The same for dollars, as far as prices are known."""
    llm = ScriptedLLM(USED, saying("free"))
    meter, _ = metered(llm, Limits(cost_usd=0.0021))
    await meter.complete(request())
    with pytest.raises(LlmError, match=r"about \$0\.0026 with the next call, and \$0\.0021 are allowed"):
        await meter.complete(request(words=400))
    assert (await meter.complete(request("synthesize", words=400))).text == "free"
