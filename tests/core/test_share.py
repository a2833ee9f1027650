"""A room shared out."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batonmcp.core.share import level_of, share


def shared(sizes: Sequence[int], room: int, least: int) -> list[int]:
    """Share a room out, each being measured only as far as it may be; return what each then takes."""
    parts = share(len(sizes), room, measure=lambda number, most: min(sizes[number], most + 1), least=least)
    return [min(size, part) for size, part in zip(sizes, parts, strict=True)]


@pytest.mark.parametrize(
    ("sizes", "room", "parts"),
    [
        ([], 10, []),
        ([4], 10, [4]),
        ([40], 10, [10]),
        ([1, 2, 3], 10, [1, 2, 3]),
        ([90, 2, 90], 12, [5, 2, 5]),
        ([90, 2, 3], 12, [7, 2, 3]),
        ([90, 80, 70], 12, [4, 4, 4]),
        ([1_000_000, 30, 20], 100, [50, 30, 20]),
    ],
)
def test_small_ones_have_all_they_want(sizes: list[int], room: int, parts: list[int]) -> None:
    """What they leave goes to the large ones in equal parts."""
    assert shared(sizes, room, 1) == parts
    level = level_of(sizes, room)
    assert [min(size, level) for size in sizes] == parts


@given(st.lists(st.integers(1, 3_000), max_size=12), st.integers(1, 40), st.integers(0, 3_000))
def test_what_is_fair(sizes: list[int], least: int, more: int) -> None:
    """Nothing is given twice or kept back, nobody has more than another who wants more, and each has the least."""
    room = sum(min(size, least) for size in sizes) + more
    parts = shared(sizes, room, least)
    assert sum(parts) <= room
    assert sum(parts) > min(room, sum(sizes)) - max(len(sizes), 1)
    level = max(parts, default=0)
    for size, part in zip(sizes, parts, strict=True):
        assert min(size, least) <= part <= size
        assert part == size or part >= level - 1


def test_the_largest_is_not_measured_to_its_end() -> None:
    """A large one alone gets the rest, whatever its size."""
    asked: list[int] = []

    def measure(number: int, most: int) -> int:
        asked.append(most)
        return min([5, 10**9][number], most + 1)

    assert share(2, 10_000, measure=measure, least=64) == [5, 9_995]
    assert max(asked) == 64
