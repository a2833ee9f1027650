"""A server that is reached over streamable HTTP."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx2
from mcp.client._transport import TransportStreams
from mcp.client.streamable_http import streamable_http_client

from batonmcp.config.settings import HttpServer

__all__ = ["HttpExchange", "http_transport"]

_TIMEOUT = httpx2.Timeout(30.0, connect=5.0, read=None)  # calls have deadlines of their own; streams stay open
_LARGEST_EVENT = 8_000_000
_REFUSED = 400


class HttpExchange:
    """What the transport would otherwise swallow: the status of the last refusal."""

    def __init__(self) -> None:
        self.refusal: int | None = None

    async def hear(self, response: httpx2.Response) -> None:
        """Take note of a response."""
        if response.status_code >= _REFUSED:
            self.refusal = response.status_code


@asynccontextmanager
async def http_transport(server: HttpServer, about: HttpExchange) -> AsyncGenerator[TransportStreams]:
    """Yield the streams of a server's messages."""
    hooks = {"response": [about.hear]}
    async with (
        httpx2.AsyncClient(headers=dict(server.headers), timeout=_TIMEOUT, event_hooks=hooks) as client,
        streamable_http_client(server.url, http_client=client, max_sse_event_size=_LARGEST_EVENT) as streams,
    ):
        yield streams
