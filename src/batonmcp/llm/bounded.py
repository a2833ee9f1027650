"""An HTTP client that holds no more of an answer than any completion has."""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

import httpx2

__all__ = ["Listener", "TooLarge", "bounded", "overheard"]

_ENCODINGS = ("content-encoding", "content-length", "transfer-encoding")


class Listener(Protocol):
    """Hears an answer while it comes."""

    @property
    def is_endless(self) -> bool:
        """Whether it is more than any reply."""
        ...

    def hear(self, data: bytes) -> bool:
        """Take a part; return whether what matters of it is kept here, so that nobody else has to."""
        ...


_LISTENER: ContextVar[Listener | None] = ContextVar("_LISTENER", default=None)


@contextmanager
def overheard(listener: Listener) -> Generator[None]:
    """Tell a listener the parts of the good answers that are read meanwhile, as they come.

    The client in between has no way to hand a listener on, but it reads in the task that calls it.
    """
    token = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(token)


class TooLarge(httpx2.ReadError):
    """An answer goes on after what is read of one."""


def bounded(kind: type[httpx2.AsyncClient], *, most: int) -> httpx2.AsyncClient:
    """Return a client of a kind that gives answers up after so many bytes, counted as they are unpacked.

    What a listener keeps does not count, and is not in the body: how much that may be is the listener's to say.
    """

    class Bounded(kind):  # pyright: ignore[reportUntypedBaseClass, reportGeneralTypeIssues]
        async def send(self, request: httpx2.Request, *, stream: bool = False, **options: Any) -> httpx2.Response:  # noqa: ANN401
            del stream
            response = await super().send(request, stream=True, **options)
            try:
                body = await _read(response, most)
            finally:
                await response.aclose()
            headers = [(name, value) for name, value in response.headers.multi_items() if name not in _ENCODINGS]
            return httpx2.Response(response.status_code, headers=headers, content=body, request=response.request)

    return Bounded()


async def _read(response: httpx2.Response, most: int) -> bytes:
    body = bytearray()
    listener = _LISTENER.get() if response.is_success else None
    async for part in response.aiter_bytes():
        if not (listener and listener.hear(part)):
            body += part
        if len(body) > most or (listener and listener.is_endless):
            message = f"its answer is larger than {most:,} bytes"
            raise TooLarge(message)
    return bytes(body)
