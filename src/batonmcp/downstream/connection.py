"""The connection to one server, kept by one task."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import cast

import anyio
from anyio.abc import TaskGroup
from mcp import Client, MCPError
from mcp.client._transport import TransportStreams
from mcp_types import UNSUPPORTED_PROTOCOL_VERSION, CallToolResult, Implementation
from pydantic import JsonValue

from batonmcp import __version__
from batonmcp.config.settings import HttpServer, ServerSettings, StdioServer
from batonmcp.core.effect import EffectKind
from batonmcp.downstream.call import Call, CallTimeout, Lost, rejected
from batonmcp.downstream.catalogue import Catalogue, list_catalogue
from batonmcp.downstream.http import HttpExchange, http_transport
from batonmcp.downstream.leniency import lenient
from batonmcp.downstream.notes import Notes
from batonmcp.downstream.stdio import ServerProcess, stdio_transport
from batonmcp.downstream.trouble import Evidence, explain

__all__ = ["Connection"]

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 60.0
_STEADY = 10.0
_MOMENT = 3.0
_BEAT = 0.1
_ABOUT_US = Implementation(name="batonmcp", version=__version__)


@dataclass(frozen=True, slots=True)
class _Up:
    client: Client
    catalogue: Catalogue
    calls: TaskGroup
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class _Connecting:
    """On the way up: for the first time, or again, then with what it offered and why it went once that is known."""

    catalogue: Catalogue | None = None
    trouble: str | None = None


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
        self._state: _Connecting | _Up | _Down = _Down(settings.trouble) if settings.trouble else _Connecting()
        self._changed = anyio.Event()

    @property
    def catalogue(self) -> Catalogue | None:
        """What the server offers; while it is connected again, what it offered before."""
        return None if isinstance(self._state, _Down) else self._state.catalogue

    @property
    def trouble(self) -> str | None:
        """Why it is not connected, or what is wrong although it is."""
        match self._state:
            case _Up(catalogue=catalogue):
                return catalogue.trouble
            case _Down(trouble=trouble):
                return trouble
            case _Connecting(trouble=trouble):
                return trouble or f"{self.settings.name} is still starting."

    async def settled(self) -> None:
        """Wait until the server is connected, or has failed to, or will only be tried again after a while."""
        while isinstance(self._state, _Connecting):
            await self._changed.wait()

    async def keep(self) -> None:
        """Stay connected until cancelled.

        Pauses before the next attempt double, up to a minute, until a connection has lasted: a server that dies as soon
        as it is used must not be started in a loop.
        """
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
            trouble = explain(evidence)
            pause = _FIRST_PAUSE if evidence.lasted > _STEADY else pause
            soon = evidence.was_ready and pause < _MOMENT
            self._become(_Connecting(self.catalogue, trouble) if soon else _Down(trouble))
            await anyio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def call(self, name: str, arguments: dict[str, JsonValue], *, within: float) -> CallToolResult:
        """Call a tool by its name on the server.

        Raises:
            Lost: There is no connection, or it ended under the call.
            CallTimeout: No answer came within so many seconds.
            Rejected: The answer was an error of the protocol, or no result.
        """
        call = Call(name, arguments)
        up: _Up | None = None
        try:
            with anyio.move_on_after(within):
                await self.settled()
                if isinstance(self._state, _Up):
                    up = self._state
                    up.calls.start_soon(call.perform, up.client, name=name)
                    await call.done.wait()
        finally:
            call.scope.cancel()
        if up is None:
            raise Lost(self._reason(), sent=False)
        if call.result is not None:
            return call.result
        if not call.done.is_set():
            if up.evidence.process:
                up.evidence.process.give_up(patience=within / 2)
            raise CallTimeout
        if (call.cut_off or up.evidence.forgotten) and await self._is_over(up):
            raise Lost(self._reason(), sent=call.cut_off)
        raise rejected(call.error, up.evidence, up.catalogue.title)

    def _reason(self) -> str:
        return self.trouble or f"{self.settings.name} had gone away, and is back."

    async def _is_over(self, up: _Up) -> bool:
        """Give the owner task a moment to find out that a connection has gone, and why; tell whether it has."""
        with anyio.move_on_after(_MOMENT):
            while self._state is up or (isinstance(self._state, _Connecting) and self._state.trouble is None):
                await self._changed.wait()
        return self._state is not up

    async def _live(self, evidence: Evidence) -> None:
        """Connect, say so, and pass calls on until the connection ends."""
        notes = Notes()
        transport = lenient(self._transport(evidence), notes)
        with anyio.move_on_after(self._connect_timeout) as connecting:
            async with (
                Client(transport, mode=self._mode, client_info=_ABOUT_US, cache=None) as client,
                anyio.create_task_group() as calls,
            ):
                client.session.validate_tool_result = _accept
                catalogue = await list_catalogue(client, self.settings, self._effects, notes.left_out)
                connecting.deadline = float("inf")
                evidence.was_ready = True
                self._become(_Up(client, catalogue, calls, evidence))
                since = anyio.current_time()
                try:
                    await _ended(evidence)
                finally:
                    evidence.lasted = anyio.current_time() - since
                    self._become(_Connecting(catalogue))
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

    def _become(self, state: _Connecting | _Up | _Down) -> None:
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
    """Wait until a process has gone, or an HTTP server has forgotten us. When it has gone, the transport raises."""
    if evidence.process:
        await evidence.process.closed.wait()
    elif evidence.exchange:
        await evidence.exchange.forgotten.wait()
        await anyio.sleep(_BEAT)  # for the refused call to hear of it, which then is known not to have run


async def _accept(name: str, result: CallToolResult) -> None:
    """Take a result that breaks its tool's output schema: the SDK would throw its content away."""


def _innermost(error: BaseException) -> BaseException:
    """Return the first real error in what task groups have wrapped."""
    while isinstance(error, BaseExceptionGroup):
        error = cast("BaseExceptionGroup[BaseException]", error).exceptions[0]
    return error
