"""Leniency towards lists of tools: one malformed tool costs itself, not the whole list.

The SDK refuses a list as a whole, so what it would refuse is taken out before it sees the message.
"""

from collections.abc import AsyncGenerator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType
from typing import Any, Self, cast

import anyio
from mcp.client._transport import ReadStream, TransportStreams
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCResponse, ListToolsResult
from mcp_types.methods import validate_server_result
from pydantic import ValidationError

__all__ = ["lenient"]

_HANDSHAKE_ERA = "2025-11-25"
_MODERN_ERA = "2026-07-28"
_DECORATION = {"_meta", "execution", "icons", "outputSchema", "title"}
"""Parts without which a tool can be called just as well. Its annotations are not among them: they make it safe."""


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

    def __aiter__(self) -> ReadStream[SessionMessage | Exception]:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        try:
            return await self.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        await self.aclose()

    def _sieve(self, result: dict[str, Any]) -> None:
        tools = result.get("tools")
        if not isinstance(tools, list) or "content" in result or not _fits(result, []):
            return  # another kind of result, or one that is beyond help
        good: list[object] = []
        for place, tool in enumerate(cast("list[object]", tools), start=1):
            usable = next((version for version in _versions(tool) if _fits(result, [version])), None)
            if usable is None:
                self._left_out.append(_name(tool, place))
            else:
                good.append(usable)
        result["tools"] = good


def _fits(result: dict[str, Any], tools: list[object]) -> bool:
    """Whether the SDK takes `result` with these tools in it; false also for what is no list of tools at all."""
    document = {**result, "tools": tools}
    try:
        validate_server_result("tools/list", _MODERN_ERA if "resultType" in result else _HANDSHAKE_ERA, document)
        ListToolsResult.model_validate(document, by_name=False)
    except ValidationError:
        return False
    return True


def _versions(tool: object) -> Iterator[object]:
    """Yield a tool as it is, then what can be done for it."""
    yield tool
    if not isinstance(tool, dict):
        return
    essential = {key: value for key, value in cast("dict[str, Any]", tool).items() if key not in _DECORATION}
    schema = essential.get("inputSchema")
    if isinstance(schema, dict) and "type" not in schema:
        essential["inputSchema"] = {"type": "object", **cast("dict[str, Any]", schema)}  # arguments always are one
        yield {**tool, "inputSchema": essential["inputSchema"]}
    yield essential


def _name(tool: object, place: int) -> str:
    match tool:
        case {"name": str() as name} if name:
            return name
        case _:
            return f"no. {place}"
