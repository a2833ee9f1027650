"""Lines of messages."""

import json
import os
from collections.abc import Sequence

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp_types import JSONRPCError, JSONRPCNotification, JSONRPCRequest, JSONRPCResponse

from batonmcp.downstream.stdio.lines import Overlong, line_of, lines_of, message_of
from batonmcp.downstream.stdio.pipes import ReadEnd

pytestmark = pytest.mark.anyio

TIME_S = 20.0
RESULT = b'{"jsonrpc": "2.0", "id": 5, "result": %b}'


class Pieces(ReadEnd):
    """An output that comes in given pieces."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        super().__init__(os.open(os.devnull, os.O_RDONLY))
        self.close()
        self._pieces = list(pieces)

    async def receive(self, max_bytes: int = 65_536) -> bytes:
        """Return the next piece."""
        del max_bytes
        if not self._pieces:
            raise anyio.EndOfStream
        return self._pieces.pop(0)


async def split(pieces: Sequence[bytes], most: int) -> list[bytes]:
    """Return the lines of pieces."""
    return [line async for line in lines_of(Pieces(pieces), most)]


@given(st.lists(st.binary(max_size=5).map(lambda data: data.replace(b"x", b"\n"))))
def test_lines_are_those_of_the_whole(pieces: list[bytes]) -> None:
    """However it comes in pieces, the lines are the same; what follows the last line end is no line."""
    assert anyio.run(split, pieces, 10**6) == b"".join(pieces).split(b"\n")[:-1]


async def test_a_line_has_a_limit() -> None:
    """A line of as many bytes as allowed is taken, one of more is not, and it is not waited for its end."""
    assert await split([b"abc", b"de\n", b"\n"], 5) == [b"abcde", b""]
    for pieces in ([b"abc", b"def\n"], [b"abcdef"], [b"a\n", b"bcd\nefghij"]):
        with pytest.raises(Overlong):
            await split([*pieces, b"never read"], 5)


async def test_storms_are_not_worth_reading() -> None:
    """Of many equal changes in a row one is left, of what a server logs nothing; everything else is as it came."""
    changed = b'{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}'
    logged = b'{ "method": "notifications/message", "params": {"level": "info", "data": %d}}'
    answer = RESULT % b'{"text": "notifications/message"}'
    storm = [changed] * 1_000 + [logged % number for number in range(1_000)] + [answer, answer] + [changed] * 1_000
    assert await split([b"\n".join(storm) + b"\n"], 10**6) == [changed, answer, answer, changed]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (RESULT % b"{}", JSONRPCResponse),
        (b"  " + RESULT % b"{}" + b"\r", JSONRPCResponse),
        (b"\xef\xbb\xbf" + RESULT % b"{}", JSONRPCResponse),
        (b'{"jsonrpc": "2.0", "method": "x"}', JSONRPCNotification),
        (b'{"jsonrpc": "2.0", "id": 5, "method": "x"}', JSONRPCRequest),
        (b'{"jsonrpc": "2.0", "id": 5, "error": {"code": 1, "message": "no"}}', JSONRPCError),
    ],
)
async def test_messages_are_read(line: bytes, kind: type) -> None:
    """Messages of all kinds, with blanks around them or a byte order mark."""
    assert isinstance(await message_of(line), kind)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\r",
        b"Listening on stdio",
        b"[1, 2",
        b"{not json",
        b'{"level": "info"}',
        b'{"id": 5}',
        b'{"jsonrpc": "2.0", "id": true, "result": 1}',
        b'{"jsonrpc": "2.0", "id": 5, "method": 7, "result": 1}',
        b'{"jsonrpc": "2.0", "id": 5, "met',
        (RESULT % b"{}").decode().encode("utf-16"),
        b"\0" * 50,
        b"\xff" * 50,
    ],
)
async def test_what_is_no_message(line: bytes) -> None:
    """Logs, halves of messages, other encodings and other JSON are no messages."""
    assert await message_of(line) is None


@pytest.mark.parametrize(
    "result",
    [
        b'"text"',
        b"[" * 300 + b"]" * 300,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a": "\0"}',
        b'{"a": "b" "c"}',
        b'{"a": "b',
    ],
    ids=lambda result: str(result[:10]),
)
async def test_an_answer_that_cannot_be_read_is_an_error(result: bytes) -> None:
    """The call that it answers fails at once, with the code of a parse error."""
    with anyio.fail_after(TIME_S):
        message = await message_of(RESULT % result)
    assert isinstance(message, JSONRPCError)
    assert (message.id, message.error.code) == (5, -32700)
    assert message.error.message.startswith("unreadable, since")


@pytest.mark.parametrize("result", [b'{"a": "\\ud800"}', b'{"a": "\xff"}', b'{"a": 1%b}' % (b"0" * 5_000)])
async def test_what_can_be_mended_is(result: bytes) -> None:
    """Half a character, a byte that is no text and a number of thousands of digits cost themselves only."""
    assert isinstance(await message_of(RESULT % result), JSONRPCResponse)


def test_messages_become_lines() -> None:
    """One line each, in UTF-8, without what was not set."""
    message = JSONRPCRequest(jsonrpc="2.0", id=1, method="x", params={"a": "\u00e9\n\U0001f600"})
    line = line_of(message)
    assert (line.count(b"\n"), line[-1:]) == (1, b"\n")
    assert json.loads(line) == {"jsonrpc": "2.0", "id": 1, "method": "x", "params": {"a": "\u00e9\n\U0001f600"}}


def test_half_a_character_is_replaced_before_it_is_sent() -> None:
    """Arguments that no JSON can hold are sent with a sign for what is unknown; both halves together are whole."""
    params = {"a": "x\ud800y", "\udc00": ["\ud83d\ude00"]}
    sent = json.loads(line_of(JSONRPCRequest(jsonrpc="2.0", id=1, method="x", params=params)))
    assert sent["params"] == {"a": "x\ufffdy", "\ufffd": ["\U0001f600"]}
