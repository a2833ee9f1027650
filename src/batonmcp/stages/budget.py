"""The time of a run, shared out among its stages."""

from collections.abc import Generator
from contextlib import contextmanager

from batonmcp.downstream.deadline import Deadline

__all__ = ["Budget"]


class Budget:
    """So many seconds for all stages together, one after the other; what one leaves, the next may use.

    Between two stages no time passes, nor while a stage's deadline is held.

    Attributes:
        seconds: How many there are.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._left = seconds

    @contextmanager
    def stage(self, *, keep: float = 0.0) -> Generator[Deadline]:
        """Yield the deadline of the next stage: all that is left but what is kept for later ones."""
        deadline = Deadline(max(self._left - keep, 0.0))
        kept = min(keep, self._left)
        try:
            yield deadline
        finally:
            self._left = kept + deadline.left()
