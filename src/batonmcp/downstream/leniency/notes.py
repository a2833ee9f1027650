"""Notes of what a server sends that is not as it should be, and of what was done about it."""

from collections import Counter
from collections.abc import Sequence

from batonmcp.core.plain_text import plain

__all__ = ["Notes"]

_MOST = 100
_LONGEST = 300


class Notes:
    """What was repaired and dropped on one connection: sentences, each once, as many as a person would read.

    Attributes:
        left_out: Names of the tools that were taken out of the last listing.
        times: How often each sentence was noted.
    """

    def __init__(self) -> None:
        self.left_out: list[str] = []
        self.times: Counter[str] = Counter()
        self._repaired: dict[str, None] = {}
        self._dropped: dict[str, None] = {}

    @property
    def repaired(self) -> Sequence[str]:
        """What was put right, in the order in which it was first seen."""
        return [self._told(sentence) for sentence in self._repaired]

    @property
    def dropped(self) -> Sequence[str]:
        """What was thrown away."""
        return [self._told(sentence) for sentence in self._dropped]

    def repair(self, sentence: str) -> None:
        """Note a repair."""
        self._note(self._repaired, sentence)

    def drop(self, sentence: str) -> None:
        """Note that something was thrown away."""
        self._note(self._dropped, sentence)

    def _note(self, kind: dict[str, None], sentence: str) -> None:
        short = plain(" ".join(sentence[: 2 * _LONGEST].split()))[:_LONGEST]
        if short in kind or len(kind) < _MOST:
            kind[short] = None
            self.times[short] += 1

    def _told(self, sentence: str) -> str:
        times = self.times[sentence]
        return sentence if times == 1 else f"{sentence} ({times:,} times)"
