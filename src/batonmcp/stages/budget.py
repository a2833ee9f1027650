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
        self._running: Deadline | None = None

    @contextmanager
    def stage(self, *, keep: float = 0.0) -> Generator[Deadline]:
        """Yield the deadline of the next stage: all that is left but what is kept for later ones."""
        deadline = Deadline(max(self._left - keep, 0.0))
        kept = min(keep, self._left)
        self._running = deadline
        try:
            yield deadline
        finally:
            self._running = None
            self._left = kept + deadline.left()

    def left(self) -> float:
        """Return the seconds that the stage at work has left; between two stages, all that are left."""
        return self._running.left() if self._running else self._left
