"""A server that is reached over HTTP, streamable or by server-sent events."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import anyio
import httpx2
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectSendStream
from mcp.client._transport import ReadStream, TransportStreams
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.message import SessionMessage

from batonmcp.config.settings import HttpServer
from batonmcp.downstream.http.events import Defuse
from batonmcp.downstream.http.exchange import HttpExchange
from batonmcp.downstream.http.gate import Gate
from batonmcp.downstream.http.route import open_route
from batonmcp.downstream.http.sse_gate import SseGate
from batonmcp.downstream.http.streamable import StreamableGate
from batonmcp.downstream.leniency.defuse import defused

__all__ = ["http_transport"]

_TIMEOUT = httpx2.Timeout(30.0, connect=5.0, read=None)  # calls have deadlines of their own; streams stay open
_MOST_REDIRECTS = 3


@dataclass(frozen=True, slots=True)
class _Way:
    """What both kinds of transport are made of."""

    route: httpx2.AsyncBaseTransport
    server: HttpServer
    about: HttpExchange
    background: TaskGroup
    defuse: Defuse


@asynccontextmanager
async def http_transport(
    server: HttpServer, about: HttpExchange, *, defuse: Defuse = defused
) -> AsyncGenerator[TransportStreams]:
    """Yield the streams of a server's messages.

    Raises:
        TransportError: It cannot be reached.
    """
    route = await open_route(httpx2.URL(server.url))
    async with anyio.create_task_group() as background:
        opened = _sse if server.speaks == "sse" else _streamable
        async with opened(_Way(route, server, about, background, defuse)) as streams:
            yield streams
        background.cancel_scope.cancel()


@asynccontextmanager
async def _streamable(way: _Way) -> AsyncGenerator[TransportStreams]:
    gate = StreamableGate(
        inner=way.route, server=way.server, about=way.about, background=way.background, defuse=way.defuse
    )
    client = _client(way.server, gate)
    async with client, streamable_http_client(way.server.url, http_client=client, max_sse_event_size=None) as streams:
        yield streams


@asynccontextmanager
async def _sse(way: _Way) -> AsyncGenerator[TransportStreams]:
    inbox, messages = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    gate = SseGate(
        inner=way.route,
        server=way.server,
        about=way.about,
        background=way.background,
        defuse=way.defuse,
        deliver=inbox.send,
    )
    client = _client(way.server, gate)

    def ours(headers: object = None, timeout: object = None, auth: object = None) -> httpx2.AsyncClient:
        del headers, timeout, auth
        return client

    async with inbox, messages, sse_client(way.server.url, httpx_client_factory=ours) as (incoming, outgoing):
        way.background.start_soon(_relay, incoming, inbox)
        yield messages, outgoing


async def _relay(
    incoming: ReadStream[SessionMessage | Exception], inbox: MemoryObjectSendStream[SessionMessage | Exception]
) -> None:
    """Pass on what the SDK reads, to where the gate adds what the SDK will never read."""
    with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
        async with inbox:
            async for message in incoming:
                await inbox.send(message)


def _client(server: HttpServer, gate: Gate) -> httpx2.AsyncClient:
    """Return a client that takes nothing from the environment; the gate's route does, where it should."""
    return httpx2.AsyncClient(
        headers=dict(server.headers),
        timeout=_TIMEOUT,
        transport=gate,
        trust_env=False,
        max_redirects=_MOST_REDIRECTS,
    )
