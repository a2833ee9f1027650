"""Tests of `batonmcp.llm.lexical.tokens`."""

import pytest

from batonmcp.llm.lexical.tokens import text_of, tokens_of


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("'a, b'", "quoted"),
        ('"then"', "quoted"),
        ("https://example.org/a?b=1", "url"),
        ("a.b@example.org", "email"),
        ("**/*.md", "glob"),
        ("2026-01-02", "date"),
        ("2026-01-02T03:04:05Z", "date"),
        ("14:30", "time"),
        ("Europe/Paris", "zone"),
        ("UTC", "zone"),
        ("/srv/a.txt", "path"),
        ("~/a", "path"),
        ("notes.txt", "path"),
        ("src/app", "path"),
        (r"C:\x\y.txt", "path"),
        ("3,000", "number"),
        ("-2.5", "number"),
        ("five", "number"),
        ("a_b__get-x", "word"),
        ("v1.2", "word"),
        ("and/or", "word"),
        ("e.g", "word"),
        ("?", "mark"),
    ],
)
def test_kind_of_a_token(text: str, kind: str) -> None:
    """A token's kind is what it looks like; what belongs together stays whole."""
    tokens = tokens_of(f"say {text}")
    assert [token.kind for token in tokens[1:]] == [kind]


def test_punctuation_behind_an_address_is_none_of_it() -> None:
    """The full stop that ends a sentence does not belong to the path before it."""
    assert [token.text for token in tokens_of("read /srv/a.txt.")] == ["read", "/srv/a.txt", "."]


def test_contractions_and_possessives_are_plain_words() -> None:
    """What hangs at a word by an apostrophe does not hide it."""
    assert [token.lower for token in tokens_of("what's Rome's")] == ["what", "rome"]
    assert tokens_of("don't")[0].weight == 0


def test_number_of_a_token() -> None:
    """Digits and number words have the same value."""
    assert [token.number for token in tokens_of("3,000 2.5 five")] == [3000, 2.5, 5]


def test_text_of_gives_the_text_back() -> None:
    """The text of all tokens is the query, but for quotes and white space."""
    assert text_of(tokens_of("get  x, then /y!")) == "get x, then /y!"
