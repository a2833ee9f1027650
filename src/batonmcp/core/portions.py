"""Several values cut to one room: small ones whole, large ones in part."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from batonmcp.core.cut import Shaped
from batonmcp.core.json_text import characters_up_to
from batonmcp.core.shape import LEAST_ROOM, shape
from batonmcp.core.share import share

__all__ = ["FOR_A_MODEL", "FOR_A_READER", "Rooms", "portions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rooms:
    """Characters of JSON text: the most of one value, and of all together."""

    each: int
    together: int


FOR_A_MODEL: Final = Rooms(each=16_000, together=96_000)
"""What the model that writes the answer sees of the results: about 24,000 tokens, however much tools give."""

FOR_A_READER: Final = Rooms(each=16_000, together=32_000)
"""What an answer without a model shows of the results."""


def portions(values: Sequence[JsonValue], rooms: Rooms, *, beside: int = 0) -> list[Shaped]:
    """Cut values so that each fits, and all together fit; what small ones leave goes to the large ones.

    Args:
        values: What there is.
        rooms: How long they may be. Each has the least room, even if all together then are longer.
        beside: Characters that are kept free beside each of them.
    """
    each, together = rooms.each - beside, rooms.together - beside * len(values)

    def measure(number: int, most: int) -> int:
        return min(characters_up_to(values[number], min(most, each)), each)

    least = max(together // max(len(values), 1), LEAST_ROOM)
    given = share(len(values), max(together, least * len(values)), measure=measure, least=least)
    return [shape(value, min(room, each)) for value, room in zip(values, given, strict=True)]
