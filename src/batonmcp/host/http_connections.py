"""The connections of hosts over HTTP: who is slow, or idle where there are many, cannot hold up the others."""

import asyncio
import sys
from typing import Any, cast

from uvicorn import Config
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle
from uvicorn.server import ServerState

__all__ = ["HEADER_PATIENCE", "READ_PATIENCE", "HttpConnection", "most_connections"]

HEADER_PATIENCE = 15.0
"""Seconds from the end of one request, or the beginning of a connection, to the end of the next one's headers."""

READ_PATIENCE = 60.0
"""Seconds for which a host may leave what is sent to it unread."""

_MOST = 512
_SHARE = 2
"""Of how many files that may be open one is for connections; servers need the others."""


def most_connections() -> int:
    """Return how many connections there may be at a time, by the system's limit on open files."""
    if sys.platform == "win32":
        return _MOST
    import resource  # noqa: PLC0415 - not there on Windows

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST if soft == resource.RLIM_INFINITY else max(8, min(_MOST, soft // _SHARE))


class HttpConnection(H11Protocol):
    """One connection, as uvicorn has it, which has to end its headers in time and to read what it is sent.

    uvicorn's own limit refuses requests where there are too many connections, also those of a host that does something
    because others do nothing. So where there are too many the one goes that has been idle for the longest time.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._too_late: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self.idle_since = self.loop.time()

    @property
    def is_idle(self) -> bool:
        """Whether no request of it is being answered."""
        cycle = cast("RequestResponseCycle | None", self.cycle)
        return cycle is None or cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin; where there are too many, end another one."""
        super().connection_made(transport)
        self._watch()
        if self.limit_concurrency and len(self.connections) >= self.limit_concurrency:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        super().connection_lost(exc)
        for timer in (self._too_late, self._unread):
            if timer:
                timer.cancel()

    def handle_events(self) -> None:
        """Take what has arrived."""
        super().handle_events()
        self._watch()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._watch()

    def pause_writing(self) -> None:
        """Wait for the host to read, but not for ever."""
        super().pause_writing()
        self._unread = self._unread or self.loop.call_later(READ_PATIENCE, self.drop)

    def resume_writing(self) -> None:
        """Go on."""
        super().resume_writing()
        if self._unread:
            self._unread.cancel()
            self._unread = None

    def _watch(self) -> None:
        """Give it a time for its next request when it becomes idle; every byte of one does not give it another."""
        if not self.is_idle:
            if self._too_late:
                self._too_late.cancel()
                self._too_late = None
        elif self._too_late is None and not self.transport.is_closing():
            self.idle_since = self.loop.time()
            self._too_late = self.loop.call_later(HEADER_PATIENCE, self.drop)

    def _make_room(self) -> None:
        others = cast("set[HttpConnection]", self.connections) - {self}
        idle = [other for other in others if other.is_idle]
        if idle:
            min(idle, key=lambda other: other.idle_since).drop()

    def drop(self) -> None:
        """End the connection, with whatever is on its way."""
        self.connections.discard(self)
        self.transport.abort()
