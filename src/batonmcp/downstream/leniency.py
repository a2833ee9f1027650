"""Leniency towards lists of tools: one malformed tool costs itself, not the whole list.

The SDK refuses a list as a whole, so what it would refuse is taken out before it sees the message.
"""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType
from typing import Any, Self, cast

import anyio
from mcp.client._transport import ReadStream, TransportStreams
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCResponse, Tool
from mcp_types.methods import validate_server_result
from pydantic import ValidationError

__all__ = ["lenient"]

_STRICTEST = "2025-06-18"


@asynccontextmanager
async def lenient(
    transport: AbstractAsyncContextManager[TransportStreams], left_out: list[str]
) -> AsyncGenerator[TransportStreams]:
    """Yield the streams of a transport, without malformed tools; their names are added to `left_out`."""
    async with transport as (incoming, outgoing):
        yield _Sieve(incoming, left_out), outgoing


class _Sieve:
    """The incoming stream, sieved."""

    def __init__(self, stream: ReadStream[SessionMessage | Exception], left_out: list[str]) -> None:
        self._stream = stream
        self._left_out = left_out

    @property
    def last_context(self) -> object:
        """The context in which the last message was sent, where the stream below knows it."""
        return getattr(self._stream, "last_context", None)

    async def receive(self) -> SessionMessage | Exception:
        """Return the next message."""
        message = await self._stream.receive()
        if isinstance(message, SessionMessage) and isinstance(message.message, JSONRPCResponse):
            self._sieve(message.message.result)
        return message

    async def aclose(self) -> None:
        """Close the stream below."""
        await self._stream.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        try:
            return await self.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.aclose()

    def _sieve(self, result: dict[str, Any]) -> None:
        tools = result.get("tools")
        if not isinstance(tools, list) or "content" in result:
            return
        good: list[object] = []
        for place, tool in enumerate(cast("list[object]", tools), start=1):
            mended = _mended(tool)
            if _is_tool(mended):
                good.append(mended)
            else:
                self._left_out.append(_name(mended, place))
        result["tools"] = good


def _mended(tool: object) -> object:
    """Return a tool whose schema does not say that arguments are an object, as one that does: they always are."""
    match tool:
        case {"inputSchema": dict() as schema} if "type" not in schema:
            return {**cast("dict[str, Any]", tool), "inputSchema": {"type": "object", **cast("dict[str, Any]", schema)}}
        case _:
            return tool


def _is_tool(tool: object) -> bool:
    """Whether the SDK takes it, whatever version of the protocol is spoken."""
    try:
        validate_server_result("tools/list", _STRICTEST, {"tools": [tool]})
        Tool.model_validate(tool, by_name=False)
    except ValidationError:
        return False
    return True


def _name(tool: object, place: int) -> str:
    match tool:
        case {"name": str() as name} if name:
            return name
        case _:
            return f"no. {place}"
