"""Text without what a reader does not see."""

import json
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batonmcp.core.plain_text import holds_hidden, plain, shown, unhidden

HIDDEN_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn"}
INVISIBLE = [0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, *range(0x180B, 0x1810)]
SELECTORS = [*range(0xFE00, 0xFE0F), *range(0xE0100, 0xE01F0)]


def test_every_code_point_is_kept_or_taken_out_by_its_category() -> None:
    """All 1,114,112 of them: controls, formats, surrogates, private and unassigned ones go, with a few invisible."""
    listed = {*INVISIBLE, *SELECTORS}
    wrong = [
        hex(code)
        for code in range(sys.maxunicode + 1)
        if (char := chr(code))
        if (plain(char) == "")
        != (code in listed or (unicodedata.category(char) in HIDDEN_CATEGORIES and char not in "\n\t"))
    ]
    assert not wrong


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("plain\n\ttext", "plain\n\ttext"),
        ("größer 世界 \u00a0\u3000\u2028 x", "größer 世界 \u00a0\u3000\u2028 x"),
        ("\x1b[31mred\x1b]8;;http://evil\x07", "[31mred]8;;http://evil"),
        ("a\u202eb\u2066c\u200bd\ufeffe", "abcde"),
        ("".join(chr(0xE0000 + ord(char)) for char in "ignore"), ""),
        ("line\r\nend\x00\x9b", "line\nend"),
        ("\ud800\ue000", ""),
        ("❤\ufe0f", "❤\ufe0f"),
    ],
)
def test_what_is_seen_stays(text: str, seen: str) -> None:
    """Letters of all scripts, spaces and line ends stay; hidden text goes, what surrounds it does not."""
    assert plain(text) == seen
    assert holds_hidden(text) == (text != seen)


@given(st.text(max_size=40))
def test_plain_text_stays_plain(text: str) -> None:
    """Nothing is left for a second time, and plain text is the same object."""
    once = plain(text)
    assert plain(once) is once
    assert not holds_hidden(once)


@pytest.mark.parametrize(
    ("text", "left", "escaped"),
    [
        ("plain\n\ttext", "plain\n\ttext", "plain\n\ttext"),
        ("a\x1b[2Jb\x9bc", "a[2Jbc", "a\\u001b[2Jb\\u009bc"),
        ("क्\u200dष", "क्\u200dष", "क्\u200dष"),
        ("👩\u200d👧", "👩\u200d👧", "👩\u200d👧"),
        ("a\u200db\u200c", "ab", "a\\u200db\\u200c"),
        ("é\u200d\u200c\u200dé", "éé", "é\\u200d\\u200c\\u200dé"),
        ("\u200d", "", "\\u200d"),
        ("x\U000e0041", "x", "x\\udb40\\udc41"),
        ("one\r\ntwo\rthree", "one\ntwothree", "one\ntwo\\rthree"),
        ("]^\x00-\x1f", "]^-", "]^\\u0000-\\u001f"),
    ],
)
def test_hidden_text_is_taken_out_or_shown(text: str, left: str, escaped: str) -> None:
    """Joiners stay where a script or an emoji needs them, and are hidden everywhere else."""
    assert unhidden(text) == left
    assert shown(text) == escaped


@given(st.text(max_size=40))
def test_json_text_means_the_same_when_hidden_characters_are_shown(text: str) -> None:
    """Escapes are those of JSON."""
    assert json.loads(shown(json.dumps(text, ensure_ascii=False))) == text
    assert unhidden(unhidden(text)) == unhidden(text)
