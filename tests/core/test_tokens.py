"""The estimate of tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batonmcp.core.tokens import believed_tokens, estimated_tokens, tokens_by_piece


def test_english_and_chinese() -> None:
    """ASCII takes a token for some characters, everything else one for each: what is estimated is rather too much."""
    assert estimated_tokens("") == 0
    assert estimated_tokens("a" * 36) == 10
    assert estimated_tokens("a" * 37) == 11
    assert estimated_tokens("使用必应搜索") == 6
    assert estimated_tokens("ab 使用") == 3


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("Finds trains between two places.", 8),
        ("a" * 35, 7),
        ("a" * 36, 8),
        ("find_trainStations", 4),
        ("- server_17: 8 tools", 9),
        ("3.1415", 4),
        ("使用必应搜索", 6),
    ],
)
def test_words_and_numbers(text: str, tokens: int) -> None:
    """A word, a number and a sign by itself take a token or more, and what is not ASCII one for each character."""
    assert tokens_by_piece(text) == tokens


@given(st.text(), st.text())
def test_parts_by_piece_are_never_less_than_the_whole(one: str, other: str) -> None:
    """What is added up line by line keeps to a budget as a whole, here too."""
    assert tokens_by_piece(one + other) <= tokens_by_piece(one) + tokens_by_piece(other)
    assert tokens_by_piece(one) <= len(one)


@given(st.text("aB1_- "), st.text("aB1_- "))
def test_names_in_parts_are_never_less_than_the_whole(one: str, other: str) -> None:
    """Wherever a name is cut."""
    assert tokens_by_piece(one + other) <= tokens_by_piece(one) + tokens_by_piece(other)


@given(st.text(), st.text())
def test_parts_are_never_less_than_the_whole(one: str, other: str) -> None:
    """What is added up part by part keeps to a budget as a whole, too."""
    assert estimated_tokens(one + other) <= estimated_tokens(one) + estimated_tokens(other)
    assert estimated_tokens(one) <= len(one)


@pytest.mark.parametrize(
    ("counted", "estimated", "believed"),
    [
        (900, 1_000, 900),
        (100, 1_000, 100),
        (99, 1_000, 1_000),
        (0, 1_000, 1_000),
        (5_000, 1_000, 5_000),
        (5_001, 1_000, 1_000),
        (0, 0, 0),
        (3, 0, 3),
        (-5, 10, 10),
    ],
)
def test_a_count_is_believed_within_reason(counted: int, estimated: int, believed: int) -> None:
    """An endpoint knows its tokens better than we do, unless it cannot be so."""
    assert believed_tokens(counted, estimated, most=5_000) == believed
