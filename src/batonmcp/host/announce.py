"""Announcing to hosts of both eras that the tool is described in other words now."""

from collections.abc import Awaitable, Callable
from typing import Any, Generic, Protocol, TypeVar

import anyio
from mcp.server.connection import Connection
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import NotificationOptions, Server
from mcp.server.models import InitializationOptions
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ToolsListChanged
from mcp_types import ResourcesCapability, ServerCapabilities, Tool
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from batonmcp.core.registry import Registry

__all__ = ["Announcer", "AnnouncingServer", "Look"]

SETTLE = 1.0
"""Seconds that a change has to settle: servers come and go together, and one announcement is enough."""

SPACING = 10.0
"""Shortest time in seconds between two announcements: a host may read the list again after each."""

_TELLING = 1.0
_MOST_LISTENING = 256

_State = TypeVar("_State")


class Look(Protocol):
    """Looks at what is known of the servers."""

    def __call__(self, *, other_than: Registry | None = None) -> Awaitable[Registry]:
        """Return it, once it is something else than this."""
        ...


class Announcer:
    """Keeps the tool as hosts have been told of it.

    A host of the older era that has listed the tool is notified on its connection; one of the newer era on the stream
    for which it has asked. Nobody hears of a change that leaves the words of the tool as they are.

    Args:
        tool: How it is described at first.

    Attributes:
        tool: How it is described now.
        listen: Answers `subscriptions/listen`.
    """

    def __init__(self, tool: Tool) -> None:
        self.tool = tool
        self._bus = InMemorySubscriptionBus()
        self.listen = ListenHandler(self._bus, max_subscriptions=_MOST_LISTENING)
        self._connections: set[Connection] = set()

    def listed_by(self, context: ServerRequestContext[Any]) -> None:
        """Take note of a host that has the list now, until its connection ends."""
        if context.protocol_version in MODERN_PROTOCOL_VERSIONS:
            return
        # The SDK means handlers to push their cleanup on the connection, but gives them no other way to it.
        connection = context.session._connection  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
        if connection not in self._connections:
            self._connections.add(connection)
            connection.exit_stack.callback(self._connections.discard, connection)

    async def follow(self, look: Look, describe: Callable[[Registry], Tool]) -> None:
        """Describe the tool anew whenever the servers have changed, until cancelled."""
        registry: Registry | None = None
        while True:
            await look(other_than=registry)
            await anyio.sleep(SETTLE)
            registry = await look()
            tool = describe(registry)
            if tool != self.tool:
                self.tool = tool
                await self._tell()
                await anyio.sleep(SPACING - SETTLE)

    async def _tell(self) -> None:
        await self._bus.publish(ToolsListChanged())
        async with anyio.create_task_group() as tasks:
            for connection in self._connections:
                tasks.start_soon(_tell, connection)


async def _tell(connection: Connection) -> None:
    with anyio.move_on_after(_TELLING):  # one who does not read must not keep it from the others
        await connection.send_tool_list_changed()


class AnnouncingServer(Server[_State], Generic[_State]):
    """The SDK's server, saying in both eras what it announces: changes of its tools, and nothing of its resources."""

    def create_initialization_options(
        self,
        notification_options: NotificationOptions | None = None,
        experimental_capabilities: dict[str, dict[str, Any]] | None = None,
        extensions: dict[str, dict[str, Any]] | None = None,
    ) -> InitializationOptions:
        """Return them; over HTTP the SDK asks for them without saying what is announced."""
        announced = notification_options or NotificationOptions(tools_changed=True)
        return super().create_initialization_options(announced, experimental_capabilities, extensions)

    def get_capabilities(
        self,
        notification_options: NotificationOptions | None = None,
        experimental_capabilities: dict[str, dict[str, Any]] | None = None,
        extensions: dict[str, dict[str, Any]] | None = None,
        *,
        protocol_version: str | None = None,
    ) -> ServerCapabilities:
        """Return them; in the newer era the SDK takes it that whoever announces one thing announces everything."""
        found = super().get_capabilities(
            notification_options, experimental_capabilities, extensions, protocol_version=protocol_version
        )
        found.prompts = None  # there are none; who asks all the same gets an empty list
        if found.resources:
            found.resources = ResourcesCapability(subscribe=False, list_changed=False)
        return found
