"""The rest that an endpoint is given when it fails half of the time: asking on would only keep it from recovering."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

__all__ = ["Breaker", "Rest"]

_REMEMBERED: Final = 20
_LEAST: Final = 10
"""How many of the last requests are looked at, and how many there must be to tell."""

_SECONDS: Final = 60.0
"""For how long a request counts."""

_FIRST_REST = 15.0
_LONGEST_REST = 120.0
_TRIAL = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """That an endpoint is left alone.

    Attributes:
        seconds: For how long still.
        asked: Whether it asked for that itself; else it fails too often.
    """

    seconds: float
    asked: bool


class Breaker:
    """Decides whether an endpoint is asked at all.

    After a rest one request goes ahead, and the others wait for what comes of it: a good answer ends all resting, a bad
    one doubles it.

    Args:
        clock: Seconds, never going back.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._heard: deque[tuple[float, bool]] = deque(maxlen=_REMEMBERED)
        self._until = 0.0
        self._asked = False
        self._rests = 0

    def rest(self) -> Rest | None:
        """Return the rest that the endpoint has now; None if it may be asked, of which each asker takes its turn."""
        now = self._clock()
        if now < self._until:
            return Rest(seconds=self._until - now, asked=self._asked)
        if self._rests:
            self._until, self._asked = now + _TRIAL, False
        return None

    def well(self) -> None:
        """Take note of an answer, whatever it says."""
        self._heard.append((self._clock(), False))
        if self._rests:
            self._heard.clear()
        self._rests, self._until = 0, 0.0

    def ill(self, *, asked: float | None = None) -> None:
        """Take note of a failure. `asked`: for how many seconds the endpoint wants to be left alone."""
        now = self._clock()
        self._heard.append((now, True))
        if asked is not None:
            self._until, self._asked = max(self._until, now + asked), True
        elif self._rests or self._fails_often(now):
            self._until = now + min(_LONGEST_REST, _FIRST_REST * 2.0**self._rests)
            self._rests, self._asked = self._rests + 1, False

    def _fails_often(self, now: float) -> bool:
        recent = [failed for at, failed in self._heard if at > now - _SECONDS]
        return len(recent) >= _LEAST and 2 * sum(recent) >= len(recent)
