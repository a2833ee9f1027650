"""Where a call of a host comes from: whose it is, and through which other processes of ours it came."""

import secrets
from collections.abc import Mapping
from typing import Any, cast

from mcp.server.context import ServerRequestContext
from mcp.server.streamable_http import MCP_SESSION_ID_HEADER
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from batonmcp.config.lineage import CHAIN

__all__ = ["chain_of", "principal_of"]

_MOST_READ = 100


def principal_of(context: ServerRequestContext[Any]) -> str:
    """Return whose call it is that came over HTTP, where anybody on this machine may call.

    A session of the older era is one host: the SDK has checked that it is open. The newer era has no sessions, so each
    call is a host of its own.
    """
    headers = cast("Mapping[str, str]", getattr(context.request, "headers", {}))
    session = headers.get(MCP_SESSION_ID_HEADER)
    if session and context.protocol_version not in MODERN_PROTOCOL_VERSIONS:
        return f"session {session}"
    return f"call {secrets.token_hex(16)}"


def chain_of(context: ServerRequestContext[Any]) -> tuple[str, ...]:
    """Return the marks of the processes of ours through which a call came; what is no list of marks says nothing."""
    found = cast("Mapping[str, object]", context.meta or {}).get(CHAIN)
    if not isinstance(found, list):
        return ()
    return tuple(str(mark) for mark in cast("list[object]", found)[:_MOST_READ])
