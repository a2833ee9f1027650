"""The lines in which messages come and go over standard streams."""

import json
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from itertools import chain, groupby
from typing import Any, cast

import anyio
from anyio.abc import ByteReceiveStream
from mcp_types import PARSE_ERROR, ErrorData, JSONRPCError, JSONRPCMessage, jsonrpc_message_adapter
from pydantic_core import PydanticSerializationError, from_json

from batonmcp.downstream.leniency.defuse import defused
from batonmcp.downstream.leniency.examination import refused

__all__ = ["Overlong", "line_of", "lines_of", "message_of"]

_WHY = "it is no answer of JSON-RPC"
_BLANK = b" \t\r\xef\xbb\xbf"
_CHATTER = re.compile(
    rb'\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"method"\s*:\s*"notifications/(message|[a-z]+/list_changed)"'
)
"""Notifications of which either none is listened to, or one says as much as many."""

_ENDED = (anyio.EndOfStream, anyio.ClosedResourceError, anyio.BrokenResourceError, OSError)


class Overlong(Exception):
    """A line is longer than allowed."""


async def lines_of(output: ByteReceiveStream, most: int) -> AsyncIterator[bytes]:
    """Split what comes into lines until it ends, without copying a long line more than once.

    Raises:
        Overlong: A line has more than `most` bytes, or will have.
    """
    parts: list[bytes] = []
    size = 0
    with suppress(*_ENDED):
        while True:
            head, *rest = (await output.receive()).split(b"\n")
            parts.append(head)
            size += len(head)
            if size > most:
                raise Overlong
            if rest:
                for line in _heard([b"".join(parts), *rest[:-1]]):
                    yield line
                parts, size = [rest[-1]], len(rest[-1])


def _heard(lines: Sequence[bytes]) -> Iterator[bytes]:
    """Leave out what nobody listens to, and all but one of the same change: a storm of either is not worth reading."""
    for line, same in groupby(lines):
        kind = _CHATTER.match(line)
        if kind is None:
            yield from same
        elif kind[1] != b"message":
            yield line


async def message_of(line: bytes) -> JSONRPCMessage | None:
    """Return the message that a line is, or else None.

    For the answer to a request that cannot be taken for one, an error in answer to the same request is returned, so
    that the call fails at once.
    """
    if not line.lstrip(_BLANK).startswith(b"{"):
        return None
    data = await defused(line)
    for attempt in chain([data], _refusals(line)):
        with suppress(ValueError):
            return jsonrpc_message_adapter.validate_json(attempt, by_name=False)
    return None


def _refusals(line: bytes) -> Iterator[bytes]:
    """Yield what may stand for an answer that cannot be read: first by its JSON, then by its looks."""
    with suppress(ValueError):
        match from_json(line):
            case {"id": int() | str() as request} as whole if _is_answer(cast("dict[str, Any]", whole)):
                error = ErrorData(code=PARSE_ERROR, message=f"unreadable, since {_WHY}")
                yield JSONRPCError(jsonrpc="2.0", id=request, error=error).model_dump_json().encode()
            case _:
                pass
        return
    yield refused(line, _WHY)


def _is_answer(message: dict[str, Any]) -> bool:
    return "method" not in message and bool({"result", "error"} & message.keys())


def line_of(message: JSONRPCMessage) -> bytes:
    """Return a message as a line; half a character, which cannot be sent, becomes the sign for an unknown one."""
    try:
        text = message.model_dump_json(by_alias=True, exclude_unset=True)
    except PydanticSerializationError:
        text = json.dumps(message.model_dump(by_alias=True, exclude_unset=True), ensure_ascii=False, default=str)
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.encode() + b"\n"
