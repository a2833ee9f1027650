"""The LLM of one run: counted, told, and held against a budget."""

from collections.abc import Sequence

import anyio
import pytest

from batonmcp.core.errors import LlmError
from batonmcp.core.events import Event, LlmCalled, Noted
from batonmcp.core.limits import Limits
from batonmcp.core.prices import Price
from batonmcp.llm.port import LLM, Function, Heard, Piece, Reply, Request, Stage, TextGrew, Tokens
from batonmcp.stages.metered import Metered
from doubles.ports import ScriptedLLM, Streamed, calling, saying

pytestmark = pytest.mark.anyio

PRICES: dict[Stage, Price | None] = {"route": Price(prompt=1.0, completion=2.0), "synthesize": None}
USED = Reply(text="x", tokens=Tokens(prompt=1_000, completion=500, cached=200))


def request(stage: Stage = "route", *, words: int = 0, functions: Sequence[Function] = ()) -> Request:
    """Return a request of so many words of five letters."""
    return Request(stage=stage, system="", user="words" * words, temperature=0, functions=functions)


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
    assert noted == Noted(text="It was cut.", warns=True)


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


async def test_what_is_spent_beside_counts() -> None:
    """What else takes from the run's budget is not there for its calls."""

    class Beside:
        tokens, cost = 900, 0.002

    llm = ScriptedLLM(USED, USED)
    for limits, said in (
        (Limits(llm_tokens=1_000), "would take 1,456 tokens"),
        (Limits(cost_usd=0.0021), r"would take about \$0\.0026"),
    ):
        meter = Metered(llm, prices=PRICES, limits=limits, emit=list[Event]().append, beside=Beside())
        with pytest.raises(LlmError, match=said):
            await meter.complete(request(words=400))
    assert llm.requests == []


async def test_a_limit_of_money_that_cannot_hold_is_told() -> None:
    """Where a price is not known, who set the limit has to know that it limits nothing, and once is enough."""
    meter, events = metered(ScriptedLLM(saying("a"), saying("b")), Limits(cost_usd=1))
    await meter.complete(request("synthesize"))
    await meter.complete(request("synthesize"))
    (noted,) = [event for event in events if isinstance(event, Noted) and event.warns]
    assert 'the model for "synthesize" costs, so "cost_usd" does not limit' in noted.text


async def test_tiny_amounts_are_written_out() -> None:
    """No amount is told with an exponent."""
    meter, _ = metered(ScriptedLLM(), Limits(cost_usd=0.00001))
    with pytest.raises(LlmError, match=r"about \$0\.000556 with the next call, and \$0\.00001 are allowed"):
        await meter.complete(request(words=400))


async def test_functions_are_a_part_of_the_prompt() -> None:
    """A call whose tools are past the budget is not made."""
    offered = [Function(name="a__x", description="x" * 3_600, parameters={})]
    llm = ScriptedLLM()
    meter, _ = metered(llm, Limits(llm_tokens=1_000))
    with pytest.raises(LlmError, match="are allowed"):
        await meter.complete(request(functions=offered))


async def test_no_call_takes_longer_than_is_left() -> None:
    """What is left when it is made goes with it."""
    llm, seconds = ScriptedLLM(USED, USED), iter([12.5, 3.0])
    meter = Metered(llm, prices=PRICES, limits=Limits(), emit=list[Event]().append, left=lambda: next(seconds))
    await meter.complete(request())
    await meter.complete(request())
    assert [one.within for one in llm.requests] == [12.5, 3.0]


@pytest.mark.parametrize(
    ("tokens", "used"),
    [
        (Tokens(prompt=1_000, completion=500), 1_500),
        (Tokens(prompt=150, completion=900_000), 900_150),
        (Tokens(), 1_406),
        (Tokens(prompt=1_000), 1_017),
        (Tokens(completion=500), 1_889),
        (Tokens(prompt=13, completion=1), 1_406),
        (Tokens(prompt=999_999_999, completion=999_999_999), 1_406),
    ],
    ids=["right", "thoughts", "none", "no completion", "no prompt", "too few", "absurd"],
)
async def test_the_budget_holds_by_an_estimate(tokens: Tokens, used: int) -> None:
    """A count that is missing or cannot be right is told as it came, and a prompt of 1,389 and a reply of 17 count."""
    llm = ScriptedLLM(Reply(text="x" * 60, tokens=tokens))
    meter, events = metered(llm, Limits(llm_tokens=10_000))
    await meter.complete(request(words=1_000))
    with pytest.raises(LlmError, match=f"would take {used + 13_889:,} tokens"):
        await meter.complete(request(words=10_000))
    called = events.pop(0)
    assert isinstance(called, LlmCalled)
    assert (called.prompt_tokens, called.completion_tokens) == (tokens.prompt, tokens.completion)
    assert bool(events) == (used in {1_406, 1_017, 1_889})


async def test_an_estimate_is_told_once() -> None:
    """And only where there is a budget for it to count against."""
    meter, events = metered(ScriptedLLM(saying("a"), saying("b")), Limits(cost_usd=1.0))
    await meter.complete(request(words=10))
    await meter.complete(request(words=10))
    (noted,) = [event for event in events if isinstance(event, Noted)]
    assert "hold by an estimate" in noted.text
    meter, events = metered(ScriptedLLM(saying("a")), Limits())
    await meter.complete(request(words=10))
    assert [type(event) for event in events] == [LlmCalled]


async def test_estimated_tokens_cost_money_of_the_budget() -> None:
    """An endpoint that counts nothing is not free; what it cost is not known."""
    meter, events = metered(ScriptedLLM(calling(("a__x", {"a": "b" * 3_600}))), Limits(cost_usd=0.003))
    await meter.complete(request(words=720))
    assert isinstance(events[0], LlmCalled)
    assert events[0].cost_usd is None
    with pytest.raises(LlmError, match=r"about \$0\.0040 with the next call"):
        await meter.complete(request(words=720))


class Failing(LLM):
    """Sends requests that take so much, each with what came back in characters, and fails, or never ends."""

    def __init__(self, *taken: tuple[Tokens, int | None], hangs: bool = False) -> None:
        self._taken = taken
        self._hangs = hangs

    async def complete(self, request: Request, heard: Heard | None = None) -> Reply:
        """Fail."""
        del heard
        assert request.account
        for tokens, written in self._taken:
            request.account.send()
            request.account.settle(tokens, written=written)
        if self._hangs:
            await anyio.sleep_forever()
        raise LlmError(kind="llm_bad_response", message="It failed.")


COUNTED = (Tokens(prompt=1_500, completion=100, cached=500), 40)
UNCOUNTED = (Tokens(), 36)
UNREAD = (Tokens(), None)


@pytest.mark.parametrize(
    ("taken", "used"),
    [
        ([COUNTED], 1_600),
        ([COUNTED, COUNTED], 3_200),
        ([UNCOUNTED], 1_399),
        ([UNCOUNTED, COUNTED, UNREAD], 2_999),
        ([UNREAD], 0),
    ],
    ids=["counted", "twice", "not counted", "all", "not read"],
)
async def test_a_call_that_fails(taken: list[tuple[Tokens, int | None]], used: int) -> None:
    """What it took is told as it was counted, and counts against the budget, by an estimate where nobody counted."""
    meter, events = metered(Failing(*taken), Limits(llm_tokens=10_000))
    with pytest.raises(LlmError, match="It failed"):
        await meter.complete(request(words=1_000))
    counted = taken.count(COUNTED)
    called = events[0]
    assert isinstance(called, LlmCalled)
    assert (called.requests, called.prompt_tokens, called.completion_tokens, called.cached_tokens) == (
        len(taken),
        1_500 * counted,
        100 * counted,
        500 * counted,
    )
    assert called.cost_usd == (pytest.approx(0.0017 * counted) if counted else None)
    with pytest.raises(LlmError, match=f"would take {used + 13_889:,} tokens"):
        await meter.complete(request(words=10_000))


async def test_a_call_that_was_never_made() -> None:
    """Where nothing was sent there is no call to tell of."""
    meter, events = metered(Failing(), Limits(llm_tokens=10_000))
    with pytest.raises(LlmError, match="It failed"):
        await meter.complete(request())
    assert events == []


async def test_money_of_calls_that_fail_is_money() -> None:
    """The budget of dollars counts them, and says so before the next call."""
    meter, _ = metered(Failing(COUNTED), Limits(cost_usd=0.002))
    with pytest.raises(LlmError, match="It failed"):
        await meter.complete(request())
    with pytest.raises(LlmError, match=r"about \$0\.0023 with the next call, and \$0\.002 are allowed"):
        await meter.complete(request(words=400))


async def test_a_call_that_is_cancelled() -> None:
    """What it has taken by then is told."""
    meter, events = metered(Failing(COUNTED, hangs=True), Limits())
    with anyio.CancelScope() as scope:
        scope.cancel()
        await meter.complete(request())
    (called,) = events
    assert isinstance(called, LlmCalled)
    assert (called.prompt_tokens, called.requests) == (1_500, 1)
