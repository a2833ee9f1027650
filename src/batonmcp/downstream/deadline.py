"""A deadline that stands still while a person thinks."""

import math
from collections.abc import Generator
from contextlib import contextmanager

import anyio

__all__ = ["Deadline"]


class Deadline:
    """The time of a cancel scope, which passes only while nobody holds it.

    Args:
        seconds: How long the scope may take, without the time in which it was held.

    Attributes:
        scope: Cancelled when the time is over.
    """

    def __init__(self, seconds: float) -> None:
        self.scope = anyio.CancelScope(deadline=anyio.current_time() + seconds)
        self._left = seconds
        self._holders = 0

    def left(self) -> float:
        """Return the seconds that are left; none is less than zero."""
        return max(self._left if self._holders else self.scope.deadline - anyio.current_time(), 0.0)

    @contextmanager
    def held(self) -> Generator[None]:
        """Stop the clock meanwhile; it goes on when the last of several holders has let go."""
        if not self._holders:
            self._left = self.scope.deadline - anyio.current_time()
            self.scope.deadline = math.inf
        self._holders += 1
        try:
            yield
        finally:
            self._holders -= 1
            if not self._holders:
                self.scope.deadline = anyio.current_time() + self._left
