"""A room shared out among several who want parts of different size."""

from collections.abc import Callable, Sequence
from typing import Final

__all__ = ["level_of", "share"]

_GROWTH: Final = 2


def level_of(sizes: Sequence[int], room: int) -> int:
    """Return the level up to which each may be filled: those below it whole, and together not past the room.

    What small ones leave goes to the large ones, like water between vessels. Whoever has nothing above the level has
    all it wants.
    """
    left = room
    for position, size in enumerate(sorted(sizes)):
        level = max(left, 0) // (len(sizes) - position)
        if size > level:
            return level
        left -= size
    return room


def share(count: int, room: int, *, measure: Callable[[int, int], int], least: int) -> list[int]:
    """Return what each of so many may take of a room in which each can have `least`, or all it wants if that is less.

    Large ones are not measured to their end, only as far as it makes a difference.

    Args:
        count: How many there are.
        room: What there is to share out.
        measure: Given a number and a limit, returns the size of that one, or anything above the limit.
        least: What each can have at least.
    """
    cap = least
    sizes = [measure(number, cap) for number in range(count)]
    larger = [number for number, size in enumerate(sizes) if size > cap]
    while (level := level_of([min(size, cap + 1) for size in sizes], room)) > cap and len(larger) > 1:
        cap *= _GROWTH
        for number in larger:
            sizes[number] = measure(number, cap)
        larger = [number for number in larger if sizes[number] > cap]
    if level > cap and larger:  # the others have all they want, and this one the rest
        level = room - sum(size for number, size in enumerate(sizes) if number != larger[0])
    return [min(size, level) if size <= cap else level for size in sizes]
