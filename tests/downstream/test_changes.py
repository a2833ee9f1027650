"""The changes of a server's list of tools."""

from typing import Any

import anyio
import pytest
from mcp import Client, MCPError
from mcp.server.lowlevel import Server
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler
from mcp.shared.subscriptions import ToolsListChanged
from mcp_types import LoggingMessageNotification, LoggingMessageNotificationParams, ToolListChangedNotification

from batonmcp.downstream.changes import Changes

TIME_S = 10.0
CHANGED = ToolListChangedNotification()


class Refreshed:
    """Counts how often a list was read again, and fails the first so many times."""

    def __init__(self, *, failing: int = 0) -> None:
        self.times: list[float] = []
        self.read = anyio.Event()
        self._failing = failing

    async def __call__(self) -> None:
        """Read it."""
        self.times.append(anyio.current_time())
        self.read.set()
        if len(self.times) <= self._failing:
            raise MCPError(-32603, "not now")


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["virtual"], indirect=True)
async def test_storm_is_read_now_and_then_once_more() -> None:
    """The first of many changes is read at once, the last state once more five seconds later, and that is all."""
    changes, refreshed = Changes(), Refreshed()
    began = anyio.current_time()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(changes.follow, refreshed)
        for _ in range(1_000):
            await changes.hear(CHANGED)
            await anyio.sleep(0.001)
        await anyio.sleep(60)
        tasks.cancel_scope.cancel()
    assert [round(time - began) for time in refreshed.times] == [0, 5]


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["virtual"], indirect=True)
async def test_list_that_cannot_be_read_is_tried_after_the_next_change() -> None:
    """A failure ends neither the connection nor the attention to later changes; other notifications are none of it."""
    changes, refreshed = Changes(), Refreshed(failing=1)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(changes.follow, refreshed)
        await changes.hear(LoggingMessageNotification(params=LoggingMessageNotificationParams(level="info", data="x")))
        await anyio.sleep(10)
        assert not refreshed.times
        await changes.hear(CHANGED)
        await anyio.sleep(10)
        await changes.hear(CHANGED)
        await anyio.sleep(10)
        tasks.cancel_scope.cancel()
    assert len(refreshed.times) == 2


@pytest.mark.anyio
async def test_newer_era_is_subscribed_to() -> None:
    """A change that a server of the newer era publishes is heard of."""
    bus = InMemorySubscriptionBus()
    listening = ListenHandler(bus)
    server: Server[Any] = Server("changing", on_subscriptions_listen=listening)
    changes, refreshed = Changes(), Refreshed()
    with anyio.fail_after(TIME_S):
        async with Client(server, mode="auto", cache=None) as client, anyio.create_task_group() as tasks:
            tasks.start_soon(changes.listen, client)
            tasks.start_soon(changes.follow, refreshed)
            await anyio.wait_all_tasks_blocked()
            await bus.publish(ToolsListChanged())
            await refreshed.read.wait()
            tasks.cancel_scope.cancel()


@pytest.mark.anyio
@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_server_that_cannot_be_subscribed_to_is_left_alone(mode: str) -> None:
    """The older era has no subscriptions, and not every server of the newer one has."""
    with anyio.fail_after(TIME_S):
        async with Client(Server("still"), mode=mode, cache=None) as client:
            await Changes().listen(client)
