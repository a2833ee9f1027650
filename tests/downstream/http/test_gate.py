"""The gate between the SDK and the network."""

import json
from collections.abc import AsyncGenerator

import anyio.lowlevel
import httpx2
import pytest
from anyio.abc import TaskGroup
from pydantic import JsonValue

from batonmcp.config.settings import HttpServer
from batonmcp.downstream.http.exchange import HttpExchange
from batonmcp.downstream.http.failure import HttpFailed
from batonmcp.downstream.http.streamable import StreamableGate

pytestmark = pytest.mark.anyio

TIME_S = 5.0
URL = "http://h/mcp"


class Network(httpx2.AsyncBaseTransport):
    """A network on which one response comes to everything, or none."""

    def __init__(self, response: httpx2.Response | None) -> None:
        self.response = response
        self.seen: list[httpx2.Request] = []
        self.asked = anyio.Event()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer."""
        self.seen.append(request)
        self.asked.set()
        if self.response is None:
            await anyio.sleep_forever()
        assert self.response is not None
        return self.response


async def as_it_is(data: bytes) -> bytes:
    """Return a message as it is."""
    await anyio.lowlevel.checkpoint()
    return data


@pytest.fixture
async def background() -> AsyncGenerator[TaskGroup]:
    """Where messages are sent that nobody waits for."""
    with anyio.fail_after(TIME_S):
        async with anyio.create_task_group() as tasks:
            yield tasks
            tasks.cancel_scope.cancel()


def gate(network: Network, background: TaskGroup, about: HttpExchange | None = None) -> StreamableGate:
    """Return a gate before a network."""
    return StreamableGate(
        inner=network,
        server=HttpServer(url=URL),
        about=about or HttpExchange(),
        background=background,
        defuse=as_it_is,
    )


def post(url: str = URL, **message: JsonValue) -> httpx2.Request:
    """Return a request that carries a message."""
    return httpx2.Request("POST", url, json={"jsonrpc": "2.0", **message})


@pytest.mark.parametrize("url", ["http://evil/mcp", "https://h/mcp", "http://h:81/mcp", "http://u@h/mcp"])
@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
async def test_nothing_goes_to_another_server(url: str, method: str, background: TaskGroup) -> None:
    """Whatever the SDK wants to send elsewhere is not sent."""
    network = Network(httpx2.Response(200))
    with pytest.raises(HttpFailed, match="it goes to another server"):
        await gate(network, background).handle_async_request(httpx2.Request(method, url))
    assert not network.seen


async def test_encoding_is_not_asked_for(background: TaskGroup) -> None:
    """Not even where the configuration does."""
    network = Network(httpx2.Response(405))
    request = httpx2.Request("GET", URL, headers={"accept-encoding": "gzip"})
    assert (await gate(network, background).handle_async_request(request)).status_code == 405
    assert network.seen[0].headers["accept-encoding"] == "identity"


async def test_nobody_waits_for_a_notification(background: TaskGroup) -> None:
    """A server that does not take it holds nothing up."""
    network = Network(None)
    response = await gate(network, background).handle_async_request(post(method="notifications/progress"))
    assert response.status_code == 202
    await network.asked.wait()


async def test_given_up_request_ends(background: TaskGroup) -> None:
    """A request that the SDK cancels ends, although the server never answers: the SDK hears that nothing will come."""
    network = Network(None)
    found: list[int] = []
    guarded = gate(network, background)

    async def ask() -> None:
        found.append((await guarded.handle_async_request(post(id=7, method="tools/call"))).status_code)

    async with anyio.create_task_group() as asking:
        asking.start_soon(ask)
        await network.asked.wait()
        network.response = httpx2.Response(202)
        await guarded.handle_async_request(post(method="notifications/cancelled", params={"requestId": 7}))
    assert found == [202]
    assert not guarded.flights


async def test_error_of_the_protocol_passes(background: TaskGroup) -> None:
    """What a server says in the protocol is the server's word, whatever its status, unless it is about who we are."""
    error: dict[str, JsonValue] = {"jsonrpc": "2.0", "id": None, "error": {"code": -32022, "message": "v"}}
    for status, code in ((400, -32022), (404, -32022), (401, -32603)):
        guarded = gate(Network(httpx2.Response(status, json=error)), background)
        response = await guarded.handle_async_request(post(id=7, method="tools/call"))
        told = json.loads(await response.aread())
        assert (told["id"], told["error"]["code"]) == (7, code)


async def test_farewell_is_short() -> None:
    """A server that does not take leave is left."""
    with anyio.fail_after(TIME_S):
        async with anyio.create_task_group() as tasks:
            with pytest.raises(TimeoutError):
                await gate(Network(None), tasks).handle_async_request(httpx2.Request("DELETE", URL))
