"""The opening of the backend, in the background, and its closing."""

from collections.abc import Awaitable, Callable

import anyio

from batonmcp.core.errors import BatonError
from batonmcp.host.backend import Backend, OpenBackend

__all__ = ["Opening"]


class Opening:
    """Keeps the backend open from when it may begin until it is told to stop.

    Args:
        open_backend: Opens it.

    Attributes:
        stopping: Set when it begins to close.
        stopped: Set when it has gone.
    """

    def __init__(self, open_backend: OpenBackend) -> None:
        self.stopping = anyio.Event()
        self.stopped = anyio.Event()
        self._open_backend = open_backend
        self._begun = anyio.Event()
        self._opened = anyio.Event()
        self._backend: Backend | None = None
        self._unavailable = BatonError(kind="unavailable", message="batonmcp is shutting down.")
        self._stop = anyio.CancelScope()

    def begin(self) -> None:
        """Let it be opened, as soon as somebody keeps it."""
        self._begun.set()

    def stop(self) -> None:
        """Begin to close it."""
        self._stop.cancel()
        self.stopping.set()

    async def keep(self, attend: Callable[[Backend], Awaitable[None]]) -> None:
        """Open it once that has begun, and close it at the stop; meanwhile attend to it.

        Where it cannot be opened, nothing is raised: for a host a sentence in each call is better than a server that
        goes away.
        """
        try:
            with self._stop:
                await self._begun.wait()
                async with self._open_backend() as backend:
                    self._backend = backend
                    self._opened.set()
                    try:
                        await attend(backend)
                    finally:
                        self._backend = None
        except BatonError as error:
            self._unavailable = error
        finally:
            self._opened.set()
            self.stopped.set()

    async def backend(self) -> Backend:
        """Return the backend, once it is there.

        Raises:
            BatonError: It could not be opened, or is closed.
        """
        await self._opened.wait()
        if self._backend is None:
            raise self._unavailable
        return self._backend
