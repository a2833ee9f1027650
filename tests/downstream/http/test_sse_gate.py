"""The older transport: one stream for everything."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import pytest
from mcp import Client, MCPError
from mcp.client.client import ConnectMode
from mcp_types import TextContent

from batonmcp.config.settings import HttpServer
from batonmcp.downstream.http.exchange import HttpExchange
from batonmcp.downstream.http.failure import HttpFailed
from batonmcp.downstream.http.transport import http_transport
from doubles.evil_http import MODES, serving

pytestmark = pytest.mark.anyio

TIME_S = 20.0


@asynccontextmanager
async def talking(mode: str, about: HttpExchange, *, era: ConnectMode = "legacy") -> AsyncGenerator[Client]:
    """Connect to a server that speaks SSE."""
    async with serving(mode) as evil:
        server = HttpServer(url=evil.url, speaks="sse", headers={"X-Key": "k"})
        with anyio.fail_after(TIME_S):
            async with Client(http_transport(server, about), mode=era, cache=None) as client:
                yield client
        assert {asked.headers.get("x-key") for asked in evil.seen} == {"k"}
        assert {asked.headers.get("accept-encoding") for asked in evil.seen} == {"identity"}


async def say(client: Client, text: str = "hé") -> str:
    """Have a text echoed."""
    (block,) = (await client.call_tool("echo", {"text": text})).content
    assert isinstance(block, TextContent)
    return block.text


@pytest.mark.parametrize("era", ["legacy", "auto"])
async def test_server_is_used(era: ConnectMode) -> None:
    """Calls are answered on the stream, whichever era is asked for first."""
    about = HttpExchange()
    async with talking("sse", about, era=era) as client:
        assert [await say(client, str(number)) for number in range(3)] == ["0", "1", "2"]
    assert about.failure is None


async def test_refused_message_fails_one_call() -> None:
    """A call that is not taken fails by itself; the SDK would stop sending."""
    about = HttpExchange()
    async with talking("sse_refuses", about) as client:
        with pytest.raises(MCPError) as caught:
            await say(client, "no")
        failure = about.failure_of(caught.value)
        assert failure is not None
        assert (failure.kind, failure.status, failure.excerpt) == ("refused", 500, "no")
        assert await say(client) == "hé"


async def test_end_of_the_stream_is_the_end() -> None:
    """It is raised as what it is, whatever waits."""
    about = HttpExchange()
    with pytest.RaisesGroup(HttpFailed, flatten_subgroups=True):
        async with talking("sse_ends", about) as client:
            with pytest.raises(MCPError):
                await say(client)
            await anyio.sleep_forever()
    assert about.failure is not None
    assert (about.failure.kind, about.failure.said) == ("broken", "the stream ended")


async def test_messages_go_nowhere_else() -> None:
    """A server that wants them sent to another one is refused, and not waited for."""
    about = HttpExchange()
    with pytest.RaisesGroup(HttpFailed, flatten_subgroups=True):
        async with talking("sse_elsewhere", about):
            pass
    assert about.failure is not None
    assert about.failure.said == "it wants its messages at http://127.0.0.1:1/elsewhere"


@pytest.mark.parametrize(
    ("mode", "kind", "said"),
    [("ok", "refused", ""), ("get_page", "unreadable", "Unexpected content type: text/html")],
)
async def test_server_of_another_kind(mode: str, kind: str, said: str) -> None:
    """What comes in place of the stream is told."""
    about = HttpExchange()
    assert mode in MODES
    with pytest.RaisesGroup(HttpFailed, flatten_subgroups=True):
        async with talking(mode, about):
            pass
    assert about.failure is not None
    assert (about.failure.kind, about.failure.said) == (kind, said)
