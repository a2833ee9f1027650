"""The traffic with one server: the calls in flight, and what they tell of its health."""

from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager
from typing import Any

import anyio
from mcp import MCPError

from batonmcp.downstream.breaker import Admitted, Breaker, Refused
from batonmcp.downstream.call import Call, Lost

__all__ = ["Traffic"]

_LEAST_PATIENCE = 1.0
_LOOK_AGAIN = 10.0


class Traffic:
    """Knows which calls are in flight and when the last one ended; lets no call through to a server that rests.

    Args:
        wedged: Is told when a server that should have recovered has left yet another call without an answer.
    """

    def __init__(self, wedged: Callable[[], None]) -> None:
        self._wedged = wedged
        self._in_flight: dict[Call[Any], float] = {}
        self._breaker = Breaker()
        self._used = 0.0

    @property
    def in_flight(self) -> Collection[Call[Any]]:
        """The calls that now run, the oldest first."""
        return self._in_flight.keys()

    @property
    def is_refused(self) -> bool:
        """Whether calls are refused because the last ones had no answer."""
        return self._breaker.is_open

    def begin(self) -> None:
        """Take note of a new connection: what the one before did counts no more."""
        self._breaker.answered()
        self._used = anyio.current_time()

    @contextmanager
    def carrying(self, call: Call[Any], title: str) -> Generator[None]:
        """Let a call through, and learn from how it ends.

        Raises:
            Lost: The server, by its title, rests after calls without an answer.
        """
        admitted = self._breaker.admit(anyio.current_time())
        if isinstance(admitted, Refused):
            when = f"in {admitted.seconds:.0f} s" if admitted.seconds else "just now, by another call"
            trouble = f"{title} did not answer its last calls; it is tried again {when}."
            raise Lost(trouble, sent=False)
        self._in_flight[call] = anyio.current_time()
        try:
            yield
        finally:
            self._used = anyio.current_time()
            self._learn(call, admitted, waited=self._used - self._in_flight.pop(call))

    def rest(self, seconds: float) -> None:
        """Let no call through for as long as the server asks for."""
        self._breaker.hold(anyio.current_time(), seconds)

    async def unused(self, idle_timeout: Callable[[], float | None]) -> None:
        """Wait until there has been no call for as long as `idle_timeout` says at that time (None: for ever)."""
        while True:
            seconds = idle_timeout()
            if seconds is None:
                rest = _LOOK_AGAIN
            else:
                rest = seconds if self._in_flight else self._used + seconds - anyio.current_time()
            if rest <= 0:
                return
            await anyio.sleep(rest)

    def _learn(self, call: Call[Any], admitted: Admitted, *, waited: float) -> None:
        """Class the end of a call: an error is an answer, too; a caller who left early has learned nothing."""
        if call.result is not None or isinstance(call.error, MCPError):
            self._breaker.answered()
        elif call.clock.scope.cancel_called and waited >= _LEAST_PATIENCE:
            self._breaker.missed(anyio.current_time())
            if admitted.probe:
                self._wedged()
        else:
            self._breaker.left(admitted)
