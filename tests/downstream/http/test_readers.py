"""What is expected of an event stream."""

import json

import httpx2
import pytest

from batonmcp.downstream.http.exchange import HttpExchange
from batonmcp.downstream.http.failure import HttpFailed, HttpFailure
from batonmcp.downstream.http.readers import AnswerReader, ConnectionReader, NoticeReader
from batonmcp.downstream.http.sse import Event

pytestmark = pytest.mark.anyio

BROKEN = HttpFailure(kind="broken", said="reset")
LARGE = HttpFailure(kind="oversize", said="more than 8 bytes")


async def test_answer_reader() -> None:
    """An answer gets its request's id; whatever else ends the stream answers this request, and no other."""
    about = HttpExchange()
    reader = AnswerReader(5, about)
    assert json.loads(reader.read(Event(data=b'{"id": "5", "result": {}}', id=b"7")).data)["id"] == 5
    for event in (Event(kind=b"ping", data=b"x"), Event(id=b"7"), Event(data=b'{"method": "x"}')):
        assert reader.read(event) == event
    with pytest.raises(HttpFailed):
        reader.read(Event(data=b'{"id": 6, "result": {}}'))
    last = reader.broken(BROKEN, resumable=False)
    assert last is not None
    assert json.loads(last.data)["id"] == 5
    assert about.failure == BROKEN
    assert reader.broken(BROKEN, resumable=True) is None
    assert reader.broken(LARGE, resumable=True) is not None


async def test_notice_reader() -> None:
    """The SDK opens the stream again when it broke; what would happen again is raised."""
    reader = NoticeReader()
    assert reader.read(Event(data=b"x")) == Event(data=b"x")
    assert reader.broken(BROKEN, resumable=True) is None
    with pytest.raises(HttpFailed):
        reader.broken(LARGE, resumable=True)


async def test_connection_reader() -> None:
    """Messages go to the same origin only; the end of the stream ends the connection."""
    about = HttpExchange()
    reader = ConnectionReader(httpx2.URL("http://h/sse"), about)
    for event in (Event(kind=b"endpoint", data=b"/messages?s=1"), Event(data=b"http://evil/")):
        assert reader.read(event) == event
    with pytest.raises(HttpFailed, match="it wants its messages at http://evil/x"):
        reader.read(Event(kind=b"endpoint", data=b"http://evil/x?s=1"))
    with pytest.raises(HttpFailed, match="reset"):
        reader.broken(BROKEN, resumable=True)
    assert about.failure == BROKEN
