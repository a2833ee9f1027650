"""The pauses between attempts to reach a server: each is twice the one before, up to a minute, and never shortened."""

from collections.abc import Callable
from random import random

__all__ = ["Backoff"]

_FIRST = 0.5
_LONGEST = 60.0
_STEADY = 10.0
_SPREAD = 0.1
_SOON = 3.0


class Backoff:
    """Counts the failures of one server and says how long to wait after each, in seconds.

    A server is never given up, only tried more and more rarely. One that dies as soon as it is used must not be started
    in a loop, so only a connection that has lasted ten seconds starts the count anew.

    Args:
        jitter: Gives a number from 0 to 1: pauses are up to a tenth longer, so that many servers do not start at once.
    """

    def __init__(self, jitter: Callable[[], float] = random) -> None:
        self._jitter = jitter
        self._next = _FIRST

    @property
    def soon(self) -> bool:
        """Whether the next pause is so short that a caller may as well wait for what comes after it."""
        return self._next < _SOON

    def ended(self, *, lasted: float) -> None:
        """Take note that a connection has ended after so many seconds; 0 if it never came up."""
        if lasted > _STEADY:
            self._next = _FIRST

    def pause(self, *, at_least: float = 0.0) -> float:
        """Return the pause before the next attempt.

        Args:
            at_least: What the server itself asks for, in seconds.
        """
        pause = self._next * (1 + _SPREAD * self._jitter())
        self._next = min(self._next * 2, _LONGEST)
        return max(pause, at_least)
