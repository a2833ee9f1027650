"""The gate of a server that speaks streamable HTTP: each request is answered on its own response."""

from dataclasses import replace

import anyio
import httpx2
from mcp_types import RequestId
from pydantic_core import to_json

from batonmcp.downstream.give_way import give_way
from batonmcp.downstream.http.body import decoded, whole
from batonmcp.downstream.http.events import LARGE
from batonmcp.downstream.http.failure import HttpFailed, HttpFailure, unreached
from batonmcp.downstream.http.gate import Flight, Gate, content_type, is_refusal
from batonmcp.downstream.http.message import Posted, answer_to, error_for
from batonmcp.downstream.http.readers import AnswerReader, NoticeReader
from batonmcp.downstream.http.refusal import excerpt
from batonmcp.downstream.http.sse import EventSplitter, EventTooLong, parse_event

__all__ = ["StreamableGate"]

_EVENTS = "text/event-stream"
_TRYING = 5.0
_NOTHING = {202, 204}
_ALWAYS_OURS = {401, 403, 429}
"""Statuses that mean more than whatever error comes with them."""

_NOT_FOUND = 404
_NO_OTHER_WAY = range(400, 500)


class StreamableGate(Gate):
    """See the module."""

    async def _ask(self, request: httpx2.Request, message: Posted, request_id: RequestId) -> httpx2.Response:
        flight = self.flights[request_id] = Flight()
        try:
            with flight.scope:
                return await self._answer(request, request_id)
            return httpx2.Response(202)  # it was given up: the SDK closes the matter, whether or not anybody waits
        except HttpFailed as error:
            failure = error.failure
        except httpx2.TransportError as error:
            if not self.about.answered:
                raise  # there is no connection yet, and nobody beside this one
            failure = unreached(error)
        finally:
            if flight.stream is None and self.flights.get(request_id) is flight:
                del self.flights[request_id]
        if failure.kind == "unreachable" and not self.flights:
            self.about.forgotten.set()  # it is not there, and nobody waits for it any more
        if message.method == "initialize" and await self._speaks_sse(request, failure):
            self.about.speaks_sse = True
            failure = replace(failure, speaks_sse=True)
        body = to_json(error_for(request_id, failure, self.about.mark(failure)))
        return httpx2.Response(502, headers={"content-type": "application/json"}, content=body)

    async def _answer(self, request: httpx2.Request, request_id: RequestId) -> httpx2.Response:
        """Return the answer to a request, or a stream in which it will come."""
        response = await self._fetch(request)
        streamed = False
        try:
            answer = self._followed(response) or await self._read(response, request_id)
            streamed = content_type(answer) == _EVENTS
            return answer
        finally:
            if not streamed:
                await response.aclose()

    async def _read(self, response: httpx2.Response, request_id: RequestId) -> httpx2.Response:
        if is_refusal(response):
            return await self._refused(response, request_id)
        kind = content_type(response)
        if kind == _EVENTS:
            return self._events(response, AnswerReader(request_id, self.about), request_id)
        if response.status_code in _NOTHING:
            raise await self._unreadable(response, f"{response.status_code} without an answer")
        if not kind.endswith("json"):
            raise await self._unreadable(response, f"Unexpected content type: {kind[:80] or 'none'}")
        body = await self.defuse(await whole(response, self.about.max_bytes))
        try:
            answer = answer_to(request_id, body)
        except HttpFailed as error:
            quoted = replace(error.failure, status=response.status_code, excerpt=excerpt(body, self._secrets))
            raise HttpFailed(quoted) from None
        if len(answer) > LARGE:
            await give_way()  # the SDK reads it once more
        return self._json(response, answer)

    async def _refused(self, response: httpx2.Response, request_id: RequestId) -> httpx2.Response:
        """Pass on an error of the protocol that comes with a status; raise for what is only a status."""
        body = await self._head(response)
        refusal = await self._refusal(response, body)
        lost = refusal.session and refusal.status == _NOT_FOUND
        if refusal.status in _ALWAYS_OURS or lost or b'"error"' not in body:
            raise HttpFailed(refusal)
        try:
            return self._json(response, answer_to(request_id, body))
        except HttpFailed:
            raise HttpFailed(refusal) from None

    async def _listen(self, request: httpx2.Request) -> httpx2.Response:
        response = await self._fetch(request)
        if not is_refusal(response) and content_type(response) == _EVENTS:
            return self._events(response, NoticeReader(), None)
        await response.aclose()
        return self._followed(response) or httpx2.Response(response.status_code)

    async def _speaks_sse(self, request: httpx2.Request, failure: HttpFailure) -> bool:
        """Whether a server that refuses to be greeted by POST answers GET with the first event of an SSE server."""
        if self.server.speaks != "auto" or failure.kind != "refused" or failure.status not in _NO_OTHER_WAY:
            return False
        if failure.status in _ALWAYS_OURS:
            return False
        kept = [(name, value) for name, value in request.headers.multi_items() if not name.startswith("content-")]
        asking = httpx2.Request("GET", request.url, headers=[*kept, ("accept", _EVENTS)], extensions=request.extensions)
        splitter = EventSplitter(LARGE)
        with anyio.move_on_after(_TRYING):
            try:
                response = await self.inner.handle_async_request(asking)
                try:
                    if content_type(response) != _EVENTS:
                        return False
                    async for piece in decoded(response):
                        for text in splitter.feed(piece):
                            return parse_event(text).kind == b"endpoint"
                finally:
                    await response.aclose()
            except (httpx2.TransportError, EventTooLong):
                return False
        return False
