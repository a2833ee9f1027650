"""Text of strangers, made fit to be shown to a person: a server's words, names and addresses."""

import unicodedata

__all__ = ["printable"]

_LOOKED_AT = 4
"""How many times the wanted length is looked at: enough where most of a text is hidden, and a bound where all is."""


def printable(text: str, most: int, *, lines: bool = False) -> str:
    """Return `text` without control, format and unassigned characters, cut to `most` characters.

    Blanks become one space each, line ends too unless `lines` are kept.
    """
    if len(text) <= most and text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()  # most texts
    shown = "".join(filter(_shows, text[: most * _LOOKED_AT]))
    rows = (" ".join(row.split()) for row in shown.splitlines()) if lines else [" ".join(shown.split())]
    tidy = "\n".join(rows).strip()
    return tidy if len(tidy) <= most and len(text) <= most * _LOOKED_AT else f"{tidy[: most - 1].rstrip()}…"


def _shows(character: str) -> bool:
    """Whether a character is a blank or can be seen; selectors of variants can hide whole texts."""
    if character.isspace():
        return True
    return not unicodedata.category(character).startswith("C") and not "\U000e0000" <= character <= "\U000e0fff"
