"""The gate of a server that speaks SSE: requests are taken by POST, and everything is answered on one stream."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import anyio
import httpx2
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCError, RequestId

from batonmcp.downstream.http.failure import HttpFailed, HttpFailure, unreached
from batonmcp.downstream.http.gate import Gate, content_type, is_refusal
from batonmcp.downstream.http.message import Posted, error_for
from batonmcp.downstream.http.readers import ConnectionReader

__all__ = ["SseGate"]

_TAKING = 10.0
"""Longest a server may take to say that it has got a request, in seconds: until then no other one is sent."""

Deliver = Callable[[SessionMessage], Awaitable[None]]


@dataclass(eq=False, kw_only=True)
class SseGate(Gate):
    """See the module.

    Attributes:
        deliver: Hands a message to the SDK: the answer to a request that the server will not answer.
    """

    deliver: Deliver

    async def _ask(self, request: httpx2.Request, message: Posted, request_id: RequestId) -> httpx2.Response:
        del message
        try:
            with anyio.fail_after(_TAKING):
                return await self._hand_over(request)
        except HttpFailed as error:
            failure = error.failure
        except httpx2.TransportError as error:
            failure = unreached(error)
        except TimeoutError:
            failure = HttpFailure(kind="broken", said=f"no word within {_TAKING:g} s")
        error = JSONRPCError.model_validate(error_for(request_id, failure, self.about.mark(failure)))
        with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
            await self.deliver(SessionMessage(error))
        return httpx2.Response(202)

    async def _hand_over(self, request: httpx2.Request) -> httpx2.Response:
        response = await self._fetch(request)
        try:
            if followed := self._followed(response):
                return followed
            if is_refusal(response):
                raise HttpFailed(await self._refusal(response))
            return httpx2.Response(202)
        finally:
            await response.aclose()

    async def _listen(self, request: httpx2.Request) -> httpx2.Response:
        response = await self._fetch(request)
        try:
            if followed := self._followed(response):
                await response.aclose()
                return followed
            await self._check(response)
        except HttpFailed as error:
            await response.aclose()
            self.about.mark(error.failure)
            raise
        return self._events(response, ConnectionReader(self._url, self.about), None)

    async def _check(self, response: httpx2.Response) -> None:
        """Raise for what is no stream of events."""
        if is_refusal(response):
            raise HttpFailed(await self._refusal(response))
        if content_type(response) != "text/event-stream":
            raise await self._unreadable(response, f"Unexpected content type: {content_type(response)[:80]}")
