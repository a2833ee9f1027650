"""What models cost."""

import pytest

from batonmcp.core.prices import KNOWN_PRICES, Price, price_of


def test_cost() -> None:
    """Cached tokens are part of the prompt, or beside it if they are more, and cost their own price if there is one."""
    price = Price(prompt=2.0, cached=0.5, completion=8.0)
    assert price.cost(prompt=1_000_000, cached=0, completion=0) == 2.0
    assert price.cost(prompt=1_000_000, cached=500_000, completion=100_000) == 1.0 + 0.25 + 0.8
    assert Price(prompt=2.0, completion=8.0).cost(prompt=1_000_000, cached=1_000_000, completion=0) == 2.0
    assert price.cost(prompt=1_000_000, cached=2_000_000, completion=0) == 2.0 + 1.0


@pytest.mark.parametrize(
    ("model", "known"),
    [
        ("gpt-4o-mini", "gpt-4o-mini"),
        ("gpt-4o-mini-2024-07-18", "gpt-4o-mini"),
        ("gpt-4o-2024-11-20", "gpt-4o"),
        ("gpt-4o-2024-05-13", "gpt-4o-2024-05-13"),
        ("o3-2025-04-16", "o3"),
        ("openai/gpt-4.1-nano", "gpt-4.1-nano"),
        ("anthropic/claude-haiku-4-5-20251001", "claude-haiku-4-5"),
        ("gpt-5", "gpt-5"),
        ("text-embedding-3-small", "text-embedding-3-small"),
        ("openai/text-embedding-3-large", "text-embedding-3-large"),
    ],
)
def test_known_models(model: str, known: str) -> None:
    """A dated or routed name of a model has its price, and the small ones are not taken for the large."""
    assert price_of(model, {}) == KNOWN_PRICES[known]


def test_unknown_models_have_no_price() -> None:
    """Nothing is guessed: a newer or local model has no price until somebody says it."""
    assert price_of("qwen3:8b", {}) is None
    assert price_of("gpt-5.9", {}) is None
    assert price_of("gpt-4o-audio-preview", {}) is None
    assert price_of("claude-sonnet-5-5", {}) is None
    own = Price(prompt=1.0, completion=1.0)
    assert price_of("gpt-4o", {"gpt-*": own}) == own
    assert price_of("qwen3:8b", {"qwen*": own}) == own
