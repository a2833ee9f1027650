"""The MCP server in front of a backend."""

import logging
import secrets
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any, Final, Protocol, cast

import anyio
import anyio.to_thread
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.shared.exceptions import MCPError
from mcp_types import (
    CallToolRequestParams,
    CallToolResult,
    InputRequiredResult,
    ListToolsResult,
    PaginatedRequestParams,
    Tool,
)
from pydantic import JsonValue

from batonmcp import __version__
from batonmcp.config.lineage import why_not_served
from batonmcp.core.attachment import Contents
from batonmcp.core.caller import Caller
from batonmcp.core.discretion import Discretion
from batonmcp.core.errors import BatonError
from batonmcp.core.events import Emit
from batonmcp.core.limits import Limits
from batonmcp.core.outcome import Failed
from batonmcp.core.record import RunRecord
from batonmcp.core.registry import Registry
from batonmcp.host.announce import Announcer, AnnouncingServer
from batonmcp.host.arguments import read_task
from batonmcp.host.attached import attached
from batonmcp.host.guest import Guest
from batonmcp.host.library import Library
from batonmcp.host.progress import reporting
from batonmcp.host.reply import reply, reply_error
from batonmcp.host.run import Run
from batonmcp.host.runs import PATIENCE, Runs, open_runs
from batonmcp.host.tool import TOOL_NAME, AgentLine, Profile, lines_of, orchestrate_tool
from batonmcp.host.whence import chain_of, principal_of
from batonmcp.stages.task import Task

__all__ = ["Backend", "Front", "OpenBackend"]

_log = logging.getLogger(__name__)

_NAME: Final = "batonmcp"
_STATE_LIVES_LONGER = 60.0
_ANSWERED_BY_SERVERS: Final = frozenset({"tools/call", "tools/list", "resources/list", "resources/read"})
"""Requests whose answers hold words of theirs."""
_UNKNOWN_STATE: Final = (
    "Nothing was run: these answers belong to no run that waits for answers. It may have had them already, or have "
    f"been cancelled because they did not come within {PATIENCE:g} s. Call {TOOL_NAME} anew, without a request state."
)


class Backend(Protocol):
    """What is behind the server: it does the work."""

    async def run(self, task: Task, listen: Emit, caller: Caller) -> RunRecord:
        """Run a task; events go to the listener, questions of servers to the caller."""
        ...

    async def read_resource(self, server: str, uri: str) -> Sequence[Contents] | Failed:
        """Have a server read one of its resources."""
        ...

    async def agents(self, *, other_than: Registry | None = None) -> Registry:
        """Return what is known of the servers, once it is something else than this."""
        ...


OpenBackend = Callable[[], AbstractAsyncContextManager[Backend]]
"""Opens the backend. Importing and connecting happen inside, so a host's first request need not wait for them."""


class Front:
    """One tool, answered at once about itself and, when called, by the backend.

    The backend is opened in the background after the first request is answered: hosts give a server little time for
    that one.
    """

    def __init__(  # noqa: PLR0913 - what a server is told
        self,
        open_backend: OpenBackend,
        *,
        discretion: Discretion | None = None,
        agents: Sequence[str],
        limits: Limits,
        read_only: bool,
        patience: float = PATIENCE,
        shared: bool = False,
    ) -> None:
        self._open_backend = open_backend
        self._discretion = discretion or Discretion()
        self._patience = patience
        self._shared = shared
        self._principal = secrets.token_hex(8)  # one host for as long as the process lives, unless it is shared
        self._library = Library(self._read_behind, shared=shared)
        self._limits = limits
        self._profile: Profile = "read_only" if read_only else "ask"
        self._announcer = Announcer(self._described([AgentLine(name=name) for name in agents]))
        self._answered = anyio.Event()
        if shared:
            self._answered.set()  # nobody has started us and waits
        self._opened = anyio.Event()
        self._backend: Backend | None = None
        self._unavailable = BatonError(kind="unavailable", message="batonmcp is shutting down.")
        self._stop = anyio.CancelScope()
        self.stopping = anyio.Event()
        self.stopped = anyio.Event()
        self.server: AnnouncingServer[Runs] = AnnouncingServer(
            _NAME,
            version=__version__,
            title="batonmcp",
            instructions="One tool, orchestrate: it does a whole task over all configured MCP servers in one call.",
            lifespan=self._lifespan,
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
            on_list_resources=self._library.list,
            on_read_resource=self._library.read,
            on_subscriptions_listen=self._announcer.listen,
        )
        security = RequestStateSecurity.ephemeral(ttl=patience + _STATE_LIVES_LONGER)
        sealing = RequestStateBoundary(security, default_audience=_NAME)
        self.server.middleware += [self._note_first_answer, _explain_wrong_state, sealing, self._leave_secrets_out]

    def stop(self) -> None:
        """Begin to close the backend: `stopping` is set now, `stopped` when it has gone."""
        self._stop.cancel()
        self.stopping.set()

    @asynccontextmanager
    async def _lifespan(self, _server: Server[Runs]) -> AsyncGenerator[Runs]:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._keep_backend)
            try:
                async with open_runs(patience=self._patience) as runs:
                    yield runs
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
                        await self._announcer.follow(backend.agents, lambda known: self._described(lines_of(known)))
                    finally:
                        self._backend = None
        except BatonError as error:
            self._unavailable = error  # for a host a sentence in each call is better than a server that goes away
        finally:
            self._opened.set()
            self.stopped.set()

    async def _note_first_answer(self, ctx: ServerRequestContext[Runs], call_next: CallNext) -> HandlerResult:
        try:
            return await call_next(ctx)
        finally:
            self._answered.set()

    async def _leave_secrets_out(self, ctx: ServerRequestContext[Runs], call_next: CallNext) -> HandlerResult:
        """Answer without secrets, whatever servers have said; in a thread, as an answer may be large."""
        if ctx.method not in _ANSWERED_BY_SERVERS or not self._discretion.redaction.spellings:
            return await call_next(ctx)
        try:
            result = await call_next(ctx)
        except MCPError as error:
            said, data = self._discretion.text(error.error.message), self._discretion.value(error.error.data)
            raise MCPError(code=error.error.code, message=said, data=data) from None
        shown = await anyio.to_thread.run_sync(self._discretion.value, cast("JsonValue", result))  # it is as it is sent
        return shown if isinstance(shown, dict) else result

    async def _list_tools(
        self, context: ServerRequestContext[Runs], _params: PaginatedRequestParams | None
    ) -> ListToolsResult:
        self._announcer.listed_by(context)
        return ListToolsResult(tools=[self._announcer.tool])

    def _described(self, agents: Sequence[AgentLine]) -> Tool:
        return orchestrate_tool(agents, profile=self._profile, approvals_by_host=False)

    async def _call_tool(
        self, context: ServerRequestContext[Runs], params: CallToolRequestParams
    ) -> CallToolResult | InputRequiredResult:
        if params.name != TOOL_NAME:
            return reply_error(f"There is no tool {params.name!r} here; the only one is {TOOL_NAME!r}.")
        chain = chain_of(context)
        if refusal := why_not_served(chain):
            return reply_error(refusal)
        principal = principal_of(context) if self._shared else self._principal
        runs = context.lifespan_context
        if params.request_state is not None:
            run = runs.resume(params.request_state, principal=None if self._shared else principal)
            if run is None:
                return reply_error(_UNKNOWN_STATE)
        else:
            try:
                task = read_task(params.arguments, self._limits)
            except BatonError as error:
                return reply_error(str(error))
            run = runs.start(partial(self._answer, task, chain), principal=principal)
        return await runs.attend(run, Guest(context), params.input_responses)

    async def _answer(self, task: Task, chain: tuple[str, ...], run: Run) -> CallToolResult:
        try:
            backend = await self._behind()
            async with reporting(partial(self._report, run)) as listen:
                record = await backend.run(task, listen, replace(self._discretion.caller(run.caller), chain=chain))
            return reply(record, task.output, attached(record, self._library.of_a_run()))
        except BatonError as error:
            return reply_error(str(error))
        except Exception:  # noqa: BLE001 - a seam: a fault of ours costs this call, not the host's connection
            _log.exception("a run failed by a fault of batonmcp itself")
            return reply_error(
                "batonmcp failed by a fault of its own; the log has the details. Other calls still work."
            )

    async def _report(self, run: Run, progress: float, total: float | None, message: str) -> None:
        await run.report(progress, total, self._discretion.text(message))

    async def _read_behind(self, server: str, uri: str) -> Sequence[Contents] | Failed:
        return await (await self._behind()).read_resource(server, uri)

    async def _behind(self) -> Backend:
        await self._opened.wait()
        if self._backend is None:
            raise self._unavailable
        return self._backend


async def _explain_wrong_state(ctx: ServerRequestContext[Any], call_next: CallNext) -> HandlerResult:
    """Answer a state that is not ours, or was given for other arguments, like one that we know no more."""
    try:
        return await call_next(ctx)
    except MCPError as error:
        if ctx.method == "tools/call" and error.error.data == {"reason": "invalid_request_state"}:
            return reply_error(_UNKNOWN_STATE)
        raise
