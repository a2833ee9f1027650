"""Servers in this process, for what depends on time: with them a connection can live by a clock that jumps.

    servers = InProcess(refuse=3)
    connection = Connection(in_process(), {}, limits=Limits(), open_transport=servers.open)

Each opening of the transport starts a server of the SDK, with the tools `echo`, `write` and `hang`. Faults are set
beforehand, or while it runs.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import anyio
from mcp.client._transport import TransportStreams
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.memory import create_client_server_memory_streams
from mcp_types import (
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
    ToolAnnotations,
)

from batonmcp.config.settings import ServerSettings, StdioServer
from batonmcp.downstream.stdio.process import ServerProcess
from batonmcp.downstream.trouble import Evidence

__all__ = ["InProcess", "in_process"]


def in_process(name: str = "s", **more: Any) -> ServerSettings:  # noqa: ANN401 - an entry's settings
    """Return an entry of servers.json that is never really started."""
    return ServerSettings(name=name, transport=StdioServer(command="never-started"), **more)


class InProcess:
    """Servers in this process, one after the other.

    Args:
        refuse: How many openings fail before one succeeds.
        error: What they raise.
        starts_in: How long a start takes, in seconds.
        dies_after: How many calls a server answers before it dies; None: any number.
        hangs: Whether calls are left without an answer.

    Attributes:
        openings: When each opening was tried.
        calls: When each call arrived.
        cancelled: How many calls were cancelled.
    """

    def __init__(
        self,
        *,
        refuse: int = 0,
        error: Exception | None = None,
        starts_in: float = 0.0,
        dies_after: int | None = None,
        hangs: bool = False,
    ) -> None:
        self.refuse = refuse
        self.error = error or ConnectionRefusedError()
        self.starts_in = starts_in
        self.dies_after = dies_after
        self.hangs = hangs
        self.openings: list[float] = []
        self.calls: list[float] = []
        self.cancelled = 0
        self._dead: anyio.Event | None = None

    @property
    def alive(self) -> bool:
        """Whether there is a server now."""
        return self._dead is not None and not self._dead.is_set()

    def die(self) -> None:
        """Let the server that runs now end."""
        if self._dead:
            self._dead.set()

    @asynccontextmanager
    async def open(self, settings: ServerSettings, evidence: Evidence) -> AsyncGenerator[TransportStreams]:
        """Start a server and yield the streams to it; an `OpenTransport`.

        Raises:
            Exception: It is one of those openings that fail.
        """
        del settings
        evidence.process = about = ServerProcess()
        self.openings.append(anyio.current_time())
        if len(self.openings) <= self.refuse:
            raise self.error
        await anyio.sleep(self.starts_in)
        dead = self._dead = anyio.Event()
        async with create_client_server_memory_streams() as (client, server), anyio.create_task_group() as tasks:
            tasks.start_soon(self._serve, server)
            tasks.start_soon(self._end, dead, about, tasks.cancel_scope)
            try:
                yield client
            finally:
                about.stopping = True
                dead.set()
                tasks.cancel_scope.cancel()

    async def _end(self, dead: anyio.Event, about: ServerProcess, scope: anyio.CancelScope) -> None:
        await dead.wait()
        about.ended()
        scope.cancel()

    async def _serve(self, streams: TransportStreams) -> None:
        server = Server("in-process", version="1", on_list_tools=self._list, on_call_tool=self._call)
        incoming, outgoing = streams
        await server.run(incoming, outgoing, server.create_initialization_options())

    async def _list(
        self, _context: ServerRequestContext[Any], _params: PaginatedRequestParams | None
    ) -> ListToolsResult:
        schema = {"type": "object"}
        tools = {"echo": True, "write": False, "hang": True}
        return ListToolsResult(
            tools=[
                Tool(name=name, input_schema=schema, annotations=ToolAnnotations(read_only_hint=only))
                for name, only in tools.items()
            ]
        )

    async def _call(self, _context: ServerRequestContext[Any], params: CallToolRequestParams) -> CallToolResult:
        self.calls.append(anyio.current_time())
        if self.hangs or params.name == "hang":
            try:
                await anyio.sleep_forever()
            finally:
                self.cancelled += 1
        if self.dies_after is not None:
            self.dies_after -= 1
            if self.dies_after < 0:
                self.dies_after = None
                self.die()
                await anyio.sleep_forever()
        return CallToolResult(content=[TextContent(text=str((params.arguments or {}).get("text")))])
