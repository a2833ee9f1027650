"""Text of strangers, made fit to be shown."""

import sys
import unicodedata

import pytest

from batonmcp.core.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("  two\t words\n", "two words"),
        ("\x1b[31mred\x1b[0m\x07", "[31mred[0m"),
        ("a\u202eb\u200bc\ufeff", "abc"),
        ("a\U000e0041b\U000e0101", "ab"),
        ("half \ud800", "half"),
        ("é 日本 🎼", "é 日本 🎼"),
        ("12345678901", "123456789…"),
        ("", ""),
    ],
)
def test_printable(text: str, shown: str) -> None:
    """What cannot be seen goes, blanks become one, and the end is cut."""
    assert printable(text, 10 if text.isdigit() else 100) == shown


def test_lines_are_kept_where_wanted() -> None:
    """A question may have several lines."""
    assert printable("one \n\n two\r\nthree", 100, lines=True) == "one\n\ntwo\nthree"


def test_a_hidden_text_does_not_hide_that_it_was_cut() -> None:
    """A text is not read to its end for the sake of a short line."""
    assert printable("\u200b" * 10_000_000 + "x", 100) == "…"


def test_no_character_gets_through_that_cannot_be_seen() -> None:
    """Over all of Unicode: what is left is no control, format, surrogate, private or unassigned character."""
    left = {c for c in map(chr, range(sys.maxunicode + 1)) if printable(c, 4) not in {"", " "}}
    assert not [c for c in left if unicodedata.category(c)[0] == "C"]
