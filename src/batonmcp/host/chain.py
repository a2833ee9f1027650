"""The chain of a call: through which other processes of ours it came."""

from collections.abc import Mapping
from typing import Any, cast

from mcp.server.context import ServerRequestContext

from batonmcp.config.lineage import CHAIN

__all__ = ["chain_of"]

_MOST_READ = 100


def chain_of(context: ServerRequestContext[Any]) -> tuple[str, ...]:
    """Return the marks of those processes, the first one first; what is no list of marks says nothing."""
    found = cast("Mapping[str, object]", context.meta or {}).get(CHAIN)
    if not isinstance(found, list):
        return ()
    return tuple(str(mark) for mark in cast("list[object]", found)[:_MOST_READ])
