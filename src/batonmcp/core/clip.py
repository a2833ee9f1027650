"""The beginning of a text, which never ends within a character as a reader sees it."""

import unicodedata
from typing import Final

__all__ = ["clip"]

_MOST_BACK: Final = 32
"""Most code points that are given up for a whole character: longer ones are no writing."""

_JOINER: Final = "\u200d"
_HIGH: Final = range(0xD800, 0xDC00)
_LOW: Final = range(0xDC00, 0xE000)
_FLAG_LETTERS: Final = range(0x1F1E6, 0x1F200)
_SKIN_TONES: Final = range(0x1F3FB, 0x1F400)
_TAGS: Final = range(0xE0020, 0xE0080)


def clip(text: str, most: int) -> str:
    """Return at most so many code points of the beginning of `text`, cut between two characters.

    A character keeps its accents, an emoji its parts and a flag its second letter. What has more than a few dozen
    parts is cut all the same.
    """
    if len(text) <= most:
        return text
    end = max(most, 0)
    while end > max(0, most - _MOST_BACK) and _is_within(text, end):
        end -= 1
    if end and _is_within(text, end):
        end = max(most, 0)
        end -= _is_pair(text, end)
    return text[:end]


def _is_within(text: str, place: int) -> bool:
    """Whether one character goes on over this place of a text."""
    if place <= 0:
        return False
    before, after = text[place - 1], text[place]
    if before.isascii() and after.isascii():
        return before == "\r" and after == "\n"
    return (
        unicodedata.category(after).startswith("M")
        or _JOINER in {before, after}
        or ord(after) in _SKIN_TONES
        or ord(after) in _TAGS
        or _is_pair(text, place)
        or _is_flag(text, place)
    )


def _is_pair(text: str, place: int) -> bool:
    """Whether the two halves of one character, which came as two, are on both sides of a place."""
    return place > 0 and ord(text[place - 1]) in _HIGH and ord(text[place]) in _LOW


def _is_flag(text: str, place: int) -> bool:
    """Whether the two letters of one flag are on both sides of a place: letters pair off from the first."""
    if ord(text[place]) not in _FLAG_LETTERS:
        return False
    start = place
    while start and place - start < _MOST_BACK and ord(text[start - 1]) in _FLAG_LETTERS:
        start -= 1
    return (place - start) % 2 == 1
