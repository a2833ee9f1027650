"""The body of a response, decoded and bounded."""

import zlib
from collections.abc import AsyncGenerator, AsyncIterable, Iterator
from contextlib import aclosing, suppress

import anyio.lowlevel
import httpx2

from batonmcp.downstream.http.failure import HttpFailed, HttpFailure

__all__ = ["decoded", "head", "whole"]

_STEP = 65_536
_AT_A_TIME = 262_144
_LEAST = 8_192
"""What a piece costs beside its bytes, in bytes."""

_ANY_HEADER = 32 + zlib.MAX_WBITS  # of gzip or of zlib


async def decoded(response: httpx2.Response) -> AsyncGenerator[bytes]:
    """Yield a body in pieces of bounded size. The event loop gets its turn, however small or well packed they are.

    Raises:
        HttpFailed: It is packed in a way that cannot be undone in bounded steps.
        TransportError: The connection broke.
    """
    unpack = _unpacker(response.headers.get("content-encoding", ""))
    effort = 0
    stream = response.stream
    assert isinstance(stream, AsyncIterable)  # noqa: S101 - what an async transport returns
    async for packed in stream:
        for piece in unpack.pieces(packed):
            effort += _LEAST + len(piece)
            if effort > _AT_A_TIME:
                effort = 0
                await anyio.lowlevel.checkpoint()
            yield piece


async def whole(response: httpx2.Response, limit: int) -> bytes:
    """Return a body of at most `limit` bytes.

    Raises:
        HttpFailed: It is larger, or cannot be decoded.
        TransportError: The connection broke.
    """
    announced = response.headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and int(announced[:20]) > limit:
        raise _oversize(limit)
    found = bytearray()
    async with aclosing(decoded(response)) as pieces:
        async for piece in pieces:
            found += piece
            if len(found) > limit:
                raise _oversize(limit)
    return bytes(found)


async def head(response: httpx2.Response, size: int, *, patience: float) -> bytes:
    """Return the beginning of a body, or what there is of it after so many seconds."""
    found = bytearray()
    with anyio.move_on_after(patience), suppress(httpx2.TransportError):
        async with aclosing(decoded(response)) as pieces:
            async for piece in pieces:
                found += piece
                if len(found) >= size:
                    break
    return bytes(found[:size])


def _oversize(limit: int) -> HttpFailed:
    return HttpFailed(HttpFailure(kind="oversize", said=f"more than {limit:,} bytes"))


class _Plain:
    def pieces(self, packed: bytes) -> Iterator[bytes]:
        """Yield it as it is."""
        yield packed


class _Packed:
    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(_ANY_HEADER)

    def pieces(self, packed: bytes) -> Iterator[bytes]:
        """Yield what is packed in it, a step at a time."""
        while packed:
            try:
                piece = self._zlib.decompress(packed, _STEP)
            except zlib.error as error:
                raise HttpFailed(HttpFailure(kind="unreadable", said=f"it cannot be unpacked: {error}")) from error
            packed = self._zlib.unconsumed_tail
            if not piece:
                return
            yield piece


def _unpacker(encoding: str) -> _Plain | _Packed:
    match encoding.strip().lower():
        case "" | "identity":
            return _Plain()
        case "gzip" | "x-gzip" | "deflate":
            return _Packed()
        case other:
            said = f"it is packed as {other[:20]!r}, although it was asked for as it is"
            raise HttpFailed(HttpFailure(kind="unreadable", said=said))
