"""The session with a server."""

from contextlib import AbstractAsyncContextManager

import anyio
import pytest
from mcp.client._transport import TransportStreams
from mcp.client.stdio import StdioServerParameters, stdio_client

from batonmcp.config.settings import ServerSettings
from batonmcp.downstream.changes import Changes
from batonmcp.downstream.http.exchange import HttpExchange
from batonmcp.downstream.questions import Questions
from batonmcp.downstream.session import ended, innermost, open_session
from batonmcp.downstream.stdio.process import ServerProcess
from batonmcp.downstream.trouble import Evidence
from doubles.evil_stdio import argv

pytestmark = pytest.mark.anyio

TIME_S = 10.0


class Named:
    """Knows a display name."""

    title = "Weather"


def transport(mode: str) -> AbstractAsyncContextManager[TransportStreams]:
    """Return the SDK's own transport to a hostile server."""
    command, *arguments = argv(mode)
    return stdio_client(StdioServerParameters(command=command, args=arguments))


async def test_session_keeps_a_result_that_breaks_its_schema() -> None:
    """The SDK would raise and drop the content; here it is kept."""
    with anyio.fail_after(TIME_S):
        async with open_session(transport("bad_output"), "legacy", Questions("w", Named(), []), Changes()) as (
            client,
            _,
        ):
            await client.list_tools()
            result = await client.call_tool("measure", {"city": "Oslo"})
    assert result.structured_content == {"celsius": "rather warm"}


async def test_what_runs_in_a_session_ends_with_it() -> None:
    """Leaving cancels its tasks."""
    left = anyio.Event()

    async def stay() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            left.set()

    with anyio.fail_after(TIME_S):
        async with open_session(transport("ok"), "legacy", Questions("w", Named(), []), Changes()) as (_, tasks):
            tasks.start_soon(stay)
            await anyio.wait_all_tasks_blocked()
    assert left.is_set()


async def test_end_is_that_of_the_process_or_of_the_servers_memory() -> None:
    """Without either there is no end to wait for."""
    settings = ServerSettings(name="w", transport=None)
    process, exchange = ServerProcess(), HttpExchange()
    process.closed.set()
    exchange.forgotten.set()
    with anyio.fail_after(TIME_S):
        await ended(Evidence(settings=settings, connect_timeout=1, process=process))
        await ended(Evidence(settings=settings, connect_timeout=1, exchange=exchange))
    with anyio.move_on_after(0.01) as waiting:
        await ended(Evidence(settings=settings, connect_timeout=1))
    assert waiting.cancelled_caught


def test_innermost_error_is_found() -> None:
    """Task groups wrap errors in groups of groups; the first real one is what to tell."""
    error = OSError("gone")
    assert innermost(ExceptionGroup("a", [ExceptionGroup("b", [error]), ValueError()])) is error
    assert innermost(error) is error
