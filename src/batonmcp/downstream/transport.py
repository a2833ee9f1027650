"""The transport to a server: which one it is, and which protocol era to ask for first."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Literal, TypeAlias

from mcp.client._transport import TransportStreams
from mcp.client.client import ConnectMode
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from batonmcp.config.settings import HttpServer, ServerSettings, StdioServer
from batonmcp.downstream.http import HttpExchange, http_transport
from batonmcp.downstream.stdio import ServerProcess, stdio_transport
from batonmcp.downstream.trouble import Evidence

__all__ = ["Era", "OpenTransport", "era_of", "first_mode", "open_transport"]

Era: TypeAlias = Literal["legacy", "modern"]

OpenTransport: TypeAlias = Callable[[ServerSettings, Evidence], AbstractAsyncContextManager[TransportStreams]]
"""Opens the way to a server; what happens on it is kept in the evidence."""


def open_transport(settings: ServerSettings, evidence: Evidence) -> AbstractAsyncContextManager[TransportStreams]:
    """Start a server, or reach it over HTTP, as its entry says.

    Raises:
        LookupError: The entry does not say how.
    """
    match settings.transport:
        case StdioServer() as server:
            evidence.process = ServerProcess()
            return stdio_transport(server, evidence.process)
        case HttpServer() as server:
            evidence.exchange = HttpExchange()
            return http_transport(server, evidence.exchange)
        case None:
            raise LookupError(settings.name)


def first_mode(settings: ServerSettings, remembered: object = None) -> ConnectMode:
    """Choose how to begin, by the entry, else by the era that the server spoke last time.

    Where nothing is known: over stdio the older era, since servers built on early SDKs die of the newer one's first
    request. HTTP servers answer an unknown request with an error, so there the SDK may find out.
    """
    match settings.protocol if settings.protocol != "auto" else remembered:
        case "legacy":
            return "legacy"
        case "modern":
            return "auto"
        case _:
            return "legacy" if isinstance(settings.transport, StdioServer) else "auto"


def era_of(protocol_version: str) -> Era:
    """Return the era that a version of the protocol belongs to."""
    return "modern" if protocol_version in MODERN_PROTOCOL_VERSIONS else "legacy"
