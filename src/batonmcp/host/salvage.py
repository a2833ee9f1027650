"""What a host sends over standard streams and the SDK cannot read, and would drop without a word.

Programs in JavaScript cut texts between the halves of a character and send one half, which no strict reader takes. And
whoever sends something that is no message still waits for an answer, or we for theirs.
"""

import json
from types import TracebackType
from typing import Any, Final, Self, cast

import anyio
from mcp.shared._stream_protocols import ReadStream, WriteStream
from mcp.shared.message import SessionMessage
from mcp_types import INVALID_REQUEST, ErrorData, JSONRPCError, JSONRPCMessage, jsonrpc_message_adapter
from pydantic import ValidationError

__all__ = ["Salvage", "salvaged"]

_NOT_READ: Final = "this is no message of the protocol"


def salvaged(error: Exception) -> tuple[JSONRPCMessage | None, JSONRPCError | None]:
    """Return the message that a line is in which half characters stand for whole ones, or what to answer to it.

    For an answer of the host that cannot be taken for one, the message is an error: whoever waits for it goes on.
    """
    whole = _read(error)
    if whole is None:
        return None, None
    try:
        text = json.dumps(whole, ensure_ascii=False).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return jsonrpc_message_adapter.validate_json(text, by_name=False), None
    except (ValueError, RecursionError):
        pass
    number = whole.get("id")
    if isinstance(number, bool) or not isinstance(number, int | str):
        return None, None
    refusal = JSONRPCError(jsonrpc="2.0", id=number, error=ErrorData(code=INVALID_REQUEST, message=_NOT_READ))
    return (None, refusal) if "method" in whole else (refusal, None)


class Salvage:
    """The incoming stream of a transport, in which nothing is lost that can be read or answered.

    Args:
        incoming: What the transport reads.
        outgoing: Where answers go.
    """

    def __init__(self, incoming: ReadStream[SessionMessage | Exception], outgoing: WriteStream[SessionMessage]) -> None:
        self._incoming = incoming
        self._outgoing = outgoing

    async def receive(self) -> SessionMessage | Exception:
        """Return the next message."""
        item = await self._incoming.receive()
        if not isinstance(item, Exception):
            return item
        message, answer = salvaged(item)
        if answer:
            await self._outgoing.send(SessionMessage(answer))
        return SessionMessage(message) if message else item

    async def aclose(self) -> None:
        """Close the stream below."""
        await self._incoming.aclose()

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
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        await self.aclose()


def _read(error: Exception) -> dict[str, Any] | None:
    """Return the object that a refused line holds, read by a reader that is less strict; None if it holds none."""
    if not isinstance(error, ValidationError):
        return None
    for found in error.errors(include_url=False, include_context=False):
        whole: Any = found["input"]
        if found["type"] == "json_invalid":
            try:
                whole = json.loads(whole)
            except (ValueError, RecursionError):
                return None
        if isinstance(whole, dict) and "jsonrpc" in whole:  # others are parts of it
            return cast("dict[str, Any]", whole)
    return None
