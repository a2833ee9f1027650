"""Announcing changes of the tool, to SDK clients of both eras, in a time that jumps."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
import anyio.lowlevel
import pytest
from anyio.abc import TaskGroup
from mcp import Client
from mcp.client.session import IncomingMessage
from mcp_types import ResourcesCapability, ToolListChangedNotification, ToolsCapability

from batonmcp.core.discretion import Discretion
from batonmcp.core.limits import Limits
from batonmcp.core.registry import Agent, Registry
from batonmcp.host import announce
from batonmcp.host.announce import SETTLE, SPACING
from batonmcp.host.backend import Backend
from batonmcp.host.server import Front
from builders import tool
from doubles.asking import AskingBackend
from doubles.fronts import over_http

pytestmark = pytest.mark.anyio

TIME_S = 20.0
virtual = pytest.mark.parametrize("anyio_backend", ["virtual"], indirect=True)
eras = pytest.mark.parametrize("mode", ["legacy", "auto"])


def knowing(*tools: str, trouble: str | None = None) -> Registry:
    """Return a registry of one server with these tools."""
    return Registry.of([Agent(name="a", title="a", trouble=trouble)], [tool(f"a__{name}") for name in tools])


async def never(*_arguments: object) -> str:
    """Run for ever."""
    await anyio.sleep_forever()
    return ""


class Changing(AskingBackend):
    """A backend whose servers change when the test says so."""

    def __init__(self, known: Registry) -> None:
        super().__init__(never)
        self._known = known
        self._news = anyio.Event()

    def become(self, known: Registry) -> None:
        """Change."""
        self._known = known
        news, self._news = self._news, anyio.Event()
        news.set()

    async def agents(self, *, other_than: Registry | None = None) -> Registry:
        """Return what is known."""
        while self._known is other_than:
            await self._news.wait()
        return self._known

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[Backend]:
        """Open the backend."""
        yield self


@dataclass
class Heard:
    """What a host has been told.

    Attributes:
        at: When.
        news: Set at each, and exchanged.
    """

    at: list[float] = field(default_factory=list[float])
    news: anyio.Event = field(default_factory=anyio.Event)

    def note(self) -> None:
        """Take note."""
        self.at.append(anyio.current_time())
        news, self.news = self.news, anyio.Event()
        news.set()

    async def hear(self, message: IncomingMessage) -> None:
        """Hear what comes without being asked for."""
        if isinstance(message, ToolListChangedNotification):
            self.note()

    async def listen(self, host: Client) -> None:
        """Ask for it, as hosts of the newer era do."""
        async with host.listen(tools_list_changed=True) as changes:
            async for _ in changes:
                self.note()


def front_of(backend: Changing, *, shared: bool = False) -> Front:
    """Return a server in front."""
    return Front(backend.open, agents=["a"], limits=Limits(), shared=shared)


async def listed(host: Client) -> str:
    """Return the line about the servers that a host lists."""
    (found,) = (await host.list_tools()).tools
    (line,) = (line for line in (found.description or "").splitlines() if line.startswith("Behind it: "))
    return line.removeprefix("Behind it: ")


@asynccontextmanager
async def listening(front: Front, mode: str, heard: Heard) -> AsyncGenerator[Client]:
    """Connect a host that has listed the tool, and hears of its changes in the way of its era."""
    hear = heard.hear if mode == "legacy" else None  # the SDK's client shows what it listens to there as well
    async with Client(front.server, mode=mode, cache=None, message_handler=hear) as host:
        assert await listed(host) == "a."
        async with anyio.create_task_group() as tasks:
            if mode != "legacy":
                await _begin_to_listen(tasks, host, heard)
            yield host
            tasks.cancel_scope.cancel()


async def _begin_to_listen(tasks: TaskGroup, host: Client, heard: Heard) -> None:
    tasks.start_soon(heard.listen, host)
    await anyio.wait_all_tasks_blocked()


@virtual
@eras
async def test_a_change_is_heard_once(mode: str) -> None:
    """What the servers offer is announced when it is known, and each change after it; the list then says it."""
    backend, heard = Changing(knowing("x")), Heard()
    with anyio.fail_after(600):
        async with listening(front_of(backend), mode, heard) as host:
            await heard.news.wait()
            assert await listed(host) == "a (1 tool)."
            backend.become(knowing("x", "y"))
            await heard.news.wait()
            assert await listed(host) == "a (2 tools)."
            await anyio.sleep(100)
    assert len(heard.at) == 2


@virtual
@eras
async def test_nothing_is_said_of_what_changes_no_word(mode: str) -> None:
    """Other tools, a trouble that leaves tools, the same again: the text is the same, and nobody hears of it."""
    backend, heard = Changing(knowing("x")), Heard()
    with anyio.fail_after(600):
        async with listening(front_of(backend), mode, heard) as host:
            await heard.news.wait()
            for same in (knowing("y"), knowing("x", trouble="a is slow."), knowing("x")):
                backend.become(same)
                await anyio.sleep(60)
            assert await listed(host) == "a (1 tool)."
    assert len(heard.at) == 1


@virtual
@eras
async def test_a_storm_of_changes_is_a_breeze(mode: str) -> None:
    """Servers that come and go all the time are announced once in ten seconds at most, and in the end as they are."""
    backend, heard = Changing(knowing("x")), Heard()
    with anyio.fail_after(600):
        async with listening(front_of(backend), mode, heard) as host:
            for number in range(400):
                backend.become(knowing(*(f"t{n}" for n in range(number % 7 + 1))))
                await anyio.sleep(0.1)
            backend.become(knowing("x", "y", "z"))
            await anyio.sleep(SETTLE + SPACING)
            assert await listed(host) == "a (3 tools)."
    assert 3 <= len(heard.at) <= 6
    assert all(later - earlier >= SPACING - 0.01 for earlier, later in zip(heard.at, heard.at[1:], strict=False))


@virtual
@eras
async def test_a_change_that_is_taken_back_is_not_announced(mode: str) -> None:
    """A server that goes for a moment is not missed: a change has to settle."""
    backend, heard = Changing(knowing("x")), Heard()
    with anyio.fail_after(600):
        async with listening(front_of(backend), mode, heard):
            await heard.news.wait()
            await anyio.sleep(60)
            backend.become(knowing(trouble="a ended."))
            await anyio.sleep(SETTLE / 2)
            backend.become(knowing("x"))
            await anyio.sleep(60)
    assert len(heard.at) == 1


@eras
async def test_no_secret_is_announced(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that gives itself a secret of ours for a name does not have it shown to hosts."""
    monkeypatch.setattr(announce, "SETTLE", 0.05)
    monkeypatch.setattr(announce, "SPACING", 0.05)
    backend, heard = Changing(knowing("x")), Heard()
    front = Front(backend.open, agents=["a"], limits=Limits(), discretion=Discretion(["canary-0123456789"]))
    with anyio.fail_after(TIME_S):
        async with listening(front, mode, heard) as host:
            backend.become(Registry.of([Agent(name="a", title="canary-0123456789")], [tool("a__x")]))
            while (line := await listed(host)) in {"a.", "a (1 tool)."}:
                await anyio.lowlevel.checkpoint()
    assert line.startswith('a "')
    assert "canary" not in line


@eras
async def test_what_is_announced_is_declared(mode: str) -> None:
    """Changes of tools are, and nothing of resources is; over HTTP it is the same."""
    front, shared = front_of(Changing(knowing("x"))), front_of(Changing(knowing("x")), shared=True)
    with anyio.fail_after(TIME_S):
        async with Client(front.server, mode=mode) as host:
            declared = [host.server_capabilities]
        async with over_http(shared) as url, Client(url, mode=mode) as host:
            declared.append(host.server_capabilities)
    assert [can.tools for can in declared] == [ToolsCapability(list_changed=True)] * 2
    assert [can.resources for can in declared] == [ResourcesCapability(subscribe=False, list_changed=False)] * 2


async def test_all_hosts_hear_of_it_over_http(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of both eras is told, those that have gone and those that do not listen do no harm."""
    monkeypatch.setattr(announce, "SETTLE", 0.05)
    monkeypatch.setattr(announce, "SPACING", 0.05)
    backend = Changing(knowing("x"))
    legacy, modern = Heard(), Heard()
    with anyio.fail_after(TIME_S):
        async with over_http(front_of(backend, shared=True)) as url:
            async with Client(url, mode="legacy") as gone:
                await gone.list_tools()
            async with (
                Client(url, mode="legacy", message_handler=legacy.hear) as old,
                Client(url, cache=None) as new,
                Client(url, mode="legacy") as deaf,
                anyio.create_task_group() as tasks,
            ):
                for host in (old, new, deaf):
                    await host.list_tools()
                tasks.start_soon(modern.listen, new)
                while "1 tool" not in await listed(new):
                    await anyio.lowlevel.checkpoint()
                heard = legacy.news, modern.news
                backend.become(knowing("x", "y"))
                for news in heard:
                    await news.wait()
                assert [await listed(host) for host in (old, new, deaf)] == ["a (2 tools)."] * 3
                tasks.cancel_scope.cancel()
