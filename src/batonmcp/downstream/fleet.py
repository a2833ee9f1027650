"""The fleet: the connections to all configured servers, seen as tools."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import anyio
from pydantic import JsonValue

from batonmcp.config.settings import Settings
from batonmcp.core.caller import NOBODY, Caller
from batonmcp.core.errors import ErrorInfo
from batonmcp.core.outcome import Failed, Succeeded
from batonmcp.core.registry import Agent, Registry
from batonmcp.core.tool import Tool
from batonmcp.downstream.call import CallTimeout, Lost, Rejected
from batonmcp.downstream.connection import Connection
from batonmcp.downstream.result import read_result

__all__ = ["Fleet", "open_fleet"]


class Fleet:
    """Keeps every server connected while `open_fleet` is open. Implements `batonmcp.stages.ports.Tools`."""

    def __init__(self, settings: Settings) -> None:
        self._connections = {
            server.name: Connection(server, settings.effects, connect_timeout=settings.limits.connect_timeout)
            for server in settings.servers
        }
        limits = settings.limits
        self._total = anyio.CapacityLimiter(limits.parallel_total)
        self._slots = {name: anyio.CapacityLimiter(limits.parallel_server) for name in self._connections}
        self._snapshot: tuple[object, Registry] | None = None

    async def keep(self) -> None:
        """Keep all connections until cancelled; one that fails leaves the others alone."""
        async with anyio.create_task_group() as owners:
            for connection in self._connections.values():
                owners.start_soon(connection.keep, name=f"owner of {connection.settings.name}")

    async def registry(self, servers: Sequence[str] | None = None) -> Registry:
        """Return the registry once these servers (None: all) are up or have failed to come up."""
        for name, connection in self._connections.items():
            if servers is None or name in servers:
                await connection.settled()
        return self._current()

    async def call(
        self, tool: Tool, arguments: dict[str, JsonValue], *, within: float, caller: Caller = NOBODY
    ) -> Succeeded | Failed:
        """Call a tool; whatever goes wrong with it is a `Failed`. The wait for a free slot counts to the time."""
        del caller
        within = self._connections[tool.server].settings.timeout or within
        async with AsyncExitStack() as slots:
            with anyio.move_on_after(within) as waiting:
                await slots.enter_async_context(self._slots[tool.server])
                await slots.enter_async_context(self._total)
            if waiting.cancelled_caught:
                return _busy(tool, within)
            left = waiting.deadline - anyio.current_time()
            return await self._call(tool, arguments, within=within, left=left)

    async def _call(
        self, tool: Tool, arguments: dict[str, JsonValue], *, within: float, left: float
    ) -> Succeeded | Failed:
        may_change = tool.effect.kind != "read"
        try:
            return read_result(await self._connections[tool.server].call(tool.name, arguments, within=left))
        except Lost as lost:
            error = ErrorInfo(
                kind="unavailable", message=str(lost), cure="" if lost.sent else "Nothing was sent to it."
            )
            return Failed(error=error, unsure=lost.sent and may_change, again="if harmless" if lost.sent else "always")
        except Rejected as rejected:
            error = ErrorInfo(kind="protocol_error", message=str(rejected))
            again = "if harmless" if rejected.unsure else "never"
            return Failed(error=error, unsure=rejected.unsure and may_change, again=again)
        except CallTimeout:
            error = ErrorInfo(
                kind="timeout",
                message=f"{tool.agent} did not answer within {within:g} s.",
                cure=f'If it needs longer, raise "timeout" of {tool.server} in servers.json.',
            )
            return Failed(error=error, unsure=may_change)

    def _current(self) -> Registry:
        """Build a snapshot, or return the last one if nothing has changed since."""
        connections = self._connections.values()
        state = tuple(part for connection in connections for part in (connection.catalogue, connection.trouble))
        if self._snapshot is None or self._snapshot[0] != state:
            agents = (
                Agent(
                    name=connection.settings.name,
                    title=connection.catalogue.title if connection.catalogue else connection.settings.name,
                    trouble=connection.trouble,
                )
                for connection in connections
            )
            tools = (tool for connection in connections if connection.catalogue for tool in connection.catalogue.tools)
            self._snapshot = state, Registry.of(agents, tools)
        return self._snapshot[1]


@asynccontextmanager
async def open_fleet(settings: Settings) -> AsyncGenerator[Fleet]:
    """Connect to all servers in the background; on leaving, all connections and processes are gone."""
    fleet = Fleet(settings)
    failure: Exception | None = None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(fleet.keep)
        try:
            yield fleet
        except Exception as error:  # noqa: BLE001 - not handled, but kept out of the group that it would be wrapped in
            failure = error
        tasks.cancel_scope.cancel()
    if failure:
        raise failure


def _busy(tool: Tool, within: float) -> Failed:
    return Failed(
        error=ErrorInfo(
            kind="busy",
            message=f"{tool.agent} was busy with other calls for {within:g} s, so {tool.qualified} was not called.",
            cure='If it can do more at a time, raise "parallel_server" or "parallel_total" under "limits".',
        ),
    )
