"""The embedder of one run: every request is told, and held against the run's budget and its time."""

from collections.abc import Callable, Sequence
from typing import Final

from batonmcp.core.errors import LlmError
from batonmcp.core.events import Emit, TextsEmbedded
from batonmcp.core.limits import Limits
from batonmcp.core.prices import Price
from batonmcp.core.tokens import believed_tokens, estimated_tokens
from batonmcp.llm.embedder import Embedded, Embedder

__all__ = ["MeteredEmbedder"]

_SHARE: Final = 10
"""Embeddings get one part in so many of what a run may take: they are to help its calls, not to take their place."""

_MOST_BESIDE: Final = 100
"""Tokens that an endpoint adds to each text, at most."""


class MeteredEmbedder(Embedder):
    """Embeds as long as there is money, room and time for it in a run.

    Args:
        embedder: Who embeds.
        price: Of its model; None where nobody knows.
        limits: The run's budget: `llm_tokens` and `cost_usd`.
        emit: Gets an event for each request.
        left: Says how many seconds a request may take now.

    Attributes:
        tokens: What it has taken so far, as the endpoint counted it or else as estimated.
        cost: The same in US dollars, zero where no price is known.
    """

    def __init__(
        self, embedder: Embedder, *, price: Price | None, limits: Limits, emit: Emit, left: Callable[[], float]
    ) -> None:
        self.tokens = 0
        self.cost = 0.0
        self._embedder = embedder
        self._price = price
        self._limits = limits
        self._emit = emit
        self._left = left
        self._asked = 0

    @property
    def space(self) -> str:
        """The embedder's own."""
        return self._embedder.space

    async def embed(self, texts: Sequence[str], *, within: float | None = None) -> Embedded:
        """Return the vectors of texts.

        Raises:
            LlmError: As the embedder says, or the run's budget does not allow the request.
        """
        estimated = sum(map(estimated_tokens, texts))
        self._allow(estimated)
        left = self._left()
        self._asked += estimated
        try:
            embedded = await self._embedder.embed(texts, within=left if within is None else min(left, within))
        except BaseException:  # one that nobody waits for any more was sent, too
            self._emit(TextsEmbedded(texts=0, tokens=0))
            raise
        finally:
            self._asked -= estimated
        cost = self._cost(embedded.tokens) if embedded.tokens else None
        self._emit(TextsEmbedded(texts=len(texts), tokens=embedded.tokens, cost_usd=cost, requests=embedded.requests))
        most = sum(len(text.encode()) + _MOST_BESIDE for text in texts)
        believed = believed_tokens(embedded.tokens, estimated, most=most)
        self.tokens += believed
        self.cost += self._cost(believed) or 0.0
        return embedded

    def _cost(self, tokens: int) -> float | None:
        return self._price and self._price.cost(prompt=tokens, cached=0, completion=0)

    def _allow(self, tokens: int) -> None:
        """Raise if a request would go past the share of the budget, those under way included."""
        reached = self.tokens + self._asked + tokens
        most, dollars = self._limits.llm_tokens, self._limits.cost_usd
        if most is not None and reached > most // _SHARE:
            raise _past(limit="llm_tokens", reached=f"{reached:,} tokens", allowed=f"{most:,}")
        cost = self.cost + (self._cost(self._asked + tokens) or 0.0)
        if dollars is not None and cost > dollars / _SHARE:
            raise _past(limit="cost_usd", reached=f"about ${cost:.4f}", allowed=f"${dollars:g}")


def _past(*, limit: str, reached: str, allowed: str) -> LlmError:
    return LlmError(
        kind="llm_budget",
        message=f"Embeddings would take {reached}, more than a tenth of the {allowed} that a run is allowed.",
        cure=f'Raise "{limit}" under "limits" in servers.json.',
    )
