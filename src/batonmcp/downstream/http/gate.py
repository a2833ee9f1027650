"""The gate between the SDK and the network: every request and every response of a server over HTTP passes it.

The SDK's transports end a whole connection when one request fails below HTTP, follow redirects by rules of their own,
unpack and read what arrives without bounds, and keep neither status nor headers. The gate is a transport of their HTTP
client, so that all this can be put right without a transport of our own; its two kinds know what an answer looks like.
"""

from abc import abstractmethod
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

import anyio
import httpx2
from anyio.abc import TaskGroup
from mcp.client.streamable_http import MCP_SESSION_ID
from mcp_types import RequestId

from batonmcp.config.settings import HttpServer
from batonmcp.downstream.http.body import head
from batonmcp.downstream.http.events import Defuse, EventReader, EventStream
from batonmcp.downstream.http.exchange import HttpExchange
from batonmcp.downstream.http.failure import HttpFailed, HttpFailure
from batonmcp.downstream.http.message import Posted, posted
from batonmcp.downstream.http.origin import same_origin, shown
from batonmcp.downstream.http.refusal import MOST_READ, excerpt, retry_after, secrets_of, wants_oauth

__all__ = ["Flight", "Gate", "content_type", "is_refusal"]

_TELLING = 10.0
_FAREWELL = 2.0
_READING = 2.0
_FOLLOWED = {307, 308}
_REDIRECTS = range(300, 400)
_REFUSALS = 400
_OURS = {"content-encoding", "content-length", "content-type", "transfer-encoding"}


@dataclass(slots=True, eq=False)
class Flight:
    """A request on its way: it can be given up until its answer has been read."""

    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    stream: EventStream | None = None

    def give_up(self) -> None:
        """Stop waiting for the answer."""
        self.scope.cancel()
        if self.stream:
            self.stream.give_up()


@dataclass(eq=False, kw_only=True)
class Gate(httpx2.AsyncBaseTransport):
    """What both kinds have in common.

    Attributes:
        inner: The way to the network.
        server: Where requests may go.
        about: Told of what comes back.
        background: Where messages are sent that nobody waits for.
        defuse: Makes a large message cheap to read.
        flights: The requests on their way.
    """

    inner: httpx2.AsyncBaseTransport
    server: HttpServer
    about: HttpExchange
    background: TaskGroup
    defuse: Defuse
    flights: dict[RequestId, Flight] = field(default_factory=dict[RequestId, Flight], init=False)

    def __post_init__(self) -> None:
        self._url = httpx2.URL(self.server.url)
        self._secrets = secrets_of(self._url, self.server.headers.values())

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request, if it goes where the configuration says, and return what the SDK may have of the response."""
        if not same_origin(self._url, str(request.url)):
            raise HttpFailed(HttpFailure(kind="redirected", said="it goes to another server"))
        request.headers["accept-encoding"] = "identity"
        if request.method == "GET":
            return await self._listen(request)
        if request.method != "POST":
            with anyio.fail_after(_FAREWELL):
                return await self.inner.handle_async_request(request)
        await request.aread()  # one that follows a redirect is a stream again
        message = posted(request)
        if message.id is None:
            return await self._tell(request, message)
        return await self._ask(request, message, message.id)

    async def aclose(self) -> None:
        """Close the connections."""
        await self.inner.aclose()

    @abstractmethod
    async def _ask(self, request: httpx2.Request, message: Posted, request_id: RequestId) -> httpx2.Response:
        """Send what must be answered. Nothing but the first request of all raises an error."""

    @abstractmethod
    async def _listen(self, request: httpx2.Request) -> httpx2.Response:
        """Open a stream of events."""

    async def _tell(self, request: httpx2.Request, message: Posted) -> httpx2.Response:
        """Send what is not answered, and let nobody wait for how it is taken, unless all that follows depends on it."""
        if message.method == "notifications/initialized":
            await self._send(request, message)
        else:
            self.background.start_soon(self._send, request, message)
        return httpx2.Response(202)

    async def _send(self, request: httpx2.Request, message: Posted) -> None:
        with anyio.move_on_after(_TELLING), suppress(httpx2.TransportError):
            response = await self._fetch(request)
            await response.aclose()
        if message.cancels is not None and (flight := self.flights.get(message.cancels)):
            flight.give_up()  # a server of the older era may leave the answer to a cancelled request open for ever

    async def _fetch(self, request: httpx2.Request) -> httpx2.Response:
        response = await self.inner.handle_async_request(request)
        response.request = request
        await self.about.hear(response)
        return response

    def _followed(self, response: httpx2.Response) -> httpx2.Response | None:
        """Return a redirect that the SDK may follow, without its body; None for what is no redirect.

        Raises:
            HttpFailed: It is not to be followed.
        """
        location = response.headers.get("location")
        if response.status_code not in _REDIRECTS or location is None:
            return None
        if response.status_code not in _FOLLOWED or not same_origin(response.request.url, location):
            said = f"it sends its visitors to {shown(response.request.url, location)}"
            raise HttpFailed(HttpFailure(kind="redirected", said=said, status=response.status_code))
        return httpx2.Response(response.status_code, headers={"location": location})

    async def _refusal(self, response: httpx2.Response, body: bytes | None = None) -> HttpFailure:
        """Return what a status that says no stands for."""
        body = await self._head(response) if body is None else body
        return HttpFailure(
            kind="refused",
            status=response.status_code,
            excerpt=excerpt(body, self._secrets),
            retry_after=retry_after(response.headers.get("retry-after"), now=datetime.now(UTC)),
            oauth=wants_oauth(response.headers.get("www-authenticate")),
            session=MCP_SESSION_ID in response.request.headers,
        )

    async def _unreadable(self, response: httpx2.Response, said: str) -> HttpFailed:
        text = excerpt(await self._head(response), self._secrets)
        return HttpFailed(HttpFailure(kind="unreadable", said=said, status=response.status_code, excerpt=text))

    async def _head(self, response: httpx2.Response) -> bytes:
        return await head(response, MOST_READ, patience=_READING)

    def _events(self, response: httpx2.Response, reader: EventReader, request_id: RequestId | None) -> httpx2.Response:
        """Return a response whose events are looked at one by one."""
        flight = None if request_id is None else self.flights.get(request_id)

        def landed() -> None:
            if request_id is not None and self.flights.get(request_id) is flight:
                del self.flights[request_id]

        stream = EventStream(response, reader, limit=self.about.max_bytes, defuse=self.defuse, on_close=landed)
        if flight:
            flight.stream = stream
        headers = [*_kept(response), ("content-type", "text/event-stream")]
        return httpx2.Response(response.status_code, headers=headers, stream=stream)

    def _json(self, response: httpx2.Response, body: bytes) -> httpx2.Response:
        headers = [*_kept(response), ("content-type", "application/json")]
        return httpx2.Response(response.status_code, headers=headers, content=body)


def content_type(response: httpx2.Response) -> str:
    """Return the type of a body, without parameters; empty if there is none."""
    return response.headers.get("content-type", "").partition(";")[0].strip().lower()


def is_refusal(response: httpx2.Response) -> bool:
    """Whether a status says no."""
    return response.status_code >= _REFUSALS


def _kept(response: httpx2.Response) -> list[tuple[str, str]]:
    return [(name, value) for name, value in response.headers.multi_items() if name.lower() not in _OURS]
