"""The fleet: the connections to all configured servers, seen as tools."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import anyio
from anyio.abc import TaskGroup
from pydantic import JsonValue

from batonmcp.config.settings import ServerSettings, Settings
from batonmcp.core.attachment import Contents
from batonmcp.core.caller import NOBODY, Caller
from batonmcp.core.errors import ErrorInfo
from batonmcp.core.outcome import Failed, Succeeded
from batonmcp.core.registry import Agent, Registry
from batonmcp.core.tool import Tool
from batonmcp.downstream.beside_tools import BesideTools
from batonmcp.downstream.call import CallTimeout, Lost, Rejected
from batonmcp.downstream.connection import Connection
from batonmcp.downstream.member import Member
from batonmcp.downstream.memory import Memory
from batonmcp.downstream.report import ServerReport
from batonmcp.downstream.turns import Turns

__all__ = ["Fleet", "open_fleet"]

_MOST_STARTING = 32


class Fleet:
    """Keeps every server connected while `open_fleet` is open. Implements `batonmcp.stages.ports.Tools`.

    Args:
        settings: Which servers there are, and the limits.
        memory: Keeps what is known of servers for the next process.
    """

    def __init__(self, settings: Settings, memory: Memory | None = None) -> None:
        self._settings = settings
        self._memory = memory
        self._turns = Turns(_MOST_STARTING)
        self._total = anyio.CapacityLimiter(settings.limits.parallel_total)
        self._members = {server.name: self._member(server) for server in settings.servers}
        self._owners: TaskGroup | None = None
        self._snapshot: tuple[Sequence[object], Registry] | None = None
        self._news = anyio.Event()

    async def keep(self) -> None:
        """Keep all connections until cancelled; one that fails leaves the others alone."""
        async with anyio.create_task_group() as self._owners:
            for member in self._members.values():
                self._start(member, self._owners)
            await anyio.sleep_forever()

    async def apply(self, settings: Settings) -> None:
        """Start, stop or restart just those servers whose entries differ; calls to the others go on.

        A run that has begun keeps the tools it was planned with. Its calls to a server that is gone fail.
        """
        before, self._settings = self._members, settings
        self._total.total_tokens = settings.limits.parallel_total
        self._members = {server.name: self._kept(before, server) or self._member(server) for server in settings.servers}
        self._tell()
        stopped = [member for name, member in before.items() if self._members.get(name) is not member]
        for member in stopped:
            member.life.cancel()
        if self._owners is None:
            return
        for member in stopped:
            await member.over.wait()  # a server that is restarted may need what the old process holds
        for name, member in self._members.items():
            if before.get(name) is not member:
                self._start(member, self._owners)

    async def registry(self, servers: Sequence[str] | None = None) -> Registry:
        """Return the registry once it is known what these servers (None: all) offer, if only from last time."""
        for name, member in list(self._members.items()):
            if servers is None or name in servers:
                await member.connection.known()
        return self._current()

    async def changed(self, known: Registry) -> Registry:
        """Return the registry once it is another one than this, and known as far as servers take to get ready."""
        while self._current() is known:
            await self._news.wait()
        with anyio.move_on_after(self._settings.limits.connect_timeout):
            return await self.registry()
        return self._current()

    async def settled(self) -> None:
        """Wait until every server is connected or has failed to."""
        for member in list(self._members.values()):
            await member.connection.settled()

    def reports(self) -> Sequence[ServerReport]:
        """Return what is known of each server, in the order of servers.json."""
        return [member.connection.report() for member in self._members.values()]

    def offered(self) -> Mapping[str, Sequence[str] | None]:
        """Return the own names of all tools that each server lists, used or not; None where that is not known."""
        catalogues = {name: member.connection.catalogue for name, member in self._members.items()}
        return {name: catalogue and catalogue.offered for name, catalogue in catalogues.items()}

    async def call(
        self, tool: Tool, arguments: dict[str, JsonValue], *, within: float, caller: Caller = NOBODY
    ) -> Succeeded | Failed:
        """Call a tool; whatever goes wrong with it is a `Failed`. The wait for a free slot counts to the time."""
        member = self._members.get(tool.server)
        if member is None:
            return _gone(tool)
        return await member.call(tool, arguments, within=within, caller=caller)

    async def read_resource(self, server: str, uri: str, *, within: float) -> Sequence[Contents] | Failed:
        """Have a server read one of its resources; whatever goes wrong with it is a `Failed`."""
        member = self._members.get(server)
        if member is None:
            return Failed(error=ErrorInfo(kind="unavailable", message=f"There is no server {server!r}."))
        return await member.read_resource(uri, within=within)

    async def beside_tools(self, *, within: float) -> Mapping[str, BesideTools]:
        """Return what the servers that are connected offer beside tools, by name; one that does not tell is missing."""
        found: dict[str, BesideTools] = {}

        async def ask(name: str, connection: Connection) -> None:
            with suppress(Lost, Rejected, CallTimeout):
                found[name] = await connection.beside_tools(within=within)

        async with anyio.create_task_group() as tasks:
            for name, member in self._members.items():
                if member.connection.catalogue is not None:
                    tasks.start_soon(ask, name, member.connection)
        return found

    def _member(self, server: ServerSettings) -> Member:
        limits = self._settings.limits
        connection = Connection(
            server,
            self._settings.effects,
            limits=limits,
            memory=self._memory,
            turns=self._turns,
            tell=self._tell,
        )
        return Member(connection=connection, slots=anyio.CapacityLimiter(limits.parallel_server), total=self._total)

    def _tell(self) -> None:
        news, self._news = self._news, anyio.Event()
        news.set()

    def _start(self, member: Member, owners: TaskGroup) -> None:
        owners.start_soon(member.keep, name=f"owner of {member.connection.settings.name}")

    def _kept(self, before: Mapping[str, Member], server: ServerSettings) -> Member | None:
        """Return the member that can go on under what servers.json now says, having told it."""
        member = before.get(server.name)
        if member is None or _way(member.connection.settings) != _way(server):
            return None
        limits = self._settings.limits
        member.slots.total_tokens = limits.parallel_server
        member.connection.adopt(server, self._settings.effects, limits)
        return member

    def _current(self) -> Registry:
        """Build a snapshot, or return the last one if nothing has changed since."""
        connections = [member.connection for member in self._members.values()]
        state = tuple(part for connection in connections for part in (connection.catalogue, connection.trouble))
        if self._snapshot is None or not _same(self._snapshot[0], state):
            agents = (
                Agent(name=connection.settings.name, title=connection.title, trouble=connection.trouble)
                for connection in connections
            )
            tools = (
                tool
                for connection in connections
                if connection.catalogue
                for tool in connection.catalogue.tools.values()
            )
            self._snapshot = state, Registry.of(agents, tools)
        return self._snapshot[1]


@asynccontextmanager
async def open_fleet(settings: Settings, memory: Memory | None = None) -> AsyncGenerator[Fleet]:
    """Connect to all servers in the background; on leaving, all connections and processes are gone."""
    fleet = Fleet(settings, memory)
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


def _way(server: ServerSettings) -> ServerSettings:
    """Return what of an entry needs a new connection when it changes."""
    return replace(server, timeout=None, untrusted=False, allow=(), deny=(), idle_timeout=None)


def _same(one: Sequence[object], other: Sequence[object]) -> bool:
    """Whether both hold the same objects: catalogues are exchanged as a whole, never changed."""
    return len(one) == len(other) and all(
        a is b or (isinstance(a, str) and a == b) for a, b in zip(one, other, strict=True)
    )


def _gone(tool: Tool) -> Failed:
    return Failed(
        error=ErrorInfo(
            kind="unavailable",
            message=f"{tool.agent} ({tool.server}) is no longer in servers.json, so {tool.qualified} was not called.",
        )
    )
