"""The ends of pipes that we hold: read and written by the event loop itself, with no thread and no buffer between."""

import os
import select

import anyio
from anyio.abc import ByteReceiveStream, ByteSendStream
from anyio.lowlevel import checkpoint

__all__ = ["ReadEnd", "WriteEnd"]

_CHUNK = 65_536
_TURN = 4 * _CHUNK
_LEAST = 4_096


class _End:
    """A descriptor that is ours to close."""

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor

    def close(self) -> None:
        """Close it; whoever waits for it is told."""
        if self._descriptor >= 0:
            anyio.notify_closing(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1

    async def aclose(self) -> None:
        """Close it, as streams are closed."""
        self.close()
        await checkpoint()

    @property
    def _open(self) -> int:
        if self._descriptor < 0:
            raise anyio.ClosedResourceError
        return self._descriptor


class ReadEnd(_End, ByteReceiveStream):
    """The end that is read; a writer that never pauses does not keep others from their turn."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor)
        self._unbroken = 0

    async def receive(self, max_bytes: int = _CHUNK) -> bytes:
        """Return what has come, at least a byte.

        Raises:
            EndOfStream: All writers have closed it.
            ClosedResourceError: We have.
        """
        while True:
            if self._unbroken >= _TURN:
                self._unbroken = 0
                await checkpoint()
            try:
                data = os.read(self._open, max_bytes)
            except BlockingIOError:
                self._unbroken = 0
                await anyio.wait_readable(self._open)
                continue
            if not data:
                raise anyio.EndOfStream
            self._unbroken += max(len(data), _LEAST)
            return data


class WriteEnd(_End, ByteSendStream):
    """The end that is written."""

    async def send(self, item: bytes) -> None:
        """Write all of it.

        Raises:
            BrokenResourceError: Nobody can read it any more.
            ClosedResourceError: We have closed it.
        """
        view = memoryview(item)
        while view:
            try:
                view = view[os.write(self._open, view) :]
            except BlockingIOError:
                await anyio.wait_writable(self._open)
            except BrokenPipeError as error:
                raise anyio.BrokenResourceError from error

    async def unread(self) -> None:
        """Return when nobody can read it any more; where the system does not tell, never."""
        if not hasattr(select, "epoll"):
            await anyio.sleep_forever()
        with select.epoll() as poll:
            poll.register(self._open, 0)  # errors only
            await anyio.wait_readable(poll.fileno())
