"""The LLM of one run: every call is counted, told, and held against the run's budget and its time."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Protocol

from batonmcp.core.errors import LlmError
from batonmcp.core.events import Emit, LlmCalled, Noted
from batonmcp.core.limits import Limits
from batonmcp.core.prices import Price
from batonmcp.core.tokens import believed_tokens, estimated_tokens, tokens_of
from batonmcp.llm.port import LLM, Account, Heard, Reply, Request, Stage, Tokens

__all__ = ["Metered", "Spending"]


_MOST_BESIDE = 10_000
"""Tokens of a prompt that an endpoint adds to what it is sent, at most: templates, and the functions told in words."""

_MOST_WRITTEN = 1_000_000
"""Tokens that a model writes in one reply at most, thoughts included."""

_ESTIMATED = (
    "The LLM endpoint does not count tokens, or counts them wrongly, so the limits of this run hold by an estimate."
)

_SMALL = 0.001

_UNLIMITED = (
    'Nobody has said what the model for "{stage}" costs, so "cost_usd" does not limit what it is called for: write its '
    'price under "prices" in servers.json.'
)


class Spending(Protocol):
    """Something that spends."""

    @property
    def tokens(self) -> int:
        """How many tokens it has taken so far."""
        ...

    @property
    def cost(self) -> float:
        """What they cost, in US dollars; zero where no price is known."""
        ...


class Metered(LLM):
    """Calls an LLM as long as there is money, room and time for it.

    What an endpoint counts is told as it says, and counts against the budget unless it is missing or cannot be right:
    then an estimate does. That holds for a call that fails, or that nobody waits for any more, as for any other: what
    its requests took is told and counted, and of those that the model may have read without a count, an estimate.

    Args:
        llm: Who is called.
        prices: By stage, as the stages may have models of their own; None where nobody knows.
        limits: The run's budget: `llm_tokens` and `cost_usd`.
        emit: Gets an event for each call.
        left: Says how many seconds a call may take now; None: as long as the LLM lets it.
        beside: What else takes from the same budget.
    """

    def __init__(  # noqa: PLR0913 - what a run's budget is held by
        self,
        llm: LLM,
        *,
        prices: Mapping[Stage, Price | None],
        limits: Limits,
        emit: Emit,
        left: Callable[[], float] | None = None,
        beside: Spending | None = None,
    ) -> None:
        self._llm = llm
        self._prices = prices
        self._limits = limits
        self._emit = emit
        self._left = left
        self._beside = beside
        self._is_bounded = limits.llm_tokens is not None or limits.cost_usd is not None
        self._is_estimated = False
        self._is_unlimited = False
        self._tokens = 0
        self._cost = 0.0

    async def complete(self, request: Request, heard: Heard | None = None) -> Reply:
        """Return the model's reply, heard as it comes.

        Raises:
            LlmError: As the LLM says, or the run's budget does not allow the call.
        """
        self._allow(request)
        account = Account()
        within = self._left() if self._left else request.within
        try:
            reply = await self._llm.complete(replace(request, within=within, account=account), heard)
        except BaseException:  # a call that is cancelled has cost something, too
            self._lose(request, account)
            raise
        self._tell(request, reply.tokens, requests=reply.requests)
        for note in reply.notes:
            self._emit(Noted(text=note, warns=True))
        self._charge(request, reply.tokens, estimated_tokens(_written(reply)), requests=reply.requests)
        return reply

    def _lose(self, request: Request, account: Account) -> None:
        """Count a call that brought no reply, by what is known of its requests."""
        if account.requests:
            self._tell(request, account.tokens, requests=account.requests)
        if account.counted:
            self._charge(request, account.tokens, 0, requests=account.counted)
        if account.uncounted:
            self._charge(request, Tokens(), tokens_of(account.written), requests=account.uncounted)

    def _tell(self, request: Request, tokens: Tokens, *, requests: int) -> None:
        self._emit(
            LlmCalled(
                stage=request.stage,
                prompt_tokens=tokens.prompt,
                completion_tokens=tokens.completion,
                cached_tokens=tokens.cached,
                cost_usd=self._price(request, tokens) if tokens.prompt or tokens.completion else None,
                requests=requests,
            )
        )

    def _charge(self, request: Request, counted: Tokens, written: int, *, requests: int) -> None:
        """Count requests against the budget. `written`: about how many tokens came back."""
        if not self._is_bounded:
            return
        prompt, most = _prompt(request), _MOST_WRITTEN * requests
        longest = (len(prompt.encode("utf-8", "replace")) + _MOST_BESIDE) * requests  # a token has a byte at least
        believed = Tokens(
            prompt=believed_tokens(counted.prompt, estimated_tokens(prompt) * requests, most=longest),
            completion=believed_tokens(counted.completion, written, most=most),
            cached=counted.cached if counted.prompt <= longest else 0,
        )
        self._tokens += believed.prompt + believed.completion
        self._cost += self._price(request, believed) or 0.0
        if believed != counted and not self._is_estimated:
            self._is_estimated = True
            self._emit(Noted(text=_ESTIMATED))

    def _price(self, request: Request, tokens: Tokens) -> float | None:
        price = self._prices.get(request.stage)
        return price and price.cost(prompt=tokens.prompt, cached=tokens.cached, completion=tokens.completion)

    def _allow(self, request: Request) -> None:
        """Raise if the call would go past the budget, by what its prompt is estimated to take."""
        if not self._is_bounded:
            return
        prompt, beside = estimated_tokens(_prompt(request)), self._beside
        most, reached = self._limits.llm_tokens, self._tokens + prompt + (beside.tokens if beside else 0)
        if most is not None and reached > most:
            raise _past(limit="llm_tokens", reached=f"{reached:,} tokens with the next call", allowed=f"{most:,}")
        dollars = self._limits.cost_usd
        if dollars is None:
            return
        price = self._price(request, Tokens(prompt=prompt))
        if price is None and not self._is_unlimited:
            self._is_unlimited = True
            self._emit(Noted(text=_UNLIMITED.format(stage=request.stage), warns=True))
        cost = self._cost + (price or 0.0) + (beside.cost if beside else 0.0)
        if cost > dollars:
            about = f"{cost:.4f}" if cost >= _SMALL else _plain(cost)
            raise _past(limit="cost_usd", reached=f"about ${about} with the next call", allowed=f"${_plain(dollars)}")


def _prompt(request: Request) -> str:
    """Return all that is sent, as one text."""
    functions = [json.dumps(asdict(function), ensure_ascii=False) for function in request.functions]
    return "".join([request.system, request.user, *functions])


def _written(reply: Reply) -> str:
    """Return all that a model has written, as one text."""
    calls = [json.dumps(asdict(call), ensure_ascii=False) for call in reply.calls]
    return "".join([reply.text, *calls])


def _past(*, limit: str, reached: str, allowed: str) -> LlmError:
    return LlmError(
        kind="llm_budget",
        message=f"The model was not called: the run would take {reached}, and {allowed} are allowed.",
        cure=f'Narrow the task, or raise "{limit}" under "limits" in servers.json.',
    )


def _plain(dollars: float) -> str:
    """Write an amount without an exponent, however small."""
    return f"{dollars:.8f}".rstrip("0").rstrip(".")
