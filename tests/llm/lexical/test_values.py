"""Tests of `batonmcp.llm.lexical.values`."""

from batonmcp.llm.lexical.tokens import tokens_of
from batonmcp.llm.lexical.values import role_of, shown, typed, whole


def test_typed_values_have_their_roles() -> None:
    """Prepositions say where something comes from and goes to."""
    found = typed("path", tokens_of("copy from /a to the /b"))
    assert [(value.value, value.role) for value in found] == [("/a", "source"), ("/b", "target")]


def test_quoted_paths_are_paths() -> None:
    """A quoted text that looks like a path is one; another is not."""
    assert [value.value for value in typed("path", tokens_of("read 'my notes.txt' or 'x'"))] == ["my notes.txt"]


def test_cities_stand_for_their_zones() -> None:
    """A capitalised city names its time zone, words of lower case none."""
    tokens = tokens_of("time in New York and in tokyo and Europe/Rome")
    assert [value.value for value in typed("zone", tokens)] == ["America/New_York", "Europe/Rome"]


def test_shown_texts_are_found_as_whole_words() -> None:
    """A value is only one by itself, in any case; the longer of two wins."""
    tokens = tokens_of("in new york or York-town, IN_PROGRESS")
    found = shown(["York", "New York", "town", "in_progress", "or"], tokens)
    assert [value.value for value in found] == ["New York", "in_progress"]


def test_whole_and_role_of() -> None:
    """Tokens of a kind are values; without a preposition they have no role."""
    tokens = tokens_of("move 'a' into 'b'")
    assert [value.value for value in whole({"quoted"}, tokens)] == ["a", "b"]
    assert [role_of(tokens, place) for place in (0, 1, 3)] == [None, None, "target"]
