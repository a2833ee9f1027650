"""Several values in one room."""

import json

from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from batonmcp.core.portions import Rooms, portions


def lengths(values: list[JsonValue], rooms: Rooms, beside: int = 0) -> list[int]:
    """Return how long what is left of each is."""
    return [len(json.dumps(part.value, ensure_ascii=False)) for part in portions(values, rooms, beside=beside)]


@given(st.lists(st.integers(0, 4_000).map(lambda size: "x" * size), max_size=12), st.integers(0, 20))
def test_each_fits_and_all_fit(texts: list[JsonValue], beside: int) -> None:
    """With what is kept free beside them; and what fits is whole."""
    rooms = Rooms(each=1_000, together=4_000)
    found = lengths(texts, rooms, beside)
    assert all(length <= 1_000 - beside for length in found)
    assert sum(found) + beside * len(found) <= 4_000
    wanted = [min(len(str(text)) + 2, 1_000 - beside) for text in texts]
    if sum(wanted) + beside * len(wanted) <= 4_000:
        assert all(length > want - 10 for length, want in zip(found, wanted, strict=True))


def test_small_ones_are_whole_and_large_ones_share() -> None:
    """Whatever their order."""
    found = lengths(["x" * 9_000, "small", "y" * 9_000], Rooms(each=5_000, together=4_000))
    assert found[1] == 7
    assert all(1_900 < length <= 1_997 for length in (found[0], found[2]))


def test_very_many() -> None:
    """Each can say something, even if all together are longer then."""
    parts = portions(["x" * 100 for _ in range(100)], Rooms(each=500, together=1_000))
    assert all(str(part.value).endswith("of 100 characters)") for part in parts)


def test_none() -> None:
    """There may be nothing."""
    assert portions([], Rooms(each=5, together=5)) == []
