"""Faults of clients over HTTP, against a process that serves. Each test is a row of the matrix, told there in words."""

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp_types import CallToolResult, TextContent

from doubles.downstream import free_port
from doubles.evil_stdio import argv
from doubles.fifo import Fifo
from doubles.fronts import asked, call, connected, posted, process_over_http, until_end
from doubles.processes import TOKEN_VARIABLE, marked

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

WriteConfig = Callable[..., Path]
TIME_S = 60.0
IDLE = 1_100


@asynccontextmanager
async def serving(config: Path) -> AsyncGenerator[str]:
    """Start a process that serves, and yield its address."""
    with anyio.fail_after(TIME_S):
        async with process_over_http(config) as (url, _process):
            yield url


def plan(tool: str, **arguments: object) -> dict[str, Any]:
    """Return the arguments of `orchestrate` that call one tool."""
    return {"query": "q", "plan": {"steps": [{"id": "s", "tool": tool, "arguments": arguments}]}}


def text_of(result: CallToolResult) -> str:
    """Return the text of a result."""
    assert isinstance(result.content[0], TextContent)
    return result.content[0].text


async def test_u18_wrong_host_or_origin(write_config: WriteConfig) -> None:
    """Refused by the headers alone: the answer comes although the body that they tell of never does."""
    async with serving(write_config({})) as url:
        port = url.rpartition(":")[2].partition("/")[0]
        rows = [
            (f"evil.example:{port}", None, 421),
            ("evil.example", None, 421),
            (f"127.0.0.1.evil.example:{port}", None, 421),
            (f"localhost:{port}@evil.example", None, 421),
            (f"127.0.0.1:{port}", "http://evil.example", 403),
            (f"127.0.0.1:{port}", f"http://evil.example:{port}", 403),
            (f"localhost:{port}", "null", 403),
            (f"[::1]:{port}", f"http://127.0.0.1.evil.example:{port}", 403),
        ]
        good = call(plan("none__at_all")).replace(b"localhost:80", f"127.0.0.1:{port}".encode())
        for method in (b"POST", b"GET", b"DELETE", b"OPTIONS", b"PUT"):
            for host, origin, status in rows:
                head = posted(b"", *([f"origin: {origin}"] if origin else []), host=host)
                head = head.replace(b"POST", method).replace(b"content-length: 0", b"content-length: 1000")
                answer = await asked(url, head)
                assert (answer.status, answer.headers["connection"]) == (status, "close"), (method, host, origin)
                assert b"batonmcp" in answer.body
            assert (await asked(url, posted(b"{}", host="").replace(b"HTTP/1.1", b"HTTP/1.0"))).status == 421
            assert (await asked(url, good)).status == 200


async def test_u19_gone_within_the_stream(write_config: WriteConfig, fifo: Fifo) -> None:
    """The call of the tool is cancelled on its server, and the next client is served."""
    command, *arguments = argv("ok", state=fifo.path)
    async with serving(write_config({"evil": {"command": command, "args": arguments}})) as url:
        async with connected(url) as stream:
            await stream.send(call(plan("evil__slow", seconds=50), progress=True))
            assert b"text/event-stream" in await stream.receive()
            await fifo.until("call slow")
        await fifo.until("cancelled")
        async with Client(url) as host:
            done = await host.call_tool("orchestrate", plan("evil__echo", text="still here"))
        assert "still here" in text_of(done)


async def test_u20_slow_and_idle(write_config: WriteConfig) -> None:
    """More than a thousand that say nothing, and some that begin to, are bounded; hosts of both eras are served."""
    command, *arguments = argv("ok")
    config = write_config({"evil": {"command": command, "args": arguments}})
    with anyio.fail_after(TIME_S):
        async with process_over_http(config) as (url, process), AsyncExitStack() as stack:
            first = await stack.enter_async_context(connected(url))
            body = posted(b"x" * 100)[:-50]
            for number in range(IDLE):
                stream = await stack.enter_async_context(connected(url))
                if number % 10 == 0:
                    await stream.send(body if number % 20 else b"POST /mcp HTTP/1.1\r\n")
            assert await until_end(first) == b""
            for mode in ("legacy", "auto"):
                async with Client(url, mode=mode) as host:
                    done = await host.call_tool("orchestrate", plan("evil__echo", text="served"))
                    assert "served" in text_of(done)
            assert _sockets(process.pid) < 600


def _sockets(pid: int) -> int:
    return sum(map(_is_socket, Path(f"/proc/{pid}/fd").iterdir()))


def _is_socket(path: Path) -> bool:
    try:
        return str(path.readlink()).startswith("socket:")
    except OSError:  # it has been closed meanwhile
        return False


@asynccontextmanager
async def hubs(folder: Path, token: str) -> AsyncGenerator[tuple[str, str]]:
    """Start two processes that serve and list each other, and yield their addresses."""
    ports = {"a": free_port(), "b": free_port()}
    command, *arguments = argv("ok")
    async with AsyncExitStack() as stack:
        urls: list[str] = []
        for name, other in (("a", "b"), ("b", "a")):
            servers = {
                other: {"url": f"http://127.0.0.1:{ports[other]}/mcp"},
                "own": {"command": command, "args": arguments, "env": {TOKEN_VARIABLE: token}},
            }
            path = folder / f"{name}.json"
            path.write_text(json.dumps({"mcpServers": servers, "batonmcp": {"store": "memory"}}))
            opened = process_over_http(path, "--read-only", port=ports[name])
            urls.append((await stack.enter_async_context(opened))[0])
        yield urls[0], urls[1]


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_c09_two_of_us_include_each_other(mode: str, tmp_path: Path, token: str) -> None:
    """A call that comes back is refused by whom it began with; the calls that do not come back work."""
    inner = plan("own__echo", text="inner")
    with anyio.fail_after(TIME_S):
        async with hubs(tmp_path, token) as (a, b):
            async with Client(b, mode=mode) as host:
                await _ready(host, "a__orchestrate")
            async with Client(a, mode=mode) as host:
                await _ready(host, "b__orchestrate")
                there = await host.call_tool("orchestrate", plan("b__orchestrate", **inner))
                back = await host.call_tool("orchestrate", plan("b__orchestrate", **plan("a__orchestrate", **inner)))
            assert len(marked(token)) == 2
    assert "inner" in text_of(there)
    assert back.is_error
    assert "this call has come back to the batonmcp that made it" in text_of(back)
    assert "inner" not in text_of(back)


async def _ready(host: Client, tool: str) -> None:
    """Wait until a tool is known to a process that may have looked for its server too early."""
    while True:
        shown = await host.call_tool("orchestrate", {**plan(tool, query=""), "output": "plan"})
        if shown.meta and shown.meta["batonmcp/run"]["status"] == "planned":
            return
        await anyio.sleep(0.2)
