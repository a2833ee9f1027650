"""The connection to one server, kept by one task."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import cast

import anyio
from anyio.abc import TaskGroup
from mcp import Client, MCPError
from mcp.client._transport import TransportStreams
from mcp_types import CONNECTION_CLOSED, UNSUPPORTED_PROTOCOL_VERSION, CallToolResult, Implementation
from pydantic import JsonValue, ValidationError

from batonmcp import __version__
from batonmcp.config.settings import HttpServer, ServerSettings, StdioServer
from batonmcp.core.effect import EffectKind
from batonmcp.downstream.catalogue import Catalogue, list_catalogue
from batonmcp.downstream.http import HttpExchange, http_transport
from batonmcp.downstream.stdio import ServerProcess, stdio_transport
from batonmcp.downstream.trouble import Evidence, explain

__all__ = ["CallTimeout", "Connection", "Lost", "Rejected"]

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 60.0
_MOMENT = 3.0
_ABOUT_US = Implementation(name="batonmcp", version=__version__)
_CALL_ERRORS = (
    MCPError,
    OSError,
    RuntimeError,
    ValidationError,
    ValueError,
    anyio.BrokenResourceError,
    anyio.ClosedResourceError,
)


class Lost(Exception):
    """There is no connection, or it went away under a call. `sent` tells whether the call may have arrived."""

    def __init__(self, trouble: str, *, sent: bool) -> None:
        super().__init__(trouble)
        self.sent = sent


class CallTimeout(Exception):
    """The server did not answer in time."""


class Rejected(Exception):
    """The server answered a call with a protocol error, or with something that is no result."""


@dataclass(slots=True, eq=False)
class _Call:
    """A call that runs in the connection's task; whoever made it can leave at any time."""

    name: str
    arguments: dict[str, JsonValue]
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    done: anyio.Event = field(default_factory=anyio.Event)
    result: CallToolResult | None = None
    error: Exception | None = None

    async def perform(self, client: Client) -> None:
        with self.scope:
            try:
                self.result = await client.call_tool(self.name, self.arguments)
            except _CALL_ERRORS as error:
                self.error = error
            finally:
                self.done.set()


@dataclass(frozen=True, slots=True)
class _Up:
    client: Client
    catalogue: Catalogue
    calls: TaskGroup


@dataclass(frozen=True, slots=True)
class _Down:
    trouble: str


class Connection:
    """Connects to a server, and again whenever it has gone; tells what it offers and passes calls on.

    All the work is done in the task that runs `keep`. Calls from other tasks are handed to it, so that a caller who
    gives up, or a write that never ends, leaves the connection and its other calls alone.
    """

    def __init__(self, settings: ServerSettings, effects: Mapping[str, EffectKind], *, connect_timeout: float) -> None:
        self.settings = settings
        self._effects = effects
        self._connect_timeout = connect_timeout
        self._mode = _first_mode(settings)
        self._state: _Up | _Down | None = _Down(settings.trouble) if settings.trouble else None
        self._changed = anyio.Event()

    @property
    def catalogue(self) -> Catalogue | None:
        """What the server offers, while it is connected."""
        return self._state.catalogue if isinstance(self._state, _Up) else None

    @property
    def trouble(self) -> str | None:
        """Why it is not connected, or what is wrong although it is."""
        match self._state:
            case _Up(catalogue=catalogue):
                return catalogue.trouble
            case _Down(trouble=trouble):
                return trouble
            case None:
                return f"{self.settings.name} is still starting."

    async def settled(self) -> None:
        """Wait until the server is connected, or has failed to."""
        while self._state is None:
            await self._changed.wait()

    async def keep(self) -> None:
        """Stay connected until cancelled. Pauses between failed attempts double, up to a minute."""
        pause = _FIRST_PAUSE
        while self.settings.transport is not None:
            evidence = Evidence(settings=self.settings, connect_timeout=self._connect_timeout)
            try:
                await self._live(evidence)
            except Exception as error:  # noqa: BLE001 - a seam: whatever a server or its transport raises ends this connection only
                evidence.error = _innermost(error)
            if self._wants_other_era(evidence.error):
                self._mode = "auto"  # at once, in a fresh process
                continue
            self._become(_Down(explain(evidence)))
            pause = _FIRST_PAUSE if evidence.was_ready else min(pause * 2, _LONGEST_PAUSE)
            await anyio.sleep(pause)

    async def call(self, name: str, arguments: dict[str, JsonValue], *, within: float) -> CallToolResult:
        """Call a tool by its name on the server.

        Raises:
            Lost: There is no connection, or it ended under the call.
            CallTimeout: No answer came within so many seconds.
            Rejected: The answer was a protocol error or no result.
        """
        call = _Call(name, arguments)
        sent = False
        try:
            with anyio.move_on_after(within):
                await self.settled()
                if isinstance(self._state, _Up):
                    self._state.calls.start_soon(call.perform, self._state.client, name=name)
                    sent = True
                    await call.done.wait()
        finally:
            call.scope.cancel()
        if call.result is not None:
            return call.result
        if sent and not call.done.is_set():
            raise CallTimeout
        gone = isinstance(call.error, MCPError) and call.error.code == CONNECTION_CLOSED
        if call.error is not None and not gone:
            raise Rejected(str(call.error)) from call.error
        if sent:
            await self._down()
        raise Lost(self.trouble or f"{self.settings.name} has gone away.", sent=sent)

    async def _live(self, evidence: Evidence) -> None:
        """Connect, say so, and pass calls on until the connection ends."""
        transport = self._transport(evidence)
        with anyio.move_on_after(self._connect_timeout) as connecting:
            async with (
                Client(transport, mode=self._mode, client_info=_ABOUT_US, cache=None) as client,
                anyio.create_task_group() as calls,
            ):
                client.session.validate_tool_result = _accept
                catalogue = await list_catalogue(client, self.settings, self._effects)
                connecting.deadline = float("inf")
                evidence.was_ready = True
                self._become(_Up(client, catalogue, calls))
                try:
                    await _ended(evidence)
                finally:
                    self._become(_Down(f"{self.settings.name} has just gone away."))
                calls.cancel_scope.cancel()
        if connecting.cancelled_caught:
            raise TimeoutError

    def _transport(self, evidence: Evidence) -> AbstractAsyncContextManager[TransportStreams]:
        match self.settings.transport:
            case StdioServer() as server:
                evidence.process = ServerProcess()
                return stdio_transport(server, evidence.process)
            case HttpServer() as server:
                evidence.exchange = HttpExchange()
                return http_transport(server, evidence.exchange)
            case None:
                raise LookupError(self.settings.name)

    def _wants_other_era(self, error: BaseException | None) -> bool:
        refused = isinstance(error, MCPError) and error.code == UNSUPPORTED_PROTOCOL_VERSION
        return refused and self._mode == "legacy" and self.settings.protocol == "auto"

    async def _down(self) -> None:
        """Give the owner task a moment to find out why the connection went."""
        with anyio.move_on_after(_MOMENT):
            while not isinstance(self._state, _Down) or self._state.trouble.endswith("just gone away."):
                await self._changed.wait()

    def _become(self, state: _Up | _Down) -> None:
        self._state = state
        changed, self._changed = self._changed, anyio.Event()
        changed.set()


def _first_mode(settings: ServerSettings) -> str:
    """Choose the era to try first.

    Over stdio that is the older one: servers built on early SDKs die of the newer one's first request. HTTP servers
    answer an unknown request with an error, so there the SDK may find out.
    """
    match settings.protocol:
        case "legacy":
            return "legacy"
        case "modern":
            return "auto"
        case "auto":
            return "legacy" if isinstance(settings.transport, StdioServer) else "auto"


async def _ended(evidence: Evidence) -> None:
    """Wait for the end of a process's output. An HTTP connection has none: its transport raises when it fails."""
    if evidence.process:
        await evidence.process.closed.wait()
    else:
        await anyio.sleep_forever()


async def _accept(name: str, result: CallToolResult) -> None:
    """Take a result that breaks its tool's output schema: the SDK would throw its content away."""


def _innermost(error: BaseException) -> BaseException:
    """Return the first real error in what task groups have wrapped."""
    while isinstance(error, BaseExceptionGroup):
        error = cast("BaseExceptionGroup[BaseException]", error).exceptions[0]
    return error
