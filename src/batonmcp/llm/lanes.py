"""The cosines of one vector with very many, in integers.

Python multiplies a long integer by a short one at the speed of the machine. So each dimension of all vectors together
is one long integer with a lane of 32 bits a vector, and the sum of these, each times the query's byte, holds in each
lane the dot product of that vector: Lamport, "Multiple Byte Processing with Full-Word Instructions", 1975, with long
words. `docs/decisions/0022` has the times.
"""

from array import array
from collections.abc import Sequence
from heapq import nlargest
from math import sqrt
from operator import mul
from struct import unpack
from typing import Final

from batonmcp.llm.embedder import Vector

__all__ = ["Lanes"]

_LANE: Final = 4
_HALF: Final = 1 << 31
"""Added to each lane, so that none is negative: a dot product of bytes is smaller, up to 130,000 dimensions."""

_SHIFTED: Final = bytes(byte ^ 0x80 for byte in range(256))
"""Makes signed bytes unsigned ones that are larger by 128."""


class Lanes:
    """Vectors of one number of dimensions, at least one, ready to be compared with others."""

    def __init__(self, vectors: Sequence[Vector]) -> None:
        self._count = len(vectors)
        self.dimensions = len(vectors[0])
        flat = b"".join(vectors).translate(_SHIFTED)
        if len(flat) != self._count * self.dimensions:
            message = "vectors of different dimensions cannot be compared"
            raise ValueError(message)
        shift = self._in_all(0x80)
        self._dimensions = [self._lanes(flat[at :: self.dimensions]) - shift for at in range(self.dimensions)]
        self._lengths = [_length(vector) for vector in vectors]

    def nearest(self, vector: Vector, most: int) -> list[int]:
        """Return the places of at most so many vectors, those that point most nearly the same way first."""
        cosines = self.cosines(vector)
        return nlargest(most, range(self._count), key=lambda place: (cosines[place], -place))

    def cosines(self, vector: Vector) -> list[float]:
        """Return the cosine of each vector with this one, which has as many dimensions."""
        total = self._in_all(_HALF)
        for weight, lanes in zip(array("b", vector), self._dimensions, strict=True):
            total += weight * lanes
        length = _length(vector)
        dots = unpack(f"<{self._count}I", total.to_bytes(_LANE * self._count, "little"))
        return [(dot - _HALF) / (length * own) for dot, own in zip(dots, self._lengths, strict=True)]

    def _in_all(self, number: int) -> int:
        """Return the integer with this number in each lane."""
        return int.from_bytes(number.to_bytes(_LANE, "little") * self._count, "little")

    def _lanes(self, numbers: bytes) -> int:
        """Return the integer with one of these bytes in each lane."""
        wide = bytearray(_LANE * self._count)
        wide[::_LANE] = numbers
        return int.from_bytes(wide, "little")


def _length(vector: Vector) -> float:
    numbers = array("b", vector)
    return sqrt(sum(map(mul, numbers, numbers))) or 1.0
