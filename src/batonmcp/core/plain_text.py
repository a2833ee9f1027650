"""Text without what a reader does not see: names, descriptions and errors that servers send reach models and terminals.

Characters that steer a terminal, turn text around, or show nothing at all can hide instructions from the person who
reads a text and not from the model that does.
"""

__all__ = ["holds_hidden", "plain"]

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


def plain(text: str) -> str:
    """Return `text` without control characters (but line ends and tabs), and without whatever shows nothing."""
    hidden = {char for char in set(text) if _hides(char)}
    return text.translate(dict.fromkeys(map(ord, hidden))) if hidden else text


def holds_hidden(text: str) -> bool:
    """Whether a text holds anything that `plain` takes out."""
    return any(_hides(char) for char in set(text))


def _hides(char: str) -> bool:
    return char in _HIDDEN or not (char.isprintable() or char in _KEPT)
