"""Tests of `batonmcp.llm.lexical.phrases`."""

import pytest

from batonmcp.llm.lexical.phrases import alike, identifiers, nouns, remainder
from batonmcp.llm.lexical.tokens import Token, tokens_of

_OWN = {"weather", "search", "stock", "price", "commit"}


def _known(token: Token) -> bool:
    return token.lower in _OWN


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("weather in New York now", "New York"),
        ("weather of the old town please", "old town"),
        ("the commit of weather", None),
        ("AAPL stock price", "AAPL"),
        ("show commit a1b2c3", "a1b2c3"),
        ("price in Rome of wheat", "Rome"),
        ("the weather in Tesla's home", "Tesla"),
    ],
)
def test_nouns(query: str, first: str | None) -> None:
    """What stands behind a preposition may be a value, a proper name before others, the tool's own words never."""
    found = nouns(tokens_of(query), set(), _known)
    assert (found[0].value if found else None) == first


@pytest.mark.parametrize(
    ("query", "rest"),
    [
        ("search for the history of Rome", "history of Rome"),
        ("please search old maps, please", "old maps"),
        ("search", None),
        ("history of Rome", None),
    ],
)
def test_remainder(query: str, rest: str | None) -> None:
    """What follows the words that ask for the tool is free text."""
    value = remainder(tokens_of(query), set(), _known)
    assert (value.value if value else None) == rest


def test_taken_tokens_are_no_phrase() -> None:
    """What another parameter has is not free."""
    tokens = tokens_of("weather in Rome")
    assert nouns(tokens, {2}, _known) == []


@pytest.mark.parametrize(
    ("texts", "query", "found"),
    [
        (["a-b", "c-d"], "price x-ray", ["x-ray"]),
        (["a-b"], "price xray", []),
        (["rome"], "weather for oslo", ["oslo"]),
        (["rome"], "weather for oslo centre", []),
        (["rome", "a-b"], "weather for oslo", []),
        (["rome"], "oslo weather", []),
    ],
)
def test_alike(texts: list[str], query: str, found: list[str]) -> None:
    """A word written like the shown values may be one: an identifier anywhere, a plain word behind a preposition."""
    assert [value.value for value in alike(texts, tokens_of(query), set(), _known)] == found


def test_identifiers() -> None:
    """Digits, underscores and inner capitals make an identifier."""
    assert [value.value for value in identifiers(tokens_of("a b_c d1 eF g-h"), set(), _known)] == ["b_c", "d1", "eF"]
