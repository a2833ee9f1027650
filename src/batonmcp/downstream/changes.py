"""The changes of a server's list of tools: heard of in both eras, and read again not too often."""

from collections.abc import Awaitable, Callable
from contextlib import suppress

import anyio
from mcp import Client, MCPError
from mcp.client.session import IncomingMessage
from mcp.client.subscriptions import ListenNotSupportedError, SubscriptionLost
from mcp_types import ToolListChangedNotification
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import ValidationError

__all__ = ["Changes"]

_SPACING = 5.0
_LISTEN_AGAIN = 30.0
_REFUSALS = (ListenNotSupportedError, MCPError, TimeoutError)


class Changes:
    """Hears that a list has changed, and has it read again.

    Servers send the notification whether they declared it or not, so it is never asked for. A first change is read at
    once, the next ones at most once in five seconds, however many there are: the last state is what counts.
    """

    def __init__(self) -> None:
        self._heard = anyio.Event()

    async def hear(self, message: IncomingMessage) -> None:
        """Take any notification of the older era's stream."""
        if isinstance(message, ToolListChangedNotification):
            self._heard.set()

    async def listen(self, client: Client) -> None:
        """Subscribe in the newer era, and again after the stream was lost, unless the server does not offer it."""
        while client.protocol_version in MODERN_PROTOCOL_VERSIONS:
            try:
                async with client.listen(tools_list_changed=True) as changes:
                    async for _ in changes:
                        self._heard.set()
            except _REFUSALS:
                return
            except SubscriptionLost:
                self._heard.set()  # what happened meanwhile is not told again
            await anyio.sleep(_LISTEN_AGAIN)

    async def follow(self, refresh: Callable[[], Awaitable[None]]) -> None:
        """Call `refresh` after changes, until cancelled. A list that cannot be read leaves the old one in place."""
        while True:
            await self._heard.wait()
            self._heard = anyio.Event()
            with suppress(MCPError, ValidationError, RuntimeError, OSError):
                await refresh()
            await anyio.sleep(_SPACING)
