"""The body of a response, decoded and bounded."""

import gzip
import zlib
from collections.abc import AsyncIterator

import anyio
import httpx2
import pytest

from batonmcp.downstream.http.body import head, whole
from batonmcp.downstream.http.failure import HttpFailed

pytestmark = pytest.mark.anyio


class Stream(httpx2.AsyncByteStream):
    """Pieces of a body; after the last one it breaks, or waits for ever."""

    def __init__(self, *pieces: bytes, breaks: bool = False, waits: bool = False) -> None:
        self.pieces = pieces
        self.breaks = breaks
        self.waits = waits

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the pieces."""
        for piece in self.pieces:
            yield piece
        if self.breaks:
            message = "reset"
            raise httpx2.ReadError(message)
        if self.waits:
            await anyio.sleep_forever()


def response(stream: Stream, **headers: str) -> httpx2.Response:
    """Return a response with this body."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx2.Response(200, headers=named, stream=stream)


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [("", bytes), ("identity", bytes), ("gzip", gzip.compress), ("X-GZip", gzip.compress), ("deflate", zlib.compress)],
)
async def test_body_is_unpacked(encoding: str, pack: type[bytes]) -> None:
    """Whatever it was packed by, and in whatever pieces, it is what it was."""
    packed = pack(b"hello" * 50_000)
    pieces = [packed[start : start + 100] for start in range(0, len(packed), 100)]
    assert await whole(response(Stream(*pieces), content_encoding=encoding), 250_000) == b"hello" * 50_000


@pytest.mark.parametrize("packed", [False, True])
async def test_limit_is_exact(packed: bool) -> None:  # noqa: FBT001
    """A body of the limit is taken, one byte more is not, by what it is when it is unpacked."""
    for size, fits in [(999, True), (1_000, True), (1_001, False)]:
        body = gzip.compress(b"x" * size) if packed else b"x" * size
        found = response(Stream(body), content_encoding="gzip" if packed else "")
        if fits:
            assert len(await whole(found, 1_000)) == size
        else:
            with pytest.raises(HttpFailed, match="more than 1,000 bytes"):
                await whole(found, 1_000)


async def test_announced_size_is_refused_at_once() -> None:
    """Nothing is read of what says itself that it is too large; nonsense is not believed."""
    with anyio.fail_after(5):
        with pytest.raises(HttpFailed, match="more than 1,000 bytes"):
            await whole(response(Stream(waits=True), content_length="1001"), 1_000)
        assert await whole(response(Stream(b"x"), content_length="many"), 1_000) == b"x"


@pytest.mark.parametrize(
    ("encoding", "body", "said"),
    [
        ("br", b"", "it is packed as 'br', although it was asked for as it is"),
        ("gzip, gzip", b"", "it is packed as 'gzip, gzip', although"),
        ("gzip", b"no gzip", "it cannot be unpacked: "),
    ],
)
async def test_body_that_cannot_be_unpacked(encoding: str, body: bytes, said: str) -> None:
    """What cannot be undone in bounded steps is refused."""
    with pytest.raises(HttpFailed, match=said):
        await whole(response(Stream(body), content_encoding=encoding), 1_000)


async def test_head_is_what_there_is() -> None:
    """A beginning is enough, of a body that is long, breaks, never ends or cannot be unpacked."""
    assert await head(response(Stream(b"a" * 10, b"b" * 10)), 15, patience=5) == b"a" * 10 + b"b" * 5
    assert await head(response(Stream(b"a", breaks=True)), 15, patience=5) == b"a"
    assert await head(response(Stream(b"a", waits=True)), 15, patience=0.05) == b"a"
    assert await head(response(Stream(b"a"), content_encoding="br"), 15, patience=5) == b""
