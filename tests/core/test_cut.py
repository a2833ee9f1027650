"""Where something is missing."""

import pytest

from batonmcp.core.cut import Cut, Path, largest_first


def cut(*path: str | int) -> Cut:
    """Return a cut at this place."""
    return Cut(path=path, what="items", shown=20, total=1_000, first=15)


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ((), ""),
        (("a",), "a"),
        (("a", 3, "b_1"), "a[3].b_1"),
        (("a", "odd key", 0), 'a["odd key"][0]'),
        (("0",), '["0"]'),
        (("a", "é"), 'a["é"]'),
        (("a", '"\n'), 'a["\\"\\n"]'),
        (("k k" * 99,), f'["{"k k" * 20}…"]'),
    ],
)
def test_a_place_is_an_expression(path: Path, place: str) -> None:
    """Keys and indexes as the plan language writes them; long ones are cut."""
    assert cut(*path).place == place


def test_a_long_place() -> None:
    """Its end is left out."""
    assert len(cut(*["abcdefgh"] * 99).place) == 201


def test_in_words() -> None:
    """Where, how many, of how many."""
    assert str(cut("a", "b")) == "a.b: 20 of 1,000 items"
    assert str(cut()) == "all of it: 20 of 1,000 items"


def test_the_largest_first() -> None:
    """A few items weigh more than many characters."""
    text = Cut(path=("t",), what="characters", shown=1, total=9_000, first=1)
    longer = Cut(path=("u",), what="characters", shown=1, total=9_999, first=1)
    entries = Cut(path=("e",), what="entries", shown=1, total=3, first=1)
    assert largest_first([text, entries, longer, cut("a")]) == [cut("a"), entries, longer, text]
