"""The scores of many places."""

from collections.abc import Mapping
from math import fsum, sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batonmcp.llm.scores import HIGHEST, Scores

ROOTS = [sqrt(prime) for prime in (2, 3, 5, 7, 11, 13)]
"""Of which no two different sums are equal."""

WORDS = st.dictionaries(
    st.sampled_from("abcdefgh"),
    st.dictionaries(st.integers(0, 299), st.sampled_from(ROOTS), max_size=60),
)


def scores_of(places: int, words: Mapping[str, Mapping[int, float]]) -> Scores:
    """Return the scores of so many places, by what each word adds where."""
    return Scores(places, {word: (list(adds), list(adds.values())) for word, adds in words.items()})


def plainly(words: Mapping[str, Mapping[int, float]], asked: str, most: int) -> list[int]:
    """Return the best places as one would have it without any haste."""
    places = {place for word in asked for place in words.get(word, {})}
    total = {place: fsum(words[word].get(place, 0.0) for word in asked if word in words) for place in places}
    return sorted(places, key=lambda place: (-total[place], place))[:most]


@settings(deadline=None)
@given(WORDS, st.sets(st.sampled_from("abcdefghx")).map(sorted), st.integers(0, 320))
def test_the_best_are_those_of_plain_sums(words: dict[str, dict[int, float]], asked: list[str], most: int) -> None:
    """Whether a word adds in many places or in few, and however many are wanted."""
    assert scores_of(300, words).best(asked, most) == plainly(words, "".join(asked), most)


def test_a_sample_that_misleads() -> None:
    """Where only the places that are looked at score, or all but those, none is missing."""
    for first in range(7):
        words = {"a": dict.fromkeys(range(first, 700, 7), 1.0), "b": {5: 3.0}}
        for most in (1, 50, 99, 101, 150):
            assert scores_of(700, words).best("ab", most) == plainly(words, "ab", most)


def test_no_score_runs_into_the_next() -> None:
    """However much is added in one place, the next has its own."""
    words = {f"w{number}": {0: 1e3, 1: 1e-3} for number in range(2_000)} | {"b": {2: 1e3}}
    assert scores_of(3, words).best([*words], 3) == [0, 2, 1]
    assert HIGHEST < 2**32


@pytest.mark.parametrize("places", [0, 3])
def test_nothing_is_added(places: int) -> None:
    """Without words, or without places, there is no best."""
    assert scores_of(places, {}).best(["a"], 5) == []
