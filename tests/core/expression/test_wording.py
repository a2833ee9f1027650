"""The words of errors are short whatever the values are."""

from reprlib import repr as short

import pytest
from pydantic import JsonValue

from batonmcp.core.expression.wording import describe, excerpt, kind, listed, nearest


@pytest.mark.parametrize(
    ("value", "word", "sentence"),
    [
        (None, "null", "null"),
        (True, "boolean", "true"),
        (False, "boolean", "false"),
        (3, "number", "number 3"),
        (1.5, "number", "number 1.5"),
        ("a", "text", "text 'a'"),
        ([1], "list", "a list of 1 item"),
        ([1, 2], "list", "a list of 2 items"),
        ({}, "object", "an empty object"),
        ({"a": 1, "b": 2}, "object", "an object with the keys 'a', 'b'"),
    ],
)
def test_value_is_named(value: JsonValue, word: str, sentence: str) -> None:
    """Each kind of value has its word and its sentence."""
    assert (kind(value), describe(value)) == (word, sentence)


@pytest.mark.parametrize(
    "value", ["x" * 10_000, 10**300, {"k" * 10_000: 1}, {f"k{n}": n for n in range(10_000)}], ids=short
)
def test_description_is_short(value: JsonValue) -> None:
    """A value of any size is described in a line."""
    assert len(describe(value)) < 120


def test_excerpt_shows_the_beginning() -> None:
    """A long text is cut, a short one is not."""
    assert excerpt("abc") == "abc"
    assert excerpt("x" * 61) == "x" * 59 + "…"


def test_listed_shows_some() -> None:
    """More names than fit end in an ellipsis."""
    assert listed("abcdefgh").endswith("'h'")
    assert listed("abcdefghi").endswith("'h', …")


@pytest.mark.parametrize(
    ("name", "question"),
    [("severty", "Did you mean 'severity'?"), ("zzz", "")],
)
def test_nearest_offers_what_is_close(name: str, question: str) -> None:
    """Only names that are spelled alike are offered."""
    assert nearest(name, ["severity", "component"]) == question
