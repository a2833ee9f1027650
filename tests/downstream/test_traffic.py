"""The traffic with one server."""

import anyio
import pytest
from mcp import Client, MCPError
from mcp.shared.dispatcher import ProgressFnT
from mcp_types import CallToolResult

from batonmcp.downstream.call import Call, Lost
from batonmcp.downstream.deadline import Deadline
from batonmcp.downstream.traffic import Traffic

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", ["virtual"], indirect=True)]


async def never(_client: Client, _progressed: ProgressFnT) -> CallToolResult:
    """Have no answer."""
    await anyio.sleep_forever()
    raise AssertionError


class Wedged:
    """Counts how often a server was said to be wedged."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        """Take note."""
        self.times += 1


async def miss(traffic: Traffic, seconds: float = 2.0) -> None:
    """Make a call that has no answer in so many seconds."""
    call = Call(never, clock=Deadline(seconds))
    with call.clock.scope, traffic.carrying(call, "Slow"):
        await call.done.wait()


async def answer(traffic: Traffic, error: Exception | None = None) -> None:
    """Make a call that is answered."""
    call = Call(never)
    with traffic.carrying(call, "Slow"):
        call.result, call.error = (None, error) if error else (CallToolResult(content=[]), None)


async def test_three_calls_without_an_answer_are_enough() -> None:
    """The next calls fail at once and are told for how long; after that one goes through, and its answer helps all."""
    wedged = Wedged()
    traffic = Traffic(wedged)
    for _ in range(3):
        assert not traffic.is_refused
        await miss(traffic)
    assert traffic.is_refused
    with pytest.raises(Lost, match=r"^Slow did not answer its last calls; it is tried again in 5 s\.$") as caught:
        await answer(traffic)
    assert not caught.value.sent
    await anyio.sleep(5)
    await answer(traffic)
    assert not traffic.is_refused
    assert wedged.times == 0


async def test_probe_without_an_answer_means_that_it_is_wedged() -> None:
    """Such a server is started again; while the probe runs, nobody else gets through."""
    wedged = Wedged()
    traffic = Traffic(wedged)
    for _ in range(3):
        await miss(traffic)
    await anyio.sleep(5)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(miss, traffic)
        await anyio.wait_all_tasks_blocked()
        with pytest.raises(Lost, match="tried again just now, by another call"):
            await answer(traffic)
    assert wedged.times == 1
    traffic.begin()
    await answer(traffic)


async def test_short_waits_and_errors_are_no_misses() -> None:
    """A caller with less than a second has not shown that a server is ill, and an error is an answer."""
    traffic = Traffic(Wedged())
    for _ in range(5):
        await miss(traffic, 0.9)
    for _ in range(2):
        await miss(traffic)
    await answer(traffic, MCPError(-32603, "no"))
    for _ in range(2):
        await miss(traffic)
    assert not traffic.is_refused


async def test_server_that_asks_for_a_rest_gets_it() -> None:
    """Calls are refused as long as the server has asked for."""
    traffic = Traffic(Wedged())
    traffic.rest(30)
    await anyio.sleep(29)
    with pytest.raises(Lost, match="in 1 s"):
        await answer(traffic)
    await anyio.sleep(1)
    await answer(traffic)


async def test_disuse_counts_from_the_end_of_the_last_call() -> None:
    """A call in flight is use; time that nobody has set is never over."""
    traffic = Traffic(Wedged())
    traffic.begin()
    seconds: list[float | None] = [None]
    began = anyio.current_time()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(miss, traffic, 25.0)
        tasks.start_soon(traffic.unused, lambda: seconds[0])
        await anyio.sleep(12)
        seconds[0] = 60
    assert anyio.current_time() - began == pytest.approx(85, abs=0.01)
