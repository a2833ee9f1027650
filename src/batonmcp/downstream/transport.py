"""The transport to a server: which one it is, and which protocol era to ask for first."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from mcp.client._transport import TransportStreams
from mcp.client.client import ConnectMode
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from batonmcp.config.settings import HttpServer, ServerSettings, StdioServer
from batonmcp.downstream.http.exchange import HttpExchange
from batonmcp.downstream.http.transport import http_transport
from batonmcp.downstream.stdio.process import ServerProcess
from batonmcp.downstream.stdio.transport import stdio_transport
from batonmcp.downstream.trouble import Evidence

__all__ = ["Approach", "OpenTransport", "approach", "open_transport", "spoken"]

OpenTransport: TypeAlias = Callable[[ServerSettings, Evidence], AbstractAsyncContextManager[TransportStreams]]
"""Opens the way to a server; what happens on it is kept in the evidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approach:
    """How to begin with a server: the era to ask for first, and over HTTP whether by the older transport."""

    mode: ConnectMode
    sse: bool = False

    def applied(self, settings: ServerSettings) -> ServerSettings:
        """Return a server's entry with what has been found out about it."""
        if self.sse and isinstance(settings.transport, HttpServer):
            return replace(settings, transport=replace(settings.transport, speaks="sse"))
        return settings


def open_transport(settings: ServerSettings, evidence: Evidence) -> AbstractAsyncContextManager[TransportStreams]:
    """Start a server, or reach it over HTTP, as its entry says.

    Raises:
        LookupError: The entry does not say how.
    """
    match settings.transport:
        case StdioServer() as server:
            evidence.process = ServerProcess(max_bytes=evidence.max_bytes)
            return stdio_transport(server, evidence.process)
        case HttpServer() as server:
            evidence.exchange = HttpExchange(max_bytes=evidence.max_bytes)
            return http_transport(server, evidence.exchange)
        case None:
            raise LookupError(settings.name)


def approach(settings: ServerSettings, remembered: object = None) -> Approach:
    """Choose how to begin, by the entry, else by what the server spoke last time.

    Where nothing is known: over stdio the older era, since servers built on early SDKs die of the newer one's first
    request. HTTP servers answer an unknown request with an error, so there the SDK may find out.
    """
    transport = settings.transport
    if isinstance(transport, HttpServer) and (transport.speaks == "sse" or remembered == "sse"):
        return Approach(mode="legacy", sse=True)
    match settings.protocol if settings.protocol != "auto" else remembered:
        case "legacy":
            return Approach(mode="legacy")
        case "modern":
            return Approach(mode="auto")
        case _:
            return Approach(mode="legacy" if isinstance(transport, StdioServer) else "auto")


def spoken(protocol_version: str, used: Approach) -> Literal["legacy", "modern", "sse"]:
    """Return what a server speaks, in the word by which it is remembered."""
    if used.sse:
        return "sse"
    return "modern" if protocol_version in MODERN_PROTOCOL_VERSIONS else "legacy"
