"""The MCP server in front of a backend."""

import secrets
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, cast

import anyio
import anyio.to_thread
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.shared.exceptions import MCPError
from mcp_types import ListPromptsResult, ListToolsResult, PaginatedRequestParams, Tool
from pydantic import JsonValue

from batonmcp import __version__
from batonmcp.core.attachment import Contents
from batonmcp.core.discretion import Discretion
from batonmcp.core.limits import Limits
from batonmcp.core.outcome import Failed
from batonmcp.core.policy import Policy
from batonmcp.host.announce import Announcer, AnnouncingServer
from batonmcp.host.backend import Backend, OpenBackend
from batonmcp.host.calls import UNKNOWN_STATE, Calls
from batonmcp.host.library import Library
from batonmcp.host.opening import Opening
from batonmcp.host.reply import reply_error
from batonmcp.host.runs import PATIENCE, Runs, open_runs
from batonmcp.host.tool import AgentLine, lines_of, orchestrate_tool

__all__ = ["Front"]

_NAME: Final = "batonmcp"
_STATE_LIVES_LONGER = 60.0
_ANSWERED_BY_SERVERS: Final = frozenset({"tools/call", "tools/list", "resources/list", "resources/read"})
"""Requests whose answers hold words of theirs."""


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
        policy: Policy | None = None,
        approve_command: str = "batonmcp approve",
        patience: float = PATIENCE,
        shared: bool = False,
    ) -> None:
        self._discretion = discretion or Discretion()
        self._limits = limits
        self._patience = patience
        self._policy = policy or Policy()
        self._opening = Opening(open_backend)
        if shared:
            self._opening.begin()  # nobody has started us and waits
        self.stopping, self.stopped = self._opening.stopping, self._opening.stopped
        self._library = Library(self._read_behind, shared=shared)
        calls = Calls(
            behind=self._opening.backend,
            discretion=self._discretion,
            library=self._library,
            limits=limits,
            policy=self._policy,
            command=approve_command,
            principal=None if shared else secrets.token_hex(8),  # one host for as long as the process lives
        )
        self._announcer = Announcer(self._described([AgentLine(name=name) for name in agents]))
        self.server = self._server(calls)

    def _server(self, calls: Calls) -> AnnouncingServer[Runs]:
        """Make the SDK's server out of what answers."""
        server: AnnouncingServer[Runs] = AnnouncingServer(
            _NAME,
            version=__version__,
            title="batonmcp",
            instructions="One tool, orchestrate: it does a whole task over all configured MCP servers in one call.",
            lifespan=self._lifespan,
            on_list_tools=self._list_tools,
            on_call_tool=calls.answer,
            on_list_prompts=_no_prompts,
            on_list_resources=self._library.list,
            on_list_resource_templates=self._library.templates,
            on_read_resource=self._library.read,
            on_subscriptions_listen=self._announcer.listen,
        )
        security = RequestStateSecurity.ephemeral(ttl=self._patience + _STATE_LIVES_LONGER)
        sealing = RequestStateBoundary(security, default_audience=_NAME)
        server.middleware += [self._note_first_answer, _explain_wrong_state, sealing, self._leave_secrets_out]
        return server

    def stop(self) -> None:
        """Begin to close the backend: `stopping` is set now, `stopped` when it has gone."""
        self._opening.stop()

    @asynccontextmanager
    async def _lifespan(self, _server: Server[Runs]) -> AsyncGenerator[Runs]:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._opening.keep, self._announce)
            try:
                async with open_runs(limits=self._limits, patience=self._patience) as runs:
                    yield runs
            finally:
                self.stop()

    async def _announce(self, backend: Backend) -> None:
        """Describe the tool as the servers behind it come and go."""
        await self._announcer.follow(backend.agents, lambda known: self._described(lines_of(known)))

    async def _note_first_answer(self, ctx: ServerRequestContext[Runs], call_next: CallNext) -> HandlerResult:
        try:
            return await call_next(ctx)
        finally:
            self._opening.begin()

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
        by_host = self._policy.without_elicitation == "host"
        return orchestrate_tool(agents, profile=self._policy.profile, approvals_by_host=by_host)

    async def _read_behind(self, server: str, uri: str) -> Sequence[Contents] | Failed:
        backend = await self._opening.backend()
        return await backend.read_resource(server, uri)


async def _no_prompts(_context: ServerRequestContext[Any], _params: PaginatedRequestParams | None) -> ListPromptsResult:
    """List no prompts. Some hosts ask although none are advertised."""
    return ListPromptsResult(prompts=[], ttl_ms=0, cache_scope="private")


async def _explain_wrong_state(ctx: ServerRequestContext[Any], call_next: CallNext) -> HandlerResult:
    """Answer a state that is not ours, or was given for other arguments, like one that we know no more."""
    try:
        return await call_next(ctx)
    except MCPError as error:
        if ctx.method == "tools/call" and error.error.data == {"reason": "invalid_request_state"}:
            return reply_error(UNKNOWN_STATE)
        raise
