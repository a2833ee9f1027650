"""The LLM of one run: every call is counted, told, and held against the run's budget."""

from collections.abc import Mapping

from batonmcp.core.errors import LlmError
from batonmcp.core.events import Emit, LlmCalled, Noted
from batonmcp.core.limits import Limits
from batonmcp.core.prices import Price
from batonmcp.core.tokens import estimated_tokens
from batonmcp.llm.port import LLM, Heard, Reply, Request, Stage

__all__ = ["Metered"]


class Metered(LLM):
    """Calls an LLM as long as there is money and room for it.

    Args:
        llm: Who is called.
        prices: By stage, as the stages may have models of their own; None where nobody knows.
        limits: The run's budget: `llm_tokens` and `cost_usd`.
        emit: Gets an event for each call.
    """

    def __init__(self, llm: LLM, *, prices: Mapping[Stage, Price | None], limits: Limits, emit: Emit) -> None:
        self._llm = llm
        self._prices = prices
        self._limits = limits
        self._emit = emit
        self._tokens = 0
        self._cost = 0.0

    async def complete(self, request: Request, heard: Heard | None = None) -> Reply:
        """Return the model's reply, heard as it comes.

        Raises:
            LlmError: As the LLM says, or the run's budget does not allow the call.
        """
        self._allow(request)
        reply = await self._llm.complete(request, heard)
        tokens = reply.tokens
        price = self._prices.get(request.stage)
        cost = price and price.cost(prompt=tokens.prompt, cached=tokens.cached, completion=tokens.completion)
        self._tokens += tokens.prompt + tokens.completion
        self._cost += cost or 0.0
        self._emit(
            LlmCalled(
                stage=request.stage,
                prompt_tokens=tokens.prompt,
                completion_tokens=tokens.completion,
                cached_tokens=tokens.cached,
                cost_usd=cost,
                requests=reply.requests,
            )
        )
        for note in reply.notes:
            self._emit(Noted(text=note))
        return reply

    def _allow(self, request: Request) -> None:
        """Raise if the call would go past the budget, by what its prompt is estimated to take."""
        prompt = estimated_tokens(request.system) + estimated_tokens(request.user)
        most = self._limits.llm_tokens
        if most is not None and self._tokens + prompt > most:
            raise _past(
                limit="llm_tokens", reached=f"{self._tokens + prompt:,} tokens with the next call", allowed=f"{most:,}"
            )
        price, dollars = self._prices.get(request.stage), self._limits.cost_usd
        cost = self._cost + (price.cost(prompt=prompt, cached=0, completion=0) if price else 0.0)
        if dollars is not None and cost > dollars:
            raise _past(limit="cost_usd", reached=f"about ${cost:.4f} with the next call", allowed=f"${dollars:g}")


def _past(*, limit: str, reached: str, allowed: str) -> LlmError:
    return LlmError(
        kind="llm_budget",
        message=f"The model was not called: the run would take {reached}, and {allowed} are allowed.",
        cure=f'Narrow the task, or raise "{limit}" under "limits" in servers.json.',
    )
