"""The session with a server: the SDK's client over a transport, with what we expect of it."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import cast

import anyio
from anyio.abc import TaskGroup
from mcp import Client
from mcp.client._transport import TransportStreams
from mcp.client.client import ConnectMode
from mcp_types import CallToolResult, Implementation

from batonmcp import __version__
from batonmcp.downstream.changes import Changes
from batonmcp.downstream.questions import Questions
from batonmcp.downstream.trouble import Evidence

__all__ = ["ended", "innermost", "open_session"]

_ABOUT_US = Implementation(name="batonmcp", version=__version__)
_BEAT = 0.1


@asynccontextmanager
async def open_session(
    transport: AbstractAsyncContextManager[TransportStreams], mode: ConnectMode, asked: Questions, changes: Changes
) -> AsyncGenerator[tuple[Client, TaskGroup]]:
    """Shake hands and yield the client, with a task group for what runs as long as the session."""
    client = Client(
        transport,
        mode=mode,
        client_info=_ABOUT_US,
        cache=None,
        message_handler=changes.hear,
        elicitation_callback=asked.elicit,
        sampling_callback=asked.sample,
        list_roots_callback=asked.list_roots,
    )
    async with client, anyio.create_task_group() as tasks:
        client.session.validate_tool_result = _accept
        tasks.start_soon(changes.listen, client)
        yield client, tasks
        tasks.cancel_scope.cancel()


async def ended(evidence: Evidence) -> None:
    """Wait until a process has gone, or an HTTP server has forgotten us. When it has gone, the transport raises."""
    if evidence.process:
        await evidence.process.closed.wait()
    elif evidence.exchange:
        await evidence.exchange.forgotten.wait()
        await anyio.sleep(_BEAT)  # for the refused call to hear of it, which then is known not to have run
    else:
        await anyio.sleep_forever()


def innermost(error: BaseException) -> BaseException:
    """Return the first real error in what task groups have wrapped."""
    while isinstance(error, BaseExceptionGroup):
        error = cast("BaseExceptionGroup[BaseException]", error).exceptions[0]
    return error


async def _accept(name: str, result: CallToolResult) -> None:
    """Take a result that breaks its tool's output schema: the SDK would throw its content away."""
