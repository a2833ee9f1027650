"""Rows in which time matters, by a clock that jumps: servers are in this process, so all is instant and exact."""

import errno
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from itertools import pairwise

import anyio
import pytest

from batonmcp.core.limits import Limits
from batonmcp.downstream.call import CallTimeout, Lost
from batonmcp.downstream.connection import Connection
from doubles.in_process import InProcess, in_process

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", ["virtual"], indirect=True)]

HOUR = 3600.0


@asynccontextmanager
async def kept(servers: InProcess, *, idle_timeout: float | None = None) -> AsyncGenerator[Connection]:
    """Keep a connection to servers in this process."""
    settings = in_process(idle_timeout=idle_timeout)
    connection = Connection(settings, {}, limits=Limits(), open_transport=servers.open)
    async with anyio.create_task_group() as owner:
        owner.start_soon(connection.keep)
        yield connection
        owner.cancel_scope.cancel()


def pauses(servers: InProcess) -> list[float]:
    """Return how long it was from one opening to the next."""
    return [later - earlier for earlier, later in pairwise(servers.openings)]


async def test_d03_the_time_to_get_ready_is_exact() -> None:
    """A server that takes longer than it has is given up at that moment."""
    servers = InProcess(starts_in=21.0)
    async with kept(servers) as connection:
        await connection.settled()
        assert anyio.current_time() - servers.openings[0] == pytest.approx(20.0, abs=0.1)
        assert connection.trouble


async def test_d04_starts_slowly() -> None:
    """A call that waits for it is answered as soon as it is ready."""
    servers = InProcess(starts_in=15.0)
    async with kept(servers) as connection:
        began = anyio.current_time()
        await connection.call("echo", {"text": "x"}, within=20)
        assert anyio.current_time() - began == pytest.approx(15.0, abs=0.5)


async def test_d09_pauses_grow_up_to_a_minute() -> None:
    """A server that cannot be started is tried after half a second, then ever more rarely, and never given up."""
    servers = InProcess(refuse=10**6)
    async with kept(servers):
        await anyio.sleep(HOUR)
        found = pauses(servers)
        assert found[0] <= 1.0
        assert all(later >= earlier * 0.8 for earlier, later in pairwise(found))
        assert max(found) <= 60 * 1.2
        assert 55 <= len(servers.openings) <= 75


async def test_d09_impatience_changes_nothing() -> None:
    """Callers who ask all the time do not shorten the pauses."""
    servers = InProcess(refuse=10**6)
    async with kept(servers) as connection:
        with anyio.move_on_after(60):
            while True:
                with pytest.raises((Lost, CallTimeout)):
                    await connection.call("echo", {}, within=0.5)
                await anyio.sleep(0.1)
        assert len(servers.openings) <= 9


async def test_d09_comes_back_after_an_hour() -> None:
    """A server that was away for long is there again a minute after it can be started."""
    servers = InProcess(refuse=10**6)
    async with kept(servers) as connection:
        await anyio.sleep(HOUR)
        servers.refuse = 0
        await anyio.sleep(75)
        assert servers.alive
        await connection.call("echo", {"text": "x"}, within=1)
        servers.die()
        since = anyio.current_time()
        await connection.call("echo", {"text": "x"}, within=10)
        assert anyio.current_time() - since <= 1.0  # it has lasted, so the pauses begin anew


async def test_d10_breaker() -> None:
    """After three calls without an answer calls fail at once; then one tries, and what answers is used again."""
    servers = InProcess(hangs=True)
    async with kept(servers) as connection:
        for _ in range(3):
            with pytest.raises(CallTimeout):
                await connection.call("echo", {}, within=2)
        began = anyio.current_time()
        with pytest.raises(Lost) as lost:
            await connection.call("echo", {}, within=30)
        assert anyio.current_time() == began
        assert not lost.value.sent
        await anyio.sleep(1)  # for the last cancel to arrive
        assert len(servers.calls) == servers.cancelled == 3
        servers.hangs = False
        await anyio.sleep(61)
        await connection.call("echo", {"text": "x"}, within=1)
        await connection.call("echo", {"text": "x"}, within=1)


async def test_d45_waits_within_its_time() -> None:
    """A call's time is exact, and it is cancelled at the server."""
    servers = InProcess()
    async with kept(servers) as connection:
        await connection.settled()
        began = anyio.current_time()
        with pytest.raises(CallTimeout):
            await connection.call("hang", {}, within=7.5)
        assert anyio.current_time() - began == pytest.approx(7.5, abs=0.01)
        await anyio.sleep(1)
        assert servers.cancelled == 1


async def test_o07_no_process_can_be_started() -> None:
    """The system's word for it is told, and it is tried again."""
    error = BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
    await _raises(error, "Resource temporarily unavailable")


async def test_o11_a_connection_raises() -> None:
    """An error that nobody expects ends that connection, says so, and leaves the caller alone."""
    await _raises(ZeroDivisionError("by zero"), "by zero")


async def test_o12_an_owner_breaks() -> None:
    """The same for a whole group of errors: its task goes on, and tries again."""
    await _raises(ExceptionGroup("several", [LookupError("first"), TypeError("second")]), "first")


async def _raises(error: Exception, said: str) -> None:
    """Check that an opening that raises is told, and that the next one works."""
    servers = InProcess(refuse=1, error=error)
    async with kept(servers) as connection:
        await connection.settled()
        assert said in (connection.trouble or "")
        await anyio.sleep(5)
        await connection.call("echo", {"text": "x"}, within=1)


async def test_o04_time_jumps() -> None:
    """After an hour in which nothing ran, a call that was under way ends, and the next one works."""
    servers = InProcess()
    async with kept(servers) as connection:
        await connection.settled()
        with pytest.raises(CallTimeout):
            await connection.call("hang", {}, within=30)
        await anyio.sleep(HOUR)
        await connection.call("echo", {"text": "x"}, within=1)
        assert len(servers.openings) == 1


async def test_d08_idle_servers_rest() -> None:
    """One that is not used for its time is ended, and started again by the next call."""
    servers = InProcess()
    async with kept(servers, idle_timeout=60.0) as connection:
        await connection.settled()
        await anyio.sleep(61)
        assert not servers.alive
        await connection.call("echo", {"text": "x"}, within=5)
        assert len(servers.openings) == 2
