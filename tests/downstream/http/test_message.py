"""Messages in the bodies of requests and responses."""

import json
from typing import Any

import httpx2
import pytest

from batonmcp.downstream.http.failure import HttpFailed, HttpFailure
from batonmcp.downstream.http.message import Posted, answer_in, answer_to, error_for, posted


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"id": 1, "method": "tools/call"}, Posted(method="tools/call", id=1)),
        ({"method": "notifications/initialized"}, Posted(method="notifications/initialized", id=None)),
        ({"id": 1, "result": {}}, Posted(method="", id=None)),
        (
            {"method": "notifications/cancelled", "params": {"requestId": "a"}},
            Posted(method="notifications/cancelled", id=None, cancels="a"),
        ),
        ({"method": "notifications/cancelled"}, Posted(method="notifications/cancelled", id=None)),
    ],
)
def test_what_a_request_carries(message: dict[str, Any], expected: Posted) -> None:
    """Requests are told from notifications, and from answers to what a server asked."""
    assert posted(httpx2.Request("POST", "http://h", json=message)) == expected
    assert posted(httpx2.Request("POST", "http://h", content=b"?")) == Posted(method="", id=None)


def answer(**more: object) -> bytes:
    """Return an answer."""
    return json.dumps({"jsonrpc": "2.0", "result": {}, **more}).encode()


@pytest.mark.parametrize("found", [5, "5", None])
def test_answer_has_the_id_of_its_request(found: object) -> None:
    """An id that lost its type, or is not there, is put right: the answer came to this request."""
    for read in (answer_to, answer_in):
        assert json.loads(read(5, answer(id=found)))["id"] == 5


def test_answer_to_another_request() -> None:
    """It is not taken for this one's."""
    for read in (answer_to, answer_in):
        for found in (6, "6", 5.5, "who knows"):
            with pytest.raises(HttpFailed, match="its answer belongs to another request"):
                read(5, answer(id=found))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "its answer is no JSON object"),
        (b"[1]", "its answer is no JSON object"),
        (b"{oops", "its answer is no JSON object"),
        (b'{"id": 5}', "it sent something else than an answer"),
        (b'{"id": 5, "method": "ping"}', "it sent something else than an answer"),
    ],
)
def test_body_that_is_no_answer(body: bytes, said: str) -> None:
    """Nobody waits for an answer that will not come; an event may be something else."""
    with pytest.raises(HttpFailed, match=said):
        answer_to(5, body)
    assert answer_in(5, body) == body


def test_error_for_a_failure() -> None:
    """It says what happened, and carries the mark."""
    error = error_for(5, HttpFailure(kind="refused", status=503), {"batonmcp": "m"})
    assert error == {
        "jsonrpc": "2.0",
        "id": 5,
        "error": {"code": -32603, "message": "the server answered 503", "data": {"batonmcp": "m"}},
    }
