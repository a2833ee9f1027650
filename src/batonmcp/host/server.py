"""The MCP server in front of a backend."""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import anyio
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.lowlevel import Server
from mcp_types import CallToolRequestParams, CallToolResult, ListToolsResult, PaginatedRequestParams

from batonmcp import __version__
from batonmcp.core.errors import BatonError
from batonmcp.core.events import Emit
from batonmcp.core.limits import Limits
from batonmcp.core.record import RunRecord
from batonmcp.host.arguments import read_task
from batonmcp.host.progress import reporting
from batonmcp.host.reply import reply, reply_error
from batonmcp.host.tool import TOOL_NAME, orchestrate_tool
from batonmcp.stages.task import Task

__all__ = ["Backend", "Front", "OpenBackend"]

_log = logging.getLogger(__name__)

Backend = Callable[[Task, Emit], Awaitable[RunRecord]]
"""Runs a task; events go to the listener."""

OpenBackend = Callable[[], AbstractAsyncContextManager[Backend]]
"""Opens the backend. Importing and connecting happen inside, so a host's first request need not wait for them."""


class Front:
    """One tool, answered at once about itself and, when called, by the backend.

    The backend is opened in the background after the first request is answered: hosts give a server little time for
    that one.
    """

    def __init__(self, open_backend: OpenBackend, *, agents: Sequence[str], limits: Limits, read_only: bool) -> None:
        self._open_backend = open_backend
        self._limits = limits
        self._tool = orchestrate_tool(agents, read_only=read_only)
        self._answered = anyio.Event()
        self._opened = anyio.Event()
        self._backend: Backend | None = None
        self._unavailable = BatonError(kind="unavailable", message="batonmcp is shutting down.")
        self._stop = anyio.CancelScope()
        self.stopping = anyio.Event()
        self.stopped = anyio.Event()
        self.server: Server[None] = Server(
            "batonmcp",
            version=__version__,
            title="batonmcp",
            instructions="One tool, orchestrate: it does a whole task over all configured MCP servers in one call.",
            lifespan=self._lifespan,
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
        )
        self.server.middleware.append(self._note_first_answer)

    def stop(self) -> None:
        """Begin to close the backend: `stopping` is set now, `stopped` when it has gone."""
        self._stop.cancel()
        self.stopping.set()

    @asynccontextmanager
    async def _lifespan(self, _server: Server[None]) -> AsyncGenerator[None]:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._keep_backend)
            try:
                yield
            finally:
                self.stop()

    async def _keep_backend(self) -> None:
        try:
            with self._stop:
                await self._answered.wait()
                async with self._open_backend() as backend:
                    self._backend = backend
                    self._opened.set()
                    try:
                        await anyio.sleep_forever()
                    finally:
                        self._backend = None
        except BatonError as error:
            self._unavailable = error  # for a host a sentence in each call is better than a server that goes away
        finally:
            self._opened.set()
            self.stopped.set()

    async def _note_first_answer(self, ctx: ServerRequestContext[None], call_next: CallNext) -> HandlerResult:
        try:
            return await call_next(ctx)
        finally:
            self._answered.set()

    async def _list_tools(
        self, _context: ServerRequestContext[None], _params: PaginatedRequestParams | None
    ) -> ListToolsResult:
        return ListToolsResult(tools=[self._tool])

    async def _call_tool(self, context: ServerRequestContext[None], params: CallToolRequestParams) -> CallToolResult:
        if params.name != TOOL_NAME:
            return reply_error(f"There is no tool {params.name!r} here; the only one is {TOOL_NAME!r}.")
        try:
            task = read_task(params.arguments, self._limits)
            return reply(await self._run(task, context), task.output)
        except BatonError as error:
            return reply_error(str(error))
        except Exception:  # noqa: BLE001 - a seam: a fault of ours costs this call, not the host's connection
            _log.exception("a run failed by a fault of batonmcp itself")
            return reply_error(
                "batonmcp failed by a fault of its own; the log has the details. Other calls still work."
            )

    async def _run(self, task: Task, context: ServerRequestContext[None]) -> RunRecord:
        await self._opened.wait()
        if self._backend is None:
            raise self._unavailable
        async with reporting(context.session.report_progress) as listen:
            return await self._backend(task, listen)
