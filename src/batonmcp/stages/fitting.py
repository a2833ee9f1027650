"""Texts that fit into a room and can be sent: words cut in their middle, JSON that stays JSON."""

import re
from collections.abc import Collection, Mapping
from typing import Any, Final, cast

from pydantic import JsonValue

from batonmcp.core.clip import clip
from batonmcp.core.cut import Cut, largest_first
from batonmcp.core.json_text import characters_up_to, json_text
from batonmcp.core.plain_text import shown
from batonmcp.core.shape import LEAST_ROOM, shape

__all__ = ["abridged", "fitted", "sendable", "written"]

_MOST_CUTS: Final = 8
_LONGEST_CUTS: Final = 2_500
"""Characters in which a JSON text says what was cut."""

_BLANK: Final = re.compile(r"\s")


def sendable(text: str) -> str:
    """Return `text` without halves of characters, which servers and models may send escaped and nothing can encode."""
    return text.encode("utf-8", "replace").decode()


def written(value: JsonValue) -> str:
    """Write JSON that can be sent and in which nothing hides."""
    return shown(sendable(json_text(value)))


def abridged(text: str, room: int) -> str:
    """Cut a long text in its middle, as its end may tell what was not done."""
    if len(text) <= room:
        return text
    note = f"\n\n… ({len(text):,} characters, of which those between are left out) …\n\n"
    left = max(room - len(note), 0)
    tail = text[len(text) - left // 4 :]
    blank = _BLANK.search(tail)
    return clip(text, left - left // 4) + note + (tail[blank.end() :] if blank else "")


def fitted(document: Mapping[str, JsonValue], *, room: int, more: str, large: Collection[str]) -> str:
    """Write an object as JSON, cut if it does not fit, with what was cut under `cut` and how to get it under `more`.

    Args:
        document: The object.
        room: The most characters.
        more: How to get what is cut.
        large: The entries that may be cut; the others are small.
    """
    whole = dict(document)
    if characters_up_to(whole, room) <= room and len(text := written(whole)) <= room:
        return text
    parts = {key: value for key, value in document.items() if key in large}
    small = {key: value for key, value in document.items() if key not in large}
    left = room - _LONGEST_CUTS - characters_up_to(small, room)
    while True:
        shaped = shape(parts, left)
        cut = {**cast("dict[str, JsonValue]", shaped.value), "cut": _told(shaped.cuts), "more": more}
        order = [*document, "cut", "more"]
        text = written({key: {**small, **cut}[key] for key in order if key in small or key in cut})
        if len(text) <= room or left <= LEAST_ROOM:
            return text
        left = left * 3 // 4  # escapes made it longer


def _told(cuts: Collection[Cut]) -> list[Any]:
    """Return the largest cuts in words, and how many more there are."""
    told = [str(cut) for cut in largest_first(cuts)]
    more = len(told) - _MOST_CUTS
    return [*told[:_MOST_CUTS], *([f"and {more:,} more places"] if more > 0 else [])]
