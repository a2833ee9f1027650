"""The beginning of a text."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batonmcp.core.clip import clip

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
WAVE = "\U0001f44b\U0001f3fd"
NORWAY, PERU = "\U0001f1f3\U0001f1f4", "\U0001f1f5\U0001f1ea"
SCOTLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
E_ACUTE = "e\u0301"
HALVES = "\ud83d\ude00"


@given(st.text(max_size=30), st.integers(-5, 40))
def test_a_beginning(text: str, most: int) -> None:
    """It is the text itself where that fits, else a beginning of it that ends before no accent."""
    cut = clip(text, most)
    assert text.startswith(cut)
    assert len(cut) <= max(most, 0)
    if len(text) <= most:
        assert cut == text
    if 0 < len(cut) < len(text):
        assert not unicodedata.category(text[len(cut)]).startswith("M")


@pytest.mark.parametrize(
    "character", ["a", "語", E_ACUTE, FAMILY, WAVE, NORWAY, SCOTLAND, HALVES, "\u2764\ufe0f", "\r\n"], ids=ascii
)
def test_a_character_stays_whole(character: str) -> None:
    """Wherever the cut falls, there are only whole characters left."""
    text = character * 5
    for most in range(len(text) + 1):
        assert len(clip(text, most)) == most // len(character) * len(character)


def test_flags_are_told_from_their_neighbours() -> None:
    """Letters of flags pair off from the first, whatever stands before."""
    text = f"x{NORWAY}{PERU}"
    assert [clip(text, most) for most in range(1, 5)] == ["x", "x", f"x{NORWAY}", f"x{NORWAY}"]


def test_a_character_without_end_is_cut() -> None:
    """A letter with a thousand accents costs no room that was given; halves stay together even so."""
    assert clip("e" + "\u0301" * 1_000, 500) == "e" + "\u0301" * 499
    assert clip("\u0301" * 100 + HALVES, 101) == "\u0301" * 100
