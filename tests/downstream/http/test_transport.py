"""A server that is reached over streamable HTTP: a real one, on 127.0.0.1."""

import socket

import anyio
import httpx2
import pytest
from mcp import Client, MCPError
from mcp.client.client import ConnectMode
from mcp_types import TextContent

from batonmcp.config.settings import HttpServer
from batonmcp.downstream.http.exchange import HttpExchange
from batonmcp.downstream.http.transport import http_transport
from doubles.downstream import Gate, echo_server, serving

pytestmark = pytest.mark.anyio

TIME_S = 15.0


async def say(url: str, about: HttpExchange, *, mode: ConnectMode = "auto", **headers: str) -> str:
    """Connect, have a text echoed, and close."""
    with anyio.fail_after(TIME_S):
        transport = http_transport(HttpServer(url=url, headers=headers), about)
        async with Client(transport, mode=mode, cache=None) as client:
            result = await client.call_tool("echo", {"text": "hé"})
    (block,) = result.content
    assert isinstance(block, TextContent)
    return block.text


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_headers_are_sent_with_every_request(mode: ConnectMode) -> None:
    """Both eras work, and every request, the stream and the farewell included, carries the configured headers."""
    gate, about = Gate(echo_server().streamable_http_app()), HttpExchange()
    async with serving(gate) as url:
        assert await say(url, about, mode=mode, **{"Authorization": "Bearer t0ken", "X-Team": "7"}) == "hé"
    assert {seen.method for seen in gate.requests} >= ({"POST", "DELETE"} if mode == "legacy" else {"POST"})
    assert {seen.headers.get("authorization") for seen in gate.requests} == {"Bearer t0ken"}
    assert {seen.headers.get("x-team") for seen in gate.requests} == {"7"}
    assert about.refusal is None
    assert not about.forgotten.is_set()


@pytest.mark.parametrize("status", [401, 403, 404, 500])
async def test_status_of_a_refusal_is_kept(status: int) -> None:
    """The SDK tells an opaque error; the status is kept beside it."""
    gate, about = Gate(echo_server().streamable_http_app(), status=status), HttpExchange()
    async with serving(gate) as url:
        with pytest.RaisesGroup(MCPError, flatten_subgroups=True):
            await say(url, about)
    assert about.refusal == status


async def test_refused_stream_is_no_refusal() -> None:
    """A server without a stream for its own messages refuses GET, as it may, and is used all the same."""
    gate, about = Gate(echo_server().streamable_http_app(), closed_to=frozenset({"GET", "DELETE"})), HttpExchange()
    async with serving(gate) as url:
        assert await say(url, about, mode="legacy") == "hé"
    assert about.refusal is None


async def test_address_nobody_listens_on() -> None:
    """The connection is refused, and that is what is raised."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        with pytest.RaisesGroup(httpx2.ConnectError, flatten_subgroups=True):
            await say(f"http://127.0.0.1:{bound.getsockname()[1]}/mcp", HttpExchange())


def response(status: int, *, method: str = "POST", session: str | None = None) -> httpx2.Response:
    """Return a response to a request that belonged to a session."""
    headers = {"mcp-session-id": session} if session else {}
    return httpx2.Response(status, request=httpx2.Request(method, "http://127.0.0.1/mcp", headers=headers))


async def test_refusal_is_that_of_the_last_answer() -> None:
    """An answer takes an earlier refusal back; what came to a GET or DELETE does not count."""
    about = HttpExchange()
    for status, method, expected in [(401, "POST", 401), (405, "GET", 401), (200, "POST", None), (404, "DELETE", None)]:
        await about.hear(response(status, method=method))
        assert about.refusal == expected


async def test_forgotten_is_a_session_that_is_not_found() -> None:
    """Only a 404 to a request of a session means that the session is gone."""
    about = HttpExchange()
    await about.hear(response(404))
    await about.hear(response(400, session="s"))
    await about.hear(response(404, method="GET", session="s"))
    assert not about.forgotten.is_set()
    await about.hear(response(404, session="s"))
    assert about.forgotten.is_set()
