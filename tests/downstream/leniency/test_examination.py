"""Messages made cheap to read."""

import json
import os
import signal
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp_types import jsonrpc_message_adapter

from batonmcp.downstream.leniency import examination
from batonmcp.downstream.leniency.examination import (
    COMMAND,
    LEFT_OUT_KEY,
    MOST_LEVELS,
    MOST_VALUES,
    examined,
    main,
    refused,
)

TIME_S = 20
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


def written(result: object, **more: object) -> bytes:
    """Return an answer to request 7 in the order in which the Python SDK writes it."""
    return json.dumps({"jsonrpc": "2.0", "id": 7, "result": result, **more}).encode()


def read(data: bytes) -> dict[str, Any]:
    """Return what a message says after an examination; the SDK has to take it."""
    lighter = examined(data)
    jsonrpc_message_adapter.validate_json(lighter, by_name=False)
    return json.loads(lighter)


@given(st.dictionaries(st.text(max_size=6), JSON, max_size=4))
def test_light_message_says_the_same(result: dict[str, Any]) -> None:
    """Of what is not too much, nothing is lost."""
    assert read(written(result)) == {"jsonrpc": "2.0", "id": 7, "result": result}


@given(st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
def test_whatever_comes_nothing_is_raised(data: bytes) -> None:
    """Garbage stays garbage, and short."""
    assert examined(data)


def test_structure_that_is_too_much_becomes_text() -> None:
    """One value more than allowed, and structured content is a text of the same JSON; its companions stay."""
    rows = [0] * (MOST_VALUES + 1)
    image = {"type": "image", "data": "AA==", "mimeType": "image/png"}
    content = [{"type": "text", "text": "the same in words"}, image]
    result = read(written({"content": content, "structuredContent": {"rows": rows}, "isError": False}))["result"]
    assert result["isError"] is False
    assert result["content"][1] == image
    assert json.loads(result["content"][0]["text"]) == {"rows": rows}
    assert "structuredContent" not in result


@pytest.mark.parametrize("count", [MOST_VALUES - 7, MOST_VALUES - 6])
def test_values_are_counted_exactly(count: int) -> None:
    """The limit is the last number of values that goes through as structure: all of the message's count."""
    result = read(written({"content": [], "structuredContent": {"rows": [0] * count}}))["result"]
    assert ("structuredContent" in result) == (count == MOST_VALUES - 7)


def test_too_deep_structure_becomes_text() -> None:
    """The same goes for levels."""
    deep = "[" * MOST_LEVELS + "]" * MOST_LEVELS
    data = b'{"result":{"content":[],"structuredContent":' + deep.encode() + b'},"jsonrpc":"2.0","id":7}'
    assert read(data)["result"]["content"] == [{"type": "text", "text": deep}]


def test_too_many_blocks_are_joined() -> None:
    """Texts become one text, line by line, and other blocks stay."""
    link = {"type": "resource_link", "uri": "a:b", "name": "n"}
    blocks = [*({"type": "text", "text": str(number)} for number in range(MOST_VALUES // 3 + 1)), link]
    content = read(written({"content": blocks}))["result"]["content"]
    assert content[0]["text"].splitlines()[:2] == ["0", "1"]
    assert content[1:] == [link]


TOO_MUCH: list[dict[str, Any]] = [
    {"tools": {"a": [0] * (MOST_VALUES + 1)}},
    {"tools": [], "x": [0] * (MOST_VALUES + 1)},
    {"content": [], "_meta": {"x": [0] * (MOST_VALUES + 1)}},
    {"contents": [0] * (MOST_VALUES + 1)},
]


@pytest.mark.parametrize("result", TOO_MUCH)
def test_other_answers_that_are_too_much_become_an_error(result: dict[str, Any]) -> None:
    """What has no shorter form fails at once, under the same id."""
    message = read(written(result))
    assert message["id"] == 7
    assert "JSON values, more than 50,000" in message["error"]["message"]


@pytest.mark.parametrize(("size", "kept"), [(10, 1000), (100, 490)])
def test_of_too_many_tools_the_first_are_kept(size: int, kept: int) -> None:
    """A server of thousands of tools keeps as many as can be read, and how many they were is said."""
    tools = [{"name": str(number), "x": [0] * (size - 3)} for number in range(6000)]
    result = read(written({"tools": tools, "nextCursor": "2"}))["result"]
    assert result == {"tools": tools[:kept], "nextCursor": "2", "_meta": {LEFT_OUT_KEY: 6000 - kept}}


def test_error_that_is_too_much_keeps_its_words() -> None:
    """An error with huge data is told without them."""
    data = json.dumps(
        {"jsonrpc": "2.0", "id": "a", "error": {"code": 1, "message": "no", "data": [0] * (MOST_VALUES + 1)}}
    )
    assert read(data.encode())["error"] == {"code": 1, "message": "no"}


@pytest.mark.parametrize(
    "data",
    [
        b'{"jsonrpc":"2.0","method":"notifications/x","params":{"a":' + b"[" * 150 + b"]" * 150 + b"}}",
        b'{"jsonrpc":"2.0","id":1,"method":"x","params":{"a":' + b"[" * 150 + b"]" * 150 + b"}}",
        b"[" * 90 + b"]" * 90,
        b"",
    ],
)
def test_what_nobody_waits_for_becomes_no_message(data: bytes) -> None:
    """A request or notification that is too much gets no answer in another's name."""
    with pytest.raises(ValueError, match="JSON"):
        jsonrpc_message_adapter.validate_json(examined(data))


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (b'{"a":NaN,"b":[-Infinity]}', {"a": None, "b": [None]}),
        (b'{"a":"\\ud800x"}', {"a": "?x"}),
        (b'{"a":"\xff"}', {"a": "\ufffd"}),
        (b'{"a":' + b"9" * 5000 + b',"b":1}', {"a": "9" * 5000, "b": 1}),
        (b'{"a":"\\ud83d\\ude00"}', {"a": "\U0001f600"}),
    ],
)
def test_what_no_parser_takes_is_mended(result: bytes, expected: object) -> None:
    """What is not quite JSON becomes the nearest that is."""
    assert read(b'\xef\xbb\xbf{"jsonrpc":"2.0","id":1,"result":' + result + b"}")["result"] == expected


DEEP = b"[" * 100_000 + b"]" * 100_000


@pytest.mark.parametrize(
    ("data", "request_id"),
    [
        (b'{"jsonrpc":"2.0","id":1,"result":' + DEEP + b"}", 1),
        (b'{ "id": "a-b" , "result":' + DEEP + b"}", "a-b"),
        (b'{"result":{"id":5,"a":' + DEEP + b'},"jsonrpc":"2.0","id":3}', 3),
        (b'{"result":' + DEEP + b',"id":4,"jsonrpc":"2.0"}\n', 4),
        (b'{"jsonrpc":"2.0","id":1,"method":"x","params":' + DEEP + b"}", None),
        (b'{"method":"x","params":' + DEEP + b',"id":4}', None),
        (b'{"x":' + DEEP + b',"result":1,"id":4}', None),
    ],
)
def test_what_is_too_deep_to_read_is_an_error_for_its_id(data: bytes, request_id: object) -> None:
    """The id of an answer stands at its beginning or its end; the id of a request is none of ours."""
    for lighter in (examined(data), refused(data, "it is too deep")):
        if request_id is None:
            assert lighter.startswith(b"unreadable")
        else:
            assert json.loads(lighter)["id"] == request_id
            assert "deep" in json.loads(lighter)["error"]["message"]


def test_as_a_program() -> None:
    """It reads standard input to its end and needs no installed package."""
    done = subprocess.run(COMMAND, input=written({"a": 1}), capture_output=True, timeout=TIME_S, check=True)
    assert json.loads(done.stdout)["result"] == {"a": 1}
    assert not done.stderr
    assert callable(main)
    assert COMMAND[-1] == examination.__file__


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX")
def test_it_does_not_outlive_who_started_it() -> None:
    """Killed in the middle of a message, whoever started it leaves nothing behind."""
    script = (
        "import subprocess, sys; from batonmcp.downstream.leniency.examination import COMMAND\n"
        "child = subprocess.Popen(COMMAND, stdin=subprocess.PIPE)\n"
        "child.stdin.write(b'{' * 1000); child.stdin.flush(); print(child.pid, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        os.kill(child, 0)
        parent.kill()
        assert parent.wait(TIME_S) == -signal.SIGKILL
        parent.stdout.read()  # the child holds it open while it lives
