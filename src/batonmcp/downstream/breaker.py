"""The circuit breaker of a server: after several calls without an answer, calls fail at once for a while."""

from dataclasses import dataclass

__all__ = ["Admitted", "Breaker", "Refused"]

_MOST_MISSES = 3
_FIRST_REST = 5.0
_LONGEST_REST = 60.0


@dataclass(frozen=True, slots=True)
class Admitted:
    """The call may be made; as a `probe` it is the only one until it has ended."""

    probe: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """The call is not made: the server rests for so many `seconds` more, or a probe is under way (0)."""

    seconds: float


class Breaker:
    """Closed, calls pass. Three without an answer in a row open it. After a rest, one call probes: half-open.

    An error is an answer. Times are seconds of a clock that never goes back.
    """

    def __init__(self) -> None:
        self._missed = 0
        self._rest = _FIRST_REST
        self._until: float | None = None
        self._probing = False

    @property
    def is_open(self) -> bool:
        """Whether calls are refused, but for a probe."""
        return self._until is not None

    def admit(self, now: float) -> Admitted | Refused:
        """Decide about a call."""
        if self._until is None:
            return Admitted(probe=False)
        if now < self._until:
            return Refused(self._until - now)
        if self._probing:
            return Refused(0.0)
        self._probing = True
        return Admitted(probe=True)

    def answered(self) -> None:
        """Take note of an answer: it is closed."""
        self._missed, self._rest, self._until, self._probing = 0, _FIRST_REST, None, False

    def missed(self, now: float) -> None:
        """Take note that a call had no answer in its time."""
        self._missed += 1
        if self._probing or (self._missed >= _MOST_MISSES and self._until is None):
            self._open(now, self._rest)
            self._rest = min(self._rest * 2, _LONGEST_REST)

    def left(self, admitted: Admitted) -> None:
        """Take note that whoever made an admitted call gave it up before its time: nothing is known."""
        if admitted.probe:
            self._probing = False

    def hold(self, now: float, seconds: float) -> None:
        """Open it for as long as the server asks for."""
        self._open(now, seconds)

    def _open(self, now: float, rest: float) -> None:
        self._until, self._probing = now + rest, False
