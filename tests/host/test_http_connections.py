"""Connections of slow, idle and unwilling clients, beside one that is served; over real sockets."""

import json
from contextlib import AsyncExitStack
from functools import partial

import anyio
import pytest
from anyio.abc import SocketStream

from batonmcp.core.caller import Caller
from batonmcp.core.events import Emit, RouteStarted
from batonmcp.core.limits import Limits
from batonmcp.host import http_connections
from batonmcp.host.http_connections import most_connections
from batonmcp.host.server import Front
from batonmcp.stages.task import Task
from doubles.asking import AskingBackend
from doubles.fronts import asked, call, connected, over_http, posted, response_of, until_end

pytestmark = pytest.mark.anyio

TIME_S = 20.0


async def play(task: Task, listen: Emit, _caller: Caller) -> str:
    """Answer; where it is wanted never, or at length."""
    listen(RouteStarted(tools=1, agents=["A"]))
    if task.query == "never":
        await anyio.sleep_forever()
    return "x" * (8_000_000 if task.query == "long" else 1)


def front() -> Front:
    """Return a server in front."""
    return Front(AskingBackend(play).open, agents=[], limits=Limits(), shared=True)


async def served(url: str) -> bool:
    """Whether a call is answered."""
    answer = await asked(url, call({"query": "q"}))
    return answer.status == 200 and "result" in json.loads(answer.body)


async def several(url: str, number: int, stack: AsyncExitStack) -> list[SocketStream]:
    """Open connections that say nothing."""
    return [await stack.enter_async_context(connected(url)) for _ in range(number)]


def limited(soft: int, _which: int) -> tuple[int, int]:
    """Return limits as the system has them."""
    return soft, soft


def test_how_many_there_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the files that may be open, and never more than a few hundred."""
    resource = pytest.importorskip("resource", reason="there is no such limit")
    for soft, most in ((1024, 512), (1_000_000, 512), (256, 128), (4, 8), (resource.RLIM_INFINITY, 512)):
        monkeypatch.setattr(resource, "getrlimit", partial(limited, soft))
        assert most_connections() == most


async def test_many_idle_ones_make_room() -> None:
    """Where there are too many the one that has been idle for the longest time goes, and a new one is served."""
    with anyio.fail_after(TIME_S):
        async with over_http(front(), most=8) as url, AsyncExitStack() as stack:
            streams = await several(url, 30, stack)
            assert await until_end(streams[0]) == b""
            assert await served(url)


async def test_one_that_is_answered_keeps_its_place() -> None:
    """What waits for its answer is not idle, however many come; who has no room at all is told."""
    with anyio.fail_after(TIME_S):
        async with over_http(front(), most=4) as url, AsyncExitStack() as stack:
            busy = await several(url, 4, stack)
            for stream in busy:
                await stream.send(call({"query": "never"}, progress=True))
                assert b"text/event-stream" in await stream.receive()
            assert (await asked(url, call({"query": "q"}))).status == 503
            await several(url, 10, stack)
            await busy[0].aclose()
            while not await served(url):
                await anyio.lowlevel.checkpoint()


async def test_headers_have_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who sends nothing, or a byte at a time, is gone when it is over; every byte gives no further time."""
    monkeypatch.setattr(http_connections, "HEADER_PATIENCE", 0.3)
    with anyio.fail_after(TIME_S):
        async with over_http(front()) as url, connected(url) as silent, connected(url) as slow:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(trickle, slow, b"POST /mcp HTTP/1.1\r\nx: ")
                assert await until_end(silent) == b""
                assert await until_end(slow) == b""
            assert await served(url)


async def trickle(stream: SocketStream, begin: bytes) -> None:
    """Send this, and then a byte at a time, until the other side has gone."""
    try:
        await stream.send(begin)
        while True:
            await stream.send(b"x")
            await anyio.sleep(0.01)
    except (anyio.BrokenResourceError, anyio.ClosedResourceError):
        pass


async def test_a_connection_is_used_again() -> None:
    """One request after the other, refused ones too; its time begins anew with each."""
    with anyio.fail_after(TIME_S):
        async with over_http(front()) as url, connected(url) as stream:
            for _ in range(3):
                await stream.send(call({"query": "q"}))
                assert (await response_of(stream)).status == 200
            await stream.send(posted(b"{"))
            assert (await response_of(stream)).status == 400


async def test_two_requests_at_once() -> None:
    """A second request that comes before the first one is answered is answered after it."""
    with anyio.fail_after(TIME_S):
        async with over_http(front()) as url, connected(url) as stream:
            await stream.send(call({"query": "q"}) * 2)
            text = b""
            while text.count(b'"status":"ok"') < 2 and text.count(b"HTTP/1.1 200") < 2:
                text += await stream.receive()


async def test_an_answer_is_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who does not read what it asked for is gone after a while; the others never noticed."""
    monkeypatch.setattr(http_connections, "READ_PATIENCE", 0.3)
    with anyio.fail_after(TIME_S):
        async with over_http(front()) as url, connected(url) as deaf:
            await deaf.send(call({"query": "long"}))
            assert await served(url)
            await trickle(deaf, b"x")  # it reads nothing, so that only writing shows when the other side has gone
            assert await served(url)


async def test_nonsense(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """What is not HTTP, what is too long, and what wants another protocol is refused without a line in the log."""
    monkeypatch.setattr(http_connections, "HEADER_PATIENCE", 5.0)
    upgrade = b"GET /mcp HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
    with anyio.fail_after(TIME_S):
        async with over_http(front()) as url:
            assert (await asked(url, b"\x16\x03\x01\x00nonsense\r\n\r\n")).status == 400
            assert (await asked(url, b"GET / HTTP/1.1\r\nx: " + b"y" * 200_000)).status in {400, 431}
            assert (await asked(url, upgrade)).status == 406
            assert await served(url)
    assert caplog.text == ""
