"""What models cost, in US dollars for a million tokens."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Final

__all__ = ["KNOWN_PRICES", "Price", "price_of"]

_MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """The price of a model.

    Attributes:
        prompt: Of a million tokens that are sent.
        completion: Of a million that come back.
        cached: Of a million that are sent and that the endpoint had seen before; None: as any other.
    """

    prompt: float
    completion: float
    cached: float | None = None

    def cost(self, *, prompt: int, cached: int, completion: int) -> float:
        """Return what a call costs, in US dollars.

        Cached tokens are among those of the prompt, unless they are more: some endpoints count them apart.
        """
        fresh = prompt - cached if cached <= prompt else prompt
        again = self.prompt if self.cached is None else self.cached
        return (fresh * self.prompt + cached * again + completion * self.completion) / _MILLION


KNOWN_PRICES: Final[Mapping[str, Price]] = MappingProxyType(
    {
        "gpt-4o-mini": Price(prompt=0.15, cached=0.075, completion=0.60),
        "gpt-4o": Price(prompt=2.50, cached=1.25, completion=10.00),
        "gpt-4o-2024-05-13": Price(prompt=5.00, completion=15.00),
        "gpt-4.1-nano": Price(prompt=0.10, cached=0.025, completion=0.40),
        "gpt-4.1-mini": Price(prompt=0.40, cached=0.10, completion=1.60),
        "gpt-4.1": Price(prompt=2.00, cached=0.50, completion=8.00),
        "o3-mini": Price(prompt=1.10, cached=0.55, completion=4.40),
        "o3": Price(prompt=2.00, cached=0.50, completion=8.00),
        "o4-mini": Price(prompt=1.10, cached=0.275, completion=4.40),
        "gpt-5-nano": Price(prompt=0.05, cached=0.005, completion=0.40),
        "gpt-5-mini": Price(prompt=0.25, cached=0.025, completion=2.00),
        "gpt-5": Price(prompt=1.25, cached=0.125, completion=10.00),
        "gpt-5.4-nano": Price(prompt=0.20, cached=0.02, completion=1.25),
        "gpt-5.4-mini": Price(prompt=0.75, cached=0.075, completion=4.50),
        "gpt-5.4": Price(prompt=2.50, cached=0.25, completion=15.00),
        "gpt-5.5": Price(prompt=5.00, cached=0.50, completion=30.00),
        "claude-haiku-4-5": Price(prompt=1.00, cached=0.10, completion=5.00),
        "claude-sonnet-4": Price(prompt=3.00, cached=0.30, completion=15.00),
        "claude-sonnet-4-5": Price(prompt=3.00, cached=0.30, completion=15.00),
        "claude-sonnet-4-6": Price(prompt=3.00, cached=0.30, completion=15.00),
        "claude-sonnet-5": Price(prompt=2.00, cached=0.20, completion=10.00),
        "claude-opus-4-5": Price(prompt=5.00, cached=0.50, completion=25.00),
        "claude-opus-4-6": Price(prompt=5.00, cached=0.50, completion=25.00),
        "claude-opus-4-7": Price(prompt=5.00, cached=0.50, completion=25.00),
        "claude-opus-4-8": Price(prompt=5.00, cached=0.50, completion=25.00),
        "claude-opus-5": Price(prompt=5.00, cached=0.50, completion=25.00),
        "gemini-3.5-flash": Price(prompt=1.50, cached=0.15, completion=9.00),
        "text-embedding-3-large": Price(prompt=0.13, completion=0.0),
        "text-embedding-3-small": Price(prompt=0.02, completion=0.0),
        "text-embedding-ada-002": Price(prompt=0.10, completion=0.0),
    }
)
"""Names of models, of which dated ones count as well: those before gpt-5.4, and those of embeddings, as of August 2025,
the others as of September 2026, for prompts of less than 200,000 tokens. What servers.json says stands above them.
"""

_DATE: Final = re.compile(r"-20\d{2}-?\d{2}-?\d{2}\Z")


def price_of(model: str, prices: Mapping[str, Price]) -> Price | None:
    """Return the price of a model; None if nobody has said it.

    Args:
        model: Its name as the endpoint has it; what stands before a slash is passed over (`openai/gpt-4o`).
        prices: Globs over names, before the known ones.
    """
    names = (model, model.rpartition("/")[2])
    for glob, price in prices.items():
        if any(fnmatchcase(name, glob) for name in names):
            return price
    return KNOWN_PRICES.get(names[1]) or KNOWN_PRICES.get(_DATE.sub("", names[1]))
