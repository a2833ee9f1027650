"""Leniency towards lists of tools."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp.client._transport import TransportStreams
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCError, JSONRPCNotification, JSONRPCResponse, ListToolsResult
from mcp_types.methods import validate_server_result

from batonmcp.downstream.leniency import lenient

pytestmark = pytest.mark.anyio

TIME_S = 10.0
GOOD: dict[str, Any] = {"name": "good", "inputSchema": {"type": "object"}}
MODERN = {"resultType": "complete", "ttlMs": 0, "cacheScope": "private"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
TOOLS = st.fixed_dictionaries(
    {},
    optional={
        "name": st.text(max_size=4) | JSON,
        "description": JSON,
        "inputSchema": st.just({"type": "object"}) | JSON,
        "outputSchema": st.just({"type": "array"}) | JSON,
        "annotations": st.just({"readOnlyHint": True}) | JSON,
        "icons": JSON,
    },
)


@asynccontextmanager
async def transport(*messages: SessionMessage | Exception) -> AsyncGenerator[TransportStreams]:
    """Yield a transport that brings these messages and then ends."""
    inbox, incoming = anyio.create_memory_object_stream[SessionMessage | Exception](len(messages))
    outgoing, queued = anyio.create_memory_object_stream[SessionMessage](0)
    for message in messages:
        inbox.send_nowait(message)
    inbox.close()
    with queued, outgoing, incoming:
        yield incoming, outgoing


async def sieved(result: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return what of a result arrives, and the names of what was left out."""
    left_out: list[str] = []
    response = JSONRPCResponse(jsonrpc="2.0", id=1, result=result)
    message = SessionMessage(response)
    with anyio.fail_after(TIME_S):
        async with lenient(transport(message), left_out) as (incoming, _):
            arrived = [item async for item in incoming]
    assert arrived == [message]
    return response.result, left_out


async def test_good_list_is_untouched() -> None:
    """A list without faults arrives as it was sent, with all that is beside it."""
    tools = [GOOD, {**GOOD, "name": "other", "annotations": {"readOnlyHint": True}, "x-vendor": 1}]
    result, left_out = await sieved({"tools": list(tools), "nextCursor": "2", "_meta": {"a": 1}})
    assert result == {"tools": tools, "nextCursor": "2", "_meta": {"a": 1}}
    assert not left_out


@pytest.mark.parametrize(
    ("tool", "name"),
    [
        ({"name": 7, "inputSchema": {"type": "object"}}, "no. 2"),
        ({"inputSchema": {"type": "object"}}, "no. 2"),
        ("echo", "no. 2"),
        (None, "no. 2"),
        ({"name": "bad"}, "bad"),
        ({"name": "bad", "inputSchema": "none"}, "bad"),
        ({"name": "bad", "inputSchema": {"type": "string"}}, "bad"),
        ({**GOOD, "name": "bad", "description": ["not", "text"]}, "bad"),
        ({**GOOD, "name": "bad", "annotations": {"readOnlyHint": "perhaps"}}, "bad"),
    ],
)
async def test_malformed_tool_costs_itself_only(tool: object, name: str) -> None:
    """A tool that cannot be used is left out and named; the ones around it arrive."""
    after = {**GOOD, "name": "after"}
    result, left_out = await sieved({"tools": [GOOD, tool, after]})
    assert result["tools"] == [GOOD, after]
    assert left_out == [name]


@pytest.mark.parametrize(
    ("tool", "mended"),
    [
        ({"name": "good", "inputSchema": {}}, GOOD),
        (
            {"name": "good", "inputSchema": {"properties": {"a": {}}}, "title": "T"},
            {"name": "good", "inputSchema": {"type": "object", "properties": {"a": {}}}, "title": "T"},
        ),
        ({**GOOD, "outputSchema": {"type": "array"}}, GOOD),
        ({**GOOD, "outputSchema": "none", "icons": 7, "_meta": []}, GOOD),
    ],
)
async def test_small_faults_are_mended(tool: dict[str, Any], mended: dict[str, Any]) -> None:
    """A schema that forgot to say that arguments are an object, or a wrong decoration, costs the tool nothing."""
    result, left_out = await sieved({"tools": [tool]})
    assert result["tools"] == [mended]
    assert not left_out


async def test_annotations_are_never_dropped() -> None:
    """A tool whose annotations are unreadable is left out rather than taken for a harmless one."""
    _, left_out = await sieved({"tools": [{**GOOD, "annotations": {"destructiveHint": "very"}}]})
    assert left_out == ["good"]


async def test_each_era_is_judged_by_its_own_rules() -> None:
    """A list as output is allowed in the newer era, so there the schema stays."""
    tool = {**GOOD, "outputSchema": {"type": "array"}}
    result, left_out = await sieved({"tools": [tool], **MODERN})
    assert result["tools"] == [tool]
    assert not left_out


@pytest.mark.parametrize(
    "result",
    [
        {"content": [], "tools": [{"name": 7}]},
        {"tools": "none"},
        {"tools": {"a": 1}},
        {"tools": [{"name": 7}], "nextCursor": 7},
        {"contents": [{"uri": "a", "tools": [7]}]},
        {},
    ],
)
async def test_other_results_are_none_of_its_business(result: dict[str, Any]) -> None:
    """The results of calls, and what is broken as a whole, go through for the SDK to judge."""
    assert await sieved(result) == (result, [])


async def test_other_messages_go_through_in_order() -> None:
    """Errors, notifications and exceptions of the transport arrive as they are, and the end is the end."""
    messages = [
        SessionMessage(JSONRPCError.model_validate({"jsonrpc": "2.0", "id": 1, "error": {"code": 1, "message": "m"}})),
        SessionMessage(JSONRPCNotification(jsonrpc="2.0", method="notifications/message", params={"tools": [7]})),
        ValueError("broken line"),
    ]
    with anyio.fail_after(TIME_S):
        async with lenient(transport(*messages), []) as (incoming, _), incoming:
            arrived = [await incoming.receive() for _ in messages]
            with pytest.raises(anyio.EndOfStream):
                await incoming.receive()
    assert arrived == messages


@given(st.lists(TOOLS | JSON, max_size=4), st.booleans())
def test_whatever_arrives_is_a_list_that_the_sdk_takes(tools: list[Any], modern: bool) -> None:  # noqa: FBT001
    """Of any list, what is left passes the SDK's own check, and nothing is lost without being named."""
    result, left_out = anyio.run(sieved, {"tools": list(tools), **(MODERN if modern else {})})
    validate_server_result("tools/list", "2026-07-28" if modern else "2025-06-18", result)
    ListToolsResult.model_validate(result, by_name=False)
    assert len(result["tools"]) + len(left_out) == len(tools)
