"""What a host sends and the SDK cannot read."""

import json
from typing import Any

import anyio
import pytest
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCError, JSONRPCRequest, JSONRPCResponse, jsonrpc_message_adapter

from batonmcp.host.salvage import Salvage, salvaged

TIME_S = 10.0
HALF = r"""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"query":"cut \ud83d"}}"""


def refused(line: str) -> Exception:
    """Return why the SDK does not take a line."""
    with pytest.raises(ValueError, match=r".") as caught:
        jsonrpc_message_adapter.validate_json(line, by_name=False)
    return caught.value


def test_half_a_character() -> None:
    """A text that was cut between the halves of a character is read, with a sign for an unknown one there."""
    message, answer = salvaged(refused(HALF))
    assert isinstance(message, JSONRPCRequest)
    assert (message.params, answer) == ({"query": "cut \ufffd"}, None)


def test_a_pair_of_halves_stays_a_character() -> None:
    """Beside half a character, whole ones are what they were."""
    line = r"""{"jsonrpc":"2.0","id":"a","result":{"text":"\ud83d\ude00 \ude00"}}"""
    message, _ = salvaged(refused(line))
    assert isinstance(message, JSONRPCResponse)
    assert message.result == {"text": "\U0001f600 \ufffd"}


@pytest.mark.parametrize("result", [[1], "once", None, 3])
def test_an_answer_that_is_none(result: Any) -> None:  # noqa: ANN401 - JSON
    """Whoever asked is told so, instead of waiting on."""
    message, answer = salvaged(refused(json.dumps({"jsonrpc": "2.0", "id": 7, "result": result})))
    assert isinstance(message, JSONRPCError)
    assert (message.id, message.error.message, answer) == (7, "this is no message of the protocol", None)


def test_a_request_that_is_none() -> None:
    """Whoever sent it is told so."""
    message, answer = salvaged(refused('{"jsonrpc":"2.0","id":7,"method":"tools/list","params":[]}'))
    assert message is None
    assert answer is not None
    assert (answer.id, answer.error.code) == (7, -32600)


@pytest.mark.parametrize(
    "line",
    ["garbage", "[" * 100_000, "[]", "3", '{"jsonrpc":"2.0","id":true,"result":3}', '{"id":1,"result":[]}', "\ufeff{}"],
    ids=lambda line: line[:20],
)
def test_what_nobody_waits_for(line: str) -> None:
    """What has no number, or is no message at all, is left as it is."""
    assert salvaged(refused(line)) == (None, None)
    assert salvaged(OSError("no line")) == (None, None)


@pytest.mark.anyio
async def test_the_stream_goes_on() -> None:
    """Messages pass, halves are mended, requests that are none are answered, the rest stays an error; then it ends."""
    send, receive = anyio.create_memory_object_stream[SessionMessage | Exception](9)
    outgoing, answers = anyio.create_memory_object_stream[SessionMessage](9)
    whole = SessionMessage(JSONRPCRequest(jsonrpc="2.0", id=1, method="ping"))
    no_request = '{"jsonrpc":"2.0","id":2,"method":"ping","params":3}'
    with anyio.fail_after(TIME_S):
        async with send, outgoing, answers, Salvage(receive, outgoing) as salvage:
            for item in (whole, refused(HALF), refused("garbage"), refused(no_request)):
                await send.send(item)
            await send.aclose()
            got = [item async for item in salvage]
            answer = answers.receive_nowait().message
    assert got[0] is whole
    assert isinstance(got[1], SessionMessage)
    assert [isinstance(item, Exception) for item in got] == [False, False, True, True]
    assert isinstance(answer, JSONRPCError)
    assert answer.id == 2
