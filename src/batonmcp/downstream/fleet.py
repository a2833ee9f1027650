"""The fleet: the connections to all configured servers, seen as tools."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import anyio
from pydantic import JsonValue

from batonmcp.config.settings import Settings
from batonmcp.core.errors import ErrorInfo
from batonmcp.core.outcome import Failed, Succeeded
from batonmcp.core.registry import Agent, Registry
from batonmcp.core.tool import Tool
from batonmcp.downstream.connection import CallTimeout, Connection, Lost, Rejected
from batonmcp.downstream.result import read_result

__all__ = ["Fleet", "open_fleet"]


class Fleet:
    """Keeps every server connected while `open_fleet` is open. Implements `batonmcp.stages.ports.Tools`."""

    def __init__(self, settings: Settings) -> None:
        self._connections = {
            server.name: Connection(server, settings.effects, connect_timeout=settings.limits.connect_timeout)
            for server in settings.servers
        }
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

    async def call(self, tool: Tool, arguments: dict[str, JsonValue], *, within: float) -> Succeeded | Failed:
        """Call a tool; whatever goes wrong with it is a `Failed`. Nothing is tried twice."""
        connection = self._connections[tool.server]
        within = connection.settings.timeout or within
        may_change = tool.effect.kind != "read"
        try:
            return read_result(await connection.call(tool.name, arguments, within=within))
        except Lost as lost:
            cure = "" if lost.sent else "Nothing was sent to it."
            return _failed("unavailable", str(lost), cure, unsure=lost.sent and may_change)
        except Rejected as rejected:
            return _failed("protocol_error", f"{tool.agent} answered: {rejected}.", "", unsure=False)
        except CallTimeout:
            message = f"{tool.agent} did not answer within {within:g} s."
            cure = f'If it needs longer, raise "timeout" of {tool.server} in servers.json.'
            return _failed("timeout", message, cure, unsure=may_change)

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
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(fleet.keep)
        yield fleet
        tasks.cancel_scope.cancel()


def _failed(kind: str, message: str, cure: str, *, unsure: bool) -> Failed:
    return Failed(error=ErrorInfo(kind=kind, message=message, cure=cure), unsure=unsure)
