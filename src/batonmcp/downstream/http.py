"""A server that is reached over streamable HTTP."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import anyio
import httpx2
from mcp.client._transport import TransportStreams
from mcp.client.streamable_http import MCP_SESSION_ID, streamable_http_client

from batonmcp.config.settings import HttpServer

__all__ = ["HttpExchange", "http_transport", "public_address"]

_TIMEOUT = httpx2.Timeout(30.0, connect=5.0, read=None)  # calls have deadlines of their own; streams stay open
_LARGEST_EVENT = 8_000_000
_REFUSED = 400
_NOT_FOUND = 404


class HttpExchange:
    """What the transport would otherwise swallow.

    Attributes:
        refusal: The status of the last answer to a message of ours, if it was a refusal.
        forgotten: Set when the server no longer knows our session: it has been started again.
    """

    def __init__(self) -> None:
        self.refusal: int | None = None
        self.forgotten = anyio.Event()

    async def hear(self, response: httpx2.Response) -> None:
        """Take note of a response."""
        if response.request.method != "POST":
            return  # a server may well refuse the stream that only GET opens
        self.refusal = response.status_code if response.status_code >= _REFUSED else None
        if self.refusal == _NOT_FOUND and MCP_SESSION_ID in response.request.headers:
            self.forgotten.set()


@asynccontextmanager
async def http_transport(server: HttpServer, about: HttpExchange) -> AsyncGenerator[TransportStreams]:
    """Yield the streams of a server's messages."""
    hooks = {"response": [about.hear]}
    async with (
        httpx2.AsyncClient(headers=dict(server.headers), timeout=_TIMEOUT, event_hooks=hooks) as client,
        streamable_http_client(server.url, http_client=client, max_sse_event_size=_LARGEST_EVENT) as streams,
    ):
        yield streams


def public_address(url: str) -> str:
    """Return an address without the parts that people put secrets in: user, password, query."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
