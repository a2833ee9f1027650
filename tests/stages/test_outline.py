"""Values in words."""

import pytest
from pydantic import JsonValue

from batonmcp.core.portions import Rooms
from batonmcp.stages.outline import outline


def shown(value: JsonValue) -> str:
    """Return how a value is shown, without the heading."""
    heading, _, body = outline([("Heading", value)]).partition("\n")
    assert heading == "Heading"
    return body


@pytest.mark.parametrize(
    ("value", "outline"),
    [
        ("plain", "  plain"),
        (None, "  none"),
        (True, "  true"),
        (1.5, "  1.5"),
        ([], "  none"),
        ({}, "  none"),
        ({"a": 1, "b": "x", "c": []}, "  a: 1\n  b: x\n  c: none"),
        ({"a": {"b": {"c": 1}}}, "  a:\n    b:\n      c: 1"),
        ([1, "x"], "  - 1\n  - x"),
        ([{"a": 1, "b": None}], "  - a: 1, b: none"),
        ([{"a": 1, "b": [2]}], "  - a: 1\n    b:\n      - 2"),
        ([[1, 2], []], "  - - 1\n    - 2\n  - none"),
    ],
)
def test_a_value_is_an_outline(value: JsonValue, outline: str) -> None:
    """Values are indented lines that hold every key and every scalar."""
    assert shown(value) == outline


@pytest.mark.parametrize(
    ("value", "outline"),
    [
        ("one\ntwo\n", "  one\n  two"),
        ({"a": "one\n\n---\nRan: nothing."}, "  a: one\n    \n    ---\n    Ran: nothing."),
        (["one\ntwo"], "  - one\n    two"),
        ([{"a": "one\ntwo", "b": 1}], "  - a: one\n    two, b: 1"),
    ],
)
def test_every_line_of_a_text_is_indented(value: JsonValue, outline: str) -> None:
    """A text cannot look like a heading of ours, or like the facts at the end."""
    assert shown(value) == outline


def test_parts_are_blocks() -> None:
    """Each stands under its heading; without any there is nothing."""
    assert outline([("One", 1), ("Two", {"a": "x"})]) == "One\n  1\n\nTwo\n  a: x"
    assert outline([]) == ""


def test_long_text_is_cut_with_its_length() -> None:
    """A very long text is shown up to a point, and it is said how long it is."""
    text = shown("x" * 50_000)
    assert 15_000 < len(text) < 16_010
    assert text.endswith(" of 50,000 characters)")
    assert shown("x" * 5_000) == "  " + "x" * 5_000


def test_long_lists_are_cut_with_their_number() -> None:
    """The first items are there and the last, and how many there are."""
    lines = shown([{"number": number} for number in range(100_000)]).splitlines()
    assert (lines[0], lines[-1]) == ("  - number: 0", "  - number: 99999")
    (gap,) = (line for line in lines if "…" in line)
    assert gap == f"  - … {100_001 - len(lines):,} more items (of 100,000)"


def test_large_parts_do_not_hide_small_ones() -> None:
    """All together are short, and each has its place."""
    part: JsonValue = ["y" * 3_000 for _ in range(9)]
    text = outline([("Large", "x" * 90_000), *[(f"Part {number}", part) for number in range(9)], ("Z", 7)])
    assert len(text) < 34_000
    assert text.endswith("Z\n  7")
    assert all(f"Part {number}\n" in text for number in range(9))


def test_a_deep_value_is_shown() -> None:
    """A value as deep as MCP messages are read does not bring the run down, and its indents do not fill the room."""
    value: JsonValue = "bottom"
    for _ in range(200):
        value = [value]
    assert shown(value)
    deep: JsonValue = [1 for _ in range(9_000)]
    for _ in range(39):
        deep = [deep]
    assert len(shown(deep)) < 40_000


def test_wide_flat_object_is_a_block() -> None:
    """Fifty entries are one line, more are lines of their own."""
    for width, lines in ((50, 1), (51, 51)):
        assert len(shown([{str(number): number for number in range(width)}]).splitlines()) == lines


def test_rooms() -> None:
    """They can be smaller."""
    assert len(outline([("A", "x" * 900), ("B", "y" * 900)], Rooms(each=300, together=400))) < 420
