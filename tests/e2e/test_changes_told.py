"""A change of servers.json on its way to hosts of both eras, over both transports: real processes, real clients."""

import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.session import IncomingMessage
from mcp_types import ToolListChangedNotification

from doubles.evil_stdio import argv
from doubles.fronts import process_over_http

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

WriteConfig = Callable[..., Path]
TIME_S = 60.0


@asynccontextmanager
async def reached(config: Path, transport: str) -> AsyncGenerator[Any]:
    """Yield where a client connects."""
    if transport == "http":
        async with process_over_http(config) as (url, _process):
            yield url
    else:
        yield StdioServerParameters(command=sys.executable, args=["-m", "batonmcp", "serve", "--config", str(config)])


def entry() -> dict[str, Any]:
    """Return a server."""
    command, *arguments = argv("ok")
    return {"command": command, "args": arguments}


@pytest.mark.parametrize("transport", ["stdio", "http"])
@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_a_server_that_comes_is_told(mode: str, transport: str, write_config: WriteConfig) -> None:
    """The host hears that the list has changed, and reads there what the new server is called and offers."""
    heard, told = anyio.create_memory_object_stream[None](100)

    async def hear(message: IncomingMessage) -> None:
        if isinstance(message, ToolListChangedNotification):
            await heard.send(None)

    async def listen(host: Client) -> None:
        async with host.listen(tools_list_changed=True) as changes:
            async for _ in changes:
                await heard.send(None)

    async def described(host: Client) -> str:
        (tool,) = (await host.list_tools()).tools
        return (tool.description or "").partition("Behind it: ")[2].partition(".\n")[0]

    path = write_config({"one": entry()})
    with heard, told, anyio.fail_after(TIME_S):
        async with reached(path, transport) as place:
            handler = hear if mode == "legacy" else None
            async with Client(place, mode=mode, cache=None, message_handler=handler) as host:
                assert await described(host) in {"one", "one (3 tools)"}
                async with anyio.create_task_group() as tasks:
                    if mode != "legacy":
                        tasks.start_soon(listen, host)
                    write_config({"one": entry(), "two": entry()})
                    while (now := await described(host)) != "one (3 tools), two (3 tools)":
                        assert now in {"one", "one (3 tools)"}
                        await told.receive()
                    tasks.cancel_scope.cancel()
