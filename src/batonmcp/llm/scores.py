"""The scores of many places, each the sum of what the words of a query add there, and the best of them.

What a word adds is known before any query, so it is kept as a whole number: Anh, de Kretser and Moffat, "Vector-Space
Ranking with Effective Early Termination", 2001. Where a word adds in many places, the numbers of all places stand side
by side in one long integer, and one addition adds them all: Lamport, "Multiple Byte Processing with Full-Word
Instructions", 1975. The best are sorted only from a score on that a sample of all scores tells: Floyd and Rivest,
"Expected Time Bounds for Selection", 1975.

No place is passed over: the result is the one that sorting all sums gives.
"""

from array import array
from collections.abc import Collection, Mapping, Sequence
from itertools import compress
from struct import Struct
from typing import Final

__all__ = ["HIGHEST", "Added", "Scores"]

HIGHEST: Final = 2**30 - 1
"""No score is above it: it fits into four bytes, and is one digit of Python's, which are compared fastest."""

Added = tuple[Sequence[int], Sequence[float]]
"""The places where a word adds something, and what."""

_FEW: Final = 64
"""A word of fewer than one in so many places is listed: that takes as long as an addition of all, and less memory."""

_SAMPLE: Final = 7
"""One score in so many is looked at to tell where the best begin."""

_MORE: Final = 1.2
"""As much deeper than told the best are looked for, so that the sample seldom misleads."""


class Scores:
    """What each word adds in which of so many places."""

    def __init__(self, places: int, added: Mapping[str, Added]) -> None:
        self._lanes = Struct(f"<{places}I")
        self._everywhere: dict[str, int] = {}
        self._somewhere: dict[str, tuple[Sequence[int], Sequence[int]]] = {}
        scale = _scale(places, added.values())
        for word, (where, adds) in added.items():
            whole = [1 + int(scale * add) for add in adds]
            if len(where) * _FEW < places:
                self._somewhere[word] = array("I", where), array("I", whole)
            else:
                self._everywhere[word] = self._side_by_side(places, where, whole)

    def best(self, words: Collection[str], most: int) -> list[int]:
        """Return at most so many places where any of the words adds, the best first, of equal ones the first first."""
        scores = self._of(words)
        least = _least(scores, most)
        found = [place for place, score in enumerate(scores) if score >= least] if least else []
        if len(found) < most:
            found = list(compress(range(len(scores)), scores))
        return sorted(found, key=scores.__getitem__, reverse=True)[:most]

    def _of(self, words: Collection[str]) -> list[int]:
        """Return the score of every place."""
        total = sum(self._everywhere[word] for word in words if word in self._everywhere)
        scores = list(self._lanes.unpack(total.to_bytes(self._lanes.size, "little")))
        for word in words:
            if word in self._somewhere:
                where, whole = self._somewhere[word]
                for place, add in zip(where, whole):  # noqa: B905 - as long by making, and this is what takes the time
                    scores[place] += add
        return scores

    def _side_by_side(self, places: int, where: Sequence[int], whole: Sequence[int]) -> int:
        lanes = [0] * places
        for place, add in zip(where, whole, strict=True):
            lanes[place] = add
        return int.from_bytes(self._lanes.pack(*lanes), "little")


def _least(scores: Sequence[int], most: int) -> int:
    """Return a score that about so many reach or a few more, as a sample tells; zero if that would be nearly all."""
    sample = sorted(scores[::_SAMPLE], reverse=True)
    depth = int(most / _SAMPLE * _MORE) + 1
    return sample[depth] if depth < len(sample) else 0


def _scale(places: int, added: Collection[Added]) -> float:
    """Return what to multiply with, so that all that is added in one place, each rounded up, is never too high."""
    totals, words = [0.0] * places, [0] * places
    for where, adds in added:
        for place, add in zip(where, adds, strict=True):
            totals[place] += add
            words[place] += 1
    return (HIGHEST - max(words, default=0)) / (max(totals, default=0.0) or 1.0)
