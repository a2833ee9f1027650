"""A TCP proxy that treats what passes through it badly.

async with toxic(port, Toxins(slice_bytes=1)) as proxy:
    ...  # connect to proxy.port; proxy.toxins may be exchanged on the way
"""

import socket
import struct
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import anyio
from anyio.abc import ByteStream, SocketAttribute, SocketStream

__all__ = ["Proxy", "Toxins", "toxic"]

_GONE = (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError, OSError)
_READ = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Toxins:
    """What is done to the bytes that come from the server.

    Attributes:
        latency: Seconds before each piece.
        bandwidth: Most bytes a second; None for no bound.
        slice_bytes: Largest piece; None to pass pieces as they come.
        limit_bytes: Close after so many; None for no bound.
        reset_bytes: Reset after so many; None for never.
        black_hole: Swallow everything, in both directions, and keep the connection open.
        close_delay: Seconds before a connection that the server has closed is closed.
    """

    latency: float = 0.0
    bandwidth: int | None = None
    slice_bytes: int | None = None
    limit_bytes: int | None = None
    reset_bytes: int | None = None
    black_hole: bool = False
    close_delay: float = 0.0


class Proxy:
    """The proxy; its toxins can be exchanged while it is used."""

    def __init__(self, target: int, toxins: Toxins) -> None:
        self.target = target
        self.toxins = toxins
        self.port = 0
        self.connections = 0

    async def serve(self, client: SocketStream) -> None:
        """Carry one connection."""
        self.connections += 1
        async with client:
            try:
                server = await anyio.connect_tcp("127.0.0.1", self.target)
            except OSError:
                return
            async with server, anyio.create_task_group() as pumps:
                pumps.start_soon(self._up, client, server)
                await self._down(server, client)
                pumps.cancel_scope.cancel()

    async def _up(self, client: ByteStream, server: ByteStream) -> None:
        with suppress(*_GONE):
            while True:
                data = await client.receive(_READ)
                if not self.toxins.black_hole:
                    await server.send(data)

    async def _down(self, server: ByteStream, client: SocketStream) -> None:
        passed = 0
        with suppress(*_GONE):
            while True:
                try:
                    data = await server.receive(_READ)
                except anyio.EndOfStream:
                    await anyio.sleep(self.toxins.close_delay)
                    return
                while data:
                    if self.toxins.black_hole:
                        await anyio.sleep_forever()
                    piece, data = self._cut(data, passed)
                    await self._delay(len(piece))
                    await client.send(piece)
                    passed += len(piece)
                    if self._ends(passed, client):
                        return

    def _cut(self, data: bytes, passed: int) -> tuple[bytes, bytes]:
        """Cut off what is sent next."""
        bounds = (self.toxins.limit_bytes, self.toxins.reset_bytes)
        size = min(
            len(data),
            self.toxins.slice_bytes or len(data),
            *(max(bound - passed, 1) for bound in bounds if bound is not None),
        )
        return data[:size], data[size:]

    async def _delay(self, size: int) -> None:
        delay = self.toxins.latency + (size / self.toxins.bandwidth if self.toxins.bandwidth else 0.0)
        await anyio.sleep(delay)

    def _ends(self, passed: int, client: SocketStream) -> bool:
        toxins = self.toxins
        if toxins.reset_bytes is not None and passed >= toxins.reset_bytes:
            raw = client.extra(SocketAttribute.raw_socket)  # noqa: S610 - not Django's
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return True
        return toxins.limit_bytes is not None and passed >= toxins.limit_bytes


@asynccontextmanager
async def toxic(target: int, toxins: Toxins | None = None) -> AsyncGenerator[Proxy]:
    """Carry connections to a port of 127.0.0.1."""
    proxy = Proxy(target, toxins or Toxins())
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    proxy.port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - not Django's
    async with listener, anyio.create_task_group() as serving:
        serving.start_soon(listener.serve, proxy.serve)
        yield proxy
        serving.cancel_scope.cancel()
