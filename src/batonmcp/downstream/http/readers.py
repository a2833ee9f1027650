"""Who reads an event stream: for the answer to a request, for the server's own messages, or for all of a connection."""

import httpx2
from mcp_types import RequestId
from pydantic_core import to_json

from batonmcp.downstream.http.exchange import HttpExchange
from batonmcp.downstream.http.failure import HttpFailed, HttpFailure
from batonmcp.downstream.http.message import answer_in, error_for
from batonmcp.downstream.http.origin import same_origin, shown
from batonmcp.downstream.http.sse import Event

__all__ = ["AnswerReader", "ConnectionReader", "NoticeReader"]


class AnswerReader:
    """Reads the stream that answers one request. Whatever ends it before the answer ends that request alone."""

    def __init__(self, request_id: RequestId, about: HttpExchange) -> None:
        self._id = request_id
        self._about = about

    def read(self, event: Event) -> Event:
        """Check that an answer is the answer to this request."""
        if event.kind not in {b"", b"message"} or not event.data:
            return event
        return Event(data=answer_in(self._id, event.data), id=event.id, retry=event.retry)

    def broken(self, failure: HttpFailure, *, resumable: bool) -> Event | None:
        """Answer with an error, unless the SDK can take the stream up again."""
        if failure.kind == "broken" and resumable:
            return None
        return Event(data=to_json(error_for(self._id, failure, self._about.mark(failure))))


class NoticeReader:
    """Reads the stream of the server's own messages, which the SDK opens again when it ends."""

    def read(self, event: Event) -> Event:
        """Let it pass."""
        return event

    def broken(self, failure: HttpFailure, *, resumable: bool) -> Event | None:
        """Let it end; raise what would happen again."""
        del resumable
        if failure.kind == "broken":
            return None
        raise HttpFailed(failure)


class ConnectionReader:
    """Reads the one stream of an SSE server, on which everything arrives."""

    def __init__(self, url: httpx2.URL, about: HttpExchange) -> None:
        self._url = url
        self._about = about

    def read(self, event: Event) -> Event:
        """Refuse to send messages to another server than the configured one."""
        if event.kind == b"endpoint":
            place = event.data.decode("utf-8", "replace")
            if not same_origin(self._url, place):
                said = f"it wants its messages at {shown(self._url, place)}"
                raise HttpFailed(HttpFailure(kind="redirected", said=said))
        return event

    def broken(self, failure: HttpFailure, *, resumable: bool) -> Event | None:
        """Raise: the end of the stream is the end of the connection."""
        del resumable
        self._about.mark(failure)
        raise HttpFailed(failure)
