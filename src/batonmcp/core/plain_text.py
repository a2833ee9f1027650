"""Text without what a reader does not see: names, descriptions and errors that servers send reach models and terminals.

Characters that steer a terminal, turn text around, or show nothing at all can hide instructions from the person who
reads a text and not from the model that does.
"""

import json
import re
from collections.abc import Callable

__all__ = ["holds_hidden", "plain", "shown", "unhidden"]

_KEPT = (
    frozenset("\n\t\u2028\u2029")
    | frozenset("\u00a0\u1680\u202f\u205f\u3000")
    | frozenset(map(chr, range(0x2000, 0x200B)))
)
"""Line ends and spaces, which `str.isprintable` counts among the others."""

_INVISIBLE = (
    (0x034F, 0x034F),  # combining grapheme joiner
    (0x115F, 0x1160),  # Hangul fillers
    (0x17B4, 0x17B5),  # Khmer inherent vowels
    (0x180B, 0x180F),  # Mongolian selectors
    (0x2800, 0x2800),  # blank Braille
    (0x3164, 0x3164),  # Hangul filler
    (0xFE00, 0xFE0E),  # variation selectors; the one after them belongs to emoji
    (0xFFA0, 0xFFA0),  # halfwidth Hangul filler
    (0xE0100, 0xE01EF),  # variation selectors supplement
)
"""Letters and marks that show nothing, although their categories do not say so."""

_HIDDEN = frozenset(chr(code) for first, last in _INVISIBLE for code in range(first, last + 1))

_JOINERS = frozenset("\u200c\u200d")
_JOINED = 3


def plain(text: str) -> str:
    """Return `text` without control characters (but line ends and tabs), and without whatever shows nothing."""
    hidden = {char for char in set(text) if _hides(char)}
    return text.translate(dict.fromkeys(map(ord, hidden))) if hidden else text


def unhidden(text: str) -> str:
    """Return `text` like `plain`, but with the joiners that writing needs: between letters that are not ASCII."""
    return _replaced(text, lambda _char: "")


def shown(text: str) -> str:
    """Return `text` with an escape of JSON for each character that `unhidden` takes out. If it is JSON, it stays so.

    Nothing is lost, and nothing steers a terminal or hides.
    """
    return _replaced(text.replace("\r\n", "\n"), lambda char: json.dumps(char)[1:-1])


def holds_hidden(text: str) -> bool:
    """Whether a text holds anything that `plain` takes out."""
    return any(_hides(char) for char in set(text))


def _replaced(text: str, replacement: Callable[[str], str]) -> str:
    """Replace what hides, but for joiners in their place."""
    hidden = {char for char in set(text) if _hides(char)}
    if not hidden:
        return text

    def replace(found: re.Match[str]) -> str:
        char, around = found[0], text[max(found.start() - 1, 0) : found.end() + 1]
        joins = char in _JOINERS and len(around) == _JOINED and not (around[0].isascii() or around[2].isascii())
        return char if joins and not (_hides(around[0]) or _hides(around[2])) else replacement(char)

    return re.sub(f"[{re.escape(''.join(sorted(hidden)))}]", replace, text)


def _hides(char: str) -> bool:
    return char in _HIDDEN or not (char.isprintable() or char in _KEPT)
