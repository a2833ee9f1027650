"""Server-sent events, bounded."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batonmcp.downstream.http.sse import Event, EventSplitter, EventTooLong, parse_event

STREAM = b": hi\n\nevent: a\ndata: 1\ndata:2\nid: 7\nretry: 5000\n\n\ndata: 3\n\n"
EVENTS = [Event(kind=b"a", data=b"1 2", id=b"7", retry=5_000), Event(data=b"3")]


def read(*pieces: bytes, limit: int = 1_000) -> list[Event]:
    """Return the events of a stream that are not empty."""
    splitter = EventSplitter(limit)
    found = [parse_event(text) for piece in pieces for text in splitter.feed(piece)]
    return [event for event in found if event.written]


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
@given(cuts=st.lists(st.integers(0, len(STREAM) + 12), max_size=8))
def test_events_are_the_same_however_they_are_cut(ending: bytes, cuts: list[int]) -> None:
    """Whatever the pieces and the line ends, the events are these, and each is there with its last byte."""
    stream = STREAM.replace(b"\n", ending)
    places = sorted({0, *cuts, len(stream)})
    assert read(*(stream[start:end] for start, end in pairwise(places))) == EVENTS


def test_event_ends_with_a_lone_return() -> None:
    """The oldest of the line ends is read too, once it is known to be one."""
    assert read(b"data: 1\r\rdata: 2\r\r", b":") == [Event(data=b"1"), Event(data=b"2")]


def test_written_event_is_read_back() -> None:
    """What is written is read as what it was; nothing at all is not written."""
    assert read(*(event.written for event in EVENTS)) == EVENTS
    assert not Event().written


@pytest.mark.parametrize(
    ("text", "retry"), [(b"0", 1_000), (b"9" * 99, 60_000), (b"2500", 2_500), (b"-1", None), (b"soon", None)]
)
def test_server_cannot_keep_us_busy(text: bytes, retry: int | None) -> None:
    """A stream is taken up again after a second at the earliest, whatever the server wants."""
    assert parse_event(b"retry: " + text).retry == retry


def test_limit_is_that_of_one_event() -> None:
    """An event of the limit passes, any number of times; one byte more is refused, whether or not it ends."""
    line = b"data: " + b"x" * 94
    assert len(read(*[line + b"\n\n"] * 3, limit=100)) == 3
    for pieces in ([line + b"x\n\n"], [b"x"] * 101):
        with pytest.raises(EventTooLong):
            read(*pieces, limit=100)
    assert not parse_event(b"id: " + b"x" * 5_000).id
