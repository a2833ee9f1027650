"""Messages that cannot hold up the event loop."""

import json
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp_types import jsonrpc_message_adapter

from batonmcp.downstream.leniency.defuse import LARGE, defused
from batonmcp.downstream.leniency.examination import MOST_VALUES

pytestmark = pytest.mark.anyio

TIME_S = 30.0
LONG = b'"' + b"x" * LARGE + b'"'


def answer(structured: bytes) -> bytes:
    """Return an answer to request 1 with this structured content."""
    return b'{"jsonrpc":"2.0","id":1,"result":{"content":[],"structuredContent":{"a":' + structured + b"}}}"


async def read(data: bytes) -> dict[str, Any]:
    """Return the result that the SDK reads of a defused message."""
    with anyio.fail_after(TIME_S):
        message = jsonrpc_message_adapter.validate_json(await defused(data), by_name=False)
    return message.model_dump(by_alias=True)


@pytest.mark.parametrize(
    "data",
    [
        answer(b"1"),
        answer(LONG),
        answer(b"[" + b"1," * (MOST_VALUES - 20) + b"1]"),
        answer(b"[" * 120 + b"]" * 120),
        answer(b'"\\ud83d\\ude00"'),
        answer(b"NaN"),
        b"Listening on port 80",
        b"",
    ],
)
async def test_harmless_message_is_left_alone(data: bytes) -> None:
    """What the SDK reads quickly, or no message at all, comes back as the same object or the same garbage."""
    with anyio.fail_after(TIME_S):
        assert await defused(data) is data


@pytest.mark.parametrize("padding", [b"0", LONG], ids=["small", "large"])
@pytest.mark.parametrize(
    ("value", "expected"),
    [(b'"\\ud800"', "?"), (b'"\xff"', "\ufffd"), (b"9" * 5000, "9" * 5000)],
    ids=["surrogate", "bad UTF-8", "long number"],
)
async def test_unreadable_message_is_mended(padding: bytes, value: bytes, expected: str) -> None:
    """What the SDK would have lost arrives, whatever its size."""
    result = (await read(answer(b"[" + value + b"," + padding + b"]")))["result"]
    assert result["structuredContent"]["a"][0] == expected


@pytest.mark.parametrize("padding", [b"0", LONG], ids=["small", "large"])
async def test_too_deep_answer_fails_at_once(padding: bytes) -> None:
    """The request gets an error in place of an answer that would never have come."""
    message = await read(answer(b"[" + padding + b"," + b"[" * 5000 + b"]" * 5000 + b"]"))
    assert message["id"] == 1
    assert "deeper than 100 levels" in message["error"]["message"]


async def test_too_many_values_become_text() -> None:
    """Millions of values arrive as one text."""
    values = b"[" + b"[]," * 1_000_000 + b"[]]"
    result = (await read(answer(values)))["result"]
    assert result["content"] == [{"type": "text", "text": '{"a":' + values.decode() + "}"}]


async def test_commas_of_a_text_are_no_values() -> None:
    """A long text full of commas, looked into, is what it was."""
    data = answer(b'"' + b"a," * MOST_VALUES + b'"')
    assert (await read(data))["result"] == json.loads(data)["result"]


async def test_several_at_a_time() -> None:
    """Several costly messages at once all arrive."""
    found: list[int] = []

    async def one() -> None:
        found.append(len((await read(answer(b"[" + b"1," * MOST_VALUES * 2 + b"1]")))["result"]["content"]))

    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(one)
    assert found == [1] * 5


async def test_costly_garbage_stays_garbage_and_gets_short() -> None:
    """The SDK is not made to parse millions of values that lead to nothing."""
    with anyio.fail_after(TIME_S):
        short = await defused(b"[" + b"[]," * MOST_VALUES)
    assert len(short) < 1000
    with pytest.raises(ValueError, match="JSON"):
        jsonrpc_message_adapter.validate_json(short)


async def test_cancelled_examination_leaves_no_process() -> None:
    """Whoever does not wait for the end takes the process along."""
    with anyio.fail_after(TIME_S), anyio.move_on_after(0):
        await defused(answer(b"[" + b"1," * 1_000_000 + b"1]"))


@given(st.binary(max_size=200))
def test_nothing_is_raised(data: bytes) -> None:
    """Whatever comes, something comes back."""
    assert isinstance(anyio.run(defused, data), bytes)
