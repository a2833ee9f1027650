"""Tests of `batonmcp.llm.lexical.clauses`."""

import pytest

from batonmcp.llm.lexical.clauses import Clause, clauses_of, tells
from batonmcp.llm.lexical.tokens import text_of, tokens_of


def _clauses(query: str) -> list[Clause]:
    return clauses_of(tokens_of(query))


def _texts(query: str) -> list[str]:
    return [text_of(clause.tokens) for clause in _clauses(query)]


@pytest.mark.parametrize(
    ("query", "texts"),
    [
        ("get a and b", ["get a", "b"]),
        ("get a, b as well as c", ["get a", "b", "c"]),
        ("say 'a and b' then stop", ["say a and b", "stop"]),
        ("get a, but not b", ["get a"]),
        ("don't get a. Get b", ["Get b"]),
        ("check if there are roses", ["check if there are roses"]),
        ("", []),
    ],
)
def test_texts(query: str, texts: list[str]) -> None:
    """A query is split at its connectives; what is not wanted is left out."""
    assert _texts(query) == texts


def test_plain_clauses_are_loose() -> None:
    """`and` alone ties nothing."""
    assert all(clause.tie.loose for clause in _clauses("get a and b, plus c"))


def test_then_orders_and_lasts() -> None:
    """What `then` introduces, and what is joined to it, comes second; a new sentence is free again."""
    ties = [clause.tie for clause in _clauses("get a then b and c. Get d")]
    assert [tie.order for tie in ties] == [False, True, False, False]
    assert [tie.carried for tie in ties] == [False, False, True, False]


def test_trailing_condition() -> None:
    """`if any` belongs to its own clause and not to what follows."""
    first, second, third = _clauses("find roses and water them if any and rest")
    assert first.tie.loose
    assert (second.tie.back, second.tie.condition, second.tie.leading) == (True, "some", False)
    assert third.tie.loose


def test_leading_condition_with_words_is_a_clause_of_its_own() -> None:
    """`if there are X, do Y` looks for X first."""
    first, second = _clauses("If there are no roses, buy seeds")
    assert (first.basis, text_of(first.tokens)) == ("condition", "there are no roses")
    assert (second.tie.condition, second.tie.leading) == ("none", True)
    assert text_of(second.tie.focus) == "roses"


@pytest.mark.parametrize("query", ["water it after finding roses", "water it, if there are roses"])
def test_what_is_said_last_but_comes_first(query: str) -> None:
    """The clauses stand in the order in which they are to be done."""
    first, second = _clauses(query)
    assert first.basis
    assert text_of(second.tokens) == "water it"
    assert second.tie.back


def test_before() -> None:
    """`before doing X, do Y` is Y, then X."""
    first, second = _clauses("Before watering roses, fill the can")
    assert (text_of(first.tokens), text_of(second.tokens)) == ("fill the can", "watering roses")
    assert second.tie.order


def test_question_and_answer() -> None:
    """`If so` refers to the sentence before."""
    first, second = _clauses("Are there roses? If so, water them")
    assert first.tie.loose
    assert second.tie.condition == "some"


def test_each() -> None:
    """`for each X` looks for X first."""
    first, second = _clauses("get the height for each tree")
    assert (first.basis, text_of(first.tokens)) == ("each", "tree")
    assert second.tie.each


@pytest.mark.parametrize("query", ["get a and its b", "get a and b of those", "get a and b from that"])
def test_pointers_look_back(query: str) -> None:
    """A pronoun ties a clause to the one before it."""
    assert _clauses(query)[1].tie.back


def test_tells() -> None:
    """Words that only say that there is something tell nothing."""
    assert not tells(tokens_of("found")[0])
    assert tells(tokens_of("roses")[0])
    assert tells(tokens_of("/srv")[0])
