"""Server-sent events, bounded: how a stream of bytes falls into events, and how an event is written."""

from dataclasses import dataclass
from io import BytesIO

__all__ = ["Event", "EventSplitter", "EventTooLong", "parse_event"]

_SHORTEST_RETRY = 1_000
_LONGEST_RETRY = 60_000
_LONGEST_ID = 4_096


class EventTooLong(Exception):
    """An event is longer than it may be, or does not end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event.

    Attributes:
        kind: Its type; empty for a message.
        data: Its data; lines are joined by a space, which in JSON means the same as a line break.
        id: From where the stream can be taken up again; empty if it did not say.
        retry: After how many milliseconds; None if it did not say. Never so few that it keeps us busy.
    """

    kind: bytes = b""
    data: bytes = b""
    id: bytes = b""
    retry: int | None = None

    @property
    def written(self) -> bytes:
        """It as bytes of a stream."""
        lines = [
            b"event: " + self.kind if self.kind else b"",
            b"id: " + self.id if self.id else b"",
            b"retry: %d" % self.retry if self.retry is not None else b"",
            b"data: " + self.data if self.data else b"",
        ]
        text = b"\n".join(line for line in lines if line)
        return text + b"\n\n" if text else b""


class EventSplitter:
    """Splits a stream of bytes into events, copying each byte once however small the pieces are."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._begun = bytearray()
        self._held = b""

    def feed(self, piece: bytes) -> list[bytes]:
        """Return the events that a piece completes, unparsed.

        Raises:
            EventTooLong: What has come of an event is longer than it may be.
        """
        text = self._held + piece
        self._held = b""
        if text.endswith(b"\r"):  # perhaps the first half of a line's end
            text, self._held = text[:-1], b"\r"
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if text.endswith(b"\n") and not text.endswith(b"\n\n"):  # perhaps the first half of an event's end
            text, self._held = text[:-1], b"\n" + self._held
        head, *rest = text.split(b"\n\n")
        self._add(head)
        found: list[bytes] = []
        for part in rest:
            found.append(bytes(self._begun))
            self._begun = bytearray()
            self._add(part)
        return found

    def _add(self, part: bytes) -> None:
        self._begun += part
        if len(self._begun) > self._limit:
            raise EventTooLong


def parse_event(text: bytes) -> Event:
    """Read an event that a splitter has found."""
    fields: dict[bytes, bytes] = {}
    data = bytearray()
    for line in BytesIO(text):  # a list of millions of lines would hold everybody up
        name, _, value = line.removesuffix(b"\n").partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            data += value + b" "
        elif name:
            fields[name] = value
    identity = fields.get(b"id", b"")
    return Event(
        kind=fields.get(b"event", b""),
        data=bytes(data[:-1]),
        id=identity if len(identity) <= _LONGEST_ID else b"",
        retry=_retry(fields.get(b"retry", b"")),
    )


def _retry(text: bytes) -> int | None:
    if not text.isdigit():
        return None
    return min(max(int(text[:9]), _SHORTEST_RETRY), _LONGEST_RETRY)
