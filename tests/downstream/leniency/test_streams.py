"""Leniency towards servers."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp.client._transport import TransportStreams
from mcp.shared.message import SessionMessage
from mcp_types import CallToolResult, JSONRPCError, JSONRPCNotification, JSONRPCRequest, JSONRPCResponse
from mcp_types.methods import validate_server_result

from batonmcp.downstream.leniency.notes import Notes
from batonmcp.downstream.leniency.streams import lenient

pytestmark = pytest.mark.anyio

TIME_S = 10.0
GOOD: dict[str, Any] = {"name": "good", "inputSchema": {"type": "object"}}
CHANGED = JSONRPCNotification(jsonrpc="2.0", method="notifications/tools/list_changed")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
Answer = JSONRPCResponse | JSONRPCError | JSONRPCNotification


@asynccontextmanager
async def transport(*messages: SessionMessage | Exception) -> AsyncGenerator[TransportStreams]:
    """Yield a transport that brings these messages and then ends."""
    inbox, incoming = anyio.create_memory_object_stream[SessionMessage | Exception](len(messages))
    outgoing, queued = anyio.create_memory_object_stream[SessionMessage](len(messages) + 1)
    for message in messages:
        inbox.send_nowait(message)
    inbox.close()
    with queued, outgoing, incoming:
        yield incoming, outgoing


async def answered(
    *answers: Answer, method: str = "tools/call", notes: Notes | None = None, params: dict[str, Any] | None = None
) -> Sequence[Any]:
    """Return the messages that arrive of a server's answers to request 1."""
    request = JSONRPCRequest(jsonrpc="2.0", id=1, method=method, params=params or {"name": "echo"})
    with anyio.fail_after(TIME_S):
        async with lenient(transport(*map(SessionMessage, answers)), notes or Notes()) as (incoming, outgoing):
            await outgoing.send(SessionMessage(request))
            return [item.message for item in [item async for item in incoming] if isinstance(item, SessionMessage)]


def response(result: dict[str, Any], request_id: str | int = 1) -> JSONRPCResponse:
    """Return an answer."""
    return JSONRPCResponse(jsonrpc="2.0", id=request_id, result=result)


async def test_result_of_a_call_is_mended_and_noted() -> None:
    """What a tool has said is kept; the note names the tool."""
    notes = Notes()
    (message,) = await answered(response({"content": "hello"}), notes=notes)
    assert message.result["content"] == [{"type": "text", "text": "hello"}]
    assert notes.repaired == ["A result of 'echo' had content that was no list."]


async def test_good_result_is_untouched() -> None:
    """A result without faults arrives as it was sent, and nothing is noted."""
    result = {"content": [{"type": "text", "text": "a\u202e"}], "structuredContent": {"a": 1}, "_meta": {"b": 2}}
    notes = Notes()
    (message,) = await answered(response(result), notes=notes)
    assert message.result == result
    assert not notes.times


async def test_list_of_tools_is_sieved_with_its_cursor() -> None:
    """What is known to be a list of tools is put right as a whole."""
    notes = Notes()
    page = {"tools": [GOOD, {"name": "bad"}], "nextCursor": 7}
    (message,) = await answered(response(page), method="tools/list", params={}, notes=notes)
    assert message.result == {"tools": [GOOD]}
    assert notes.left_out == ["bad"]


async def test_list_of_tools_to_an_unknown_request_is_sieved_too() -> None:
    """An answer under an id that nobody knows is still no danger."""
    (message,) = await answered(response({"tools": [GOOD, 7]}, request_id=9))
    assert message.result == {"tools": [GOOD]}


async def test_greeting_is_mended() -> None:
    """A server that forgot its version is connected all the same."""
    notes = Notes()
    hello = {"protocolVersion": "2025-06-18", "capabilities": {"tools": True}, "serverInfo": {"name": "s"}}
    (message,) = await answered(response(hello), method="initialize", params={}, notes=notes)
    validate_server_result("initialize", "2025-06-18", message.result)
    assert message.result["serverInfo"] == {"name": "s", "version": "unknown"}
    assert len(notes.repaired) == 2


async def test_result_beyond_repair_fails_at_once() -> None:
    """The caller gets an error instead of an answer that the SDK would have thrown away."""
    notes = Notes()
    (message,) = await answered(response({"content": [], "resultType": {"a": 1}, "_meta": {1: 2}}), notes=notes)
    assert isinstance(message, JSONRPCError | JSONRPCResponse)
    assert message.id == 1


async def test_second_answer_is_noted() -> None:
    """The SDK takes the first; an id written as a text is the same id."""
    notes = Notes()
    result: dict[str, Any] = {"content": []}
    messages = await answered(response(result, "1"), response(result), response(result, 99), notes=notes)
    assert len(messages) == 3
    assert notes.dropped == ["An answer to nothing that was asked came in. (2 times)"]


async def test_error_is_told_in_plain_text() -> None:
    """An error's words reach models and terminals."""
    error = {"code": 1, "message": "no\x1b[2J\u200b way"}
    (message,) = await answered(JSONRPCError.model_validate({"jsonrpc": "2.0", "id": 1, "error": error}))
    assert message.error.message == "no[2J way"


async def test_other_messages_go_through_in_order() -> None:
    """Requests, errors, notifications and exceptions of the transport arrive as they are, and the end is the end."""
    messages = [
        SessionMessage(JSONRPCError.model_validate({"jsonrpc": "2.0", "id": 1, "error": {"code": 1, "message": "m"}})),
        SessionMessage(JSONRPCNotification(jsonrpc="2.0", method="notifications/message", params={"tools": [7]})),
        SessionMessage(JSONRPCRequest(jsonrpc="2.0", id=1, method="roots/list")),
        ValueError("broken line"),
    ]
    with anyio.fail_after(TIME_S):
        async with lenient(transport(*messages), Notes()) as (incoming, _), incoming:
            arrived = [await incoming.receive() for _ in messages]
            with pytest.raises(anyio.EndOfStream):
                await incoming.receive()
    assert arrived == messages


async def test_storm_of_changes_is_two_changes_and_holds_up_nothing() -> None:
    """The first is told at once, the last after a while, and what comes between them is not held up."""
    storm: list[SessionMessage | Exception] = [SessionMessage(CHANGED)] * 5_000
    answer = SessionMessage(response({"content": []}))
    notes = Notes()
    inbox, incoming = anyio.create_memory_object_stream[SessionMessage | Exception](len(storm) + 1)
    outgoing, queued = anyio.create_memory_object_stream[SessionMessage](0)

    @asynccontextmanager
    async def open_transport() -> AsyncGenerator[TransportStreams]:
        with inbox, incoming, outgoing, queued:
            yield incoming, outgoing

    for message in (*storm, answer):
        inbox.send_nowait(message)
    methods: list[str] = []
    began = anyio.current_time()
    with anyio.fail_after(TIME_S):
        async with lenient(open_transport(), notes) as (arriving, _):
            while "answer" not in methods or methods[-1] != CHANGED.method:
                item = await arriving.receive()
                assert isinstance(item, SessionMessage)
                methods.append(getattr(item.message, "method", "answer"))
    assert methods[0] == methods[-1] == CHANGED.method
    assert len(methods) <= 3 + (anyio.current_time() - began) / 0.2
    assert "times" in notes.dropped[0]


@given(JSON, JSON, JSON, JSON, st.booleans())
def test_whatever_a_call_returns_the_sdk_takes_it(
    content: Any,  # noqa: ANN401 - JSON
    structured: Any,  # noqa: ANN401 - JSON
    flag: Any,  # noqa: ANN401 - JSON
    meta: Any,  # noqa: ANN401 - JSON
    modern: bool,  # noqa: FBT001 - hypothesis draws it
) -> None:
    """Any JSON in place of a result's parts becomes a result, and good content beside it stays."""
    good = {"type": "text", "text": "kept"}
    blocks: Any = [good, *content] if isinstance(content, list) else content
    result: dict[str, Any] = {
        "content": blocks,
        "structuredContent": structured,
        "isError": flag,
        "_meta": meta,
        "x": meta,
    }
    era = {"resultType": "complete"} if modern else {}
    (message,) = anyio.run(answered, response({**result, **era}))
    assert isinstance(message, JSONRPCResponse)
    validate_server_result("tools/call", "2026-07-28" if modern else "2025-11-25", message.result)
    CallToolResult.model_validate(message.result, by_name=False)
    assert not isinstance(content, list) or message.result["content"][0] == good


@given(st.sampled_from(["initialize", "tools/list", "tools/call", "server/discover"]), st.dictionaries(
    st.sampled_from(["tools", "content", "nextCursor", "_meta", "capabilities", "serverInfo", "resultType",
    "protocolVersion", "instructions"]), JSON))  # fmt: skip
def test_nothing_raises_out_of_the_stream(method: str, result: dict[str, Any]) -> None:
    """Any object in place of any result arrives as something."""
    (message,) = anyio.run(partial(answered, response(result), method=method))
    assert message.id == 1
