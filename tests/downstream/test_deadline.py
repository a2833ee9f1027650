"""A deadline that stands still while it is held, in virtual time."""

import anyio
import pytest
from trio.testing import MockClock

from batonmcp.downstream.deadline import Deadline

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, MockClock]]:
    """A clock that jumps to the next deadline when nothing else is left to do."""
    return "trio", {"clock": MockClock(autojump_threshold=0)}


async def test_it_ends_the_scope() -> None:
    """Held by nobody, it is a timeout like any other."""
    began, deadline = anyio.current_time(), Deadline(10)
    with deadline.scope:
        await anyio.sleep_forever()
    assert anyio.current_time() - began == pytest.approx(10)


async def test_time_in_which_it_is_held_does_not_count() -> None:
    """After an hour of thinking what was left before is left."""
    began, deadline = anyio.current_time(), Deadline(10)
    with deadline.scope:
        await anyio.sleep(4)
        with deadline.held():
            await anyio.sleep(3_600)
        await anyio.sleep_forever()
    assert anyio.current_time() - began == pytest.approx(3_610)


async def test_several_may_hold_it() -> None:
    """It goes on when the last has let go; overlapping times count once, and other tasks may hold it."""
    began, deadline = anyio.current_time(), Deadline(10)

    async def hold(at: float, seconds: float) -> None:
        await anyio.sleep(at)
        with deadline.held():
            await anyio.sleep(seconds)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(hold, 1, 50)
        tasks.start_soon(hold, 20, 80)
        with deadline.scope:
            await anyio.sleep_forever()
        assert anyio.current_time() - began == pytest.approx(109)


async def test_what_is_left() -> None:
    """Time passes while nobody holds it, stands still while somebody does, and is never less than nothing."""
    deadline = Deadline(10)
    assert deadline.left() == pytest.approx(10)
    await anyio.sleep(4)
    assert deadline.left() == pytest.approx(6)
    with deadline.held():
        await anyio.sleep(50)
        assert deadline.left() == pytest.approx(6)
        with deadline.held():
            await anyio.sleep(50)
        assert deadline.left() == pytest.approx(6)
    assert deadline.left() == pytest.approx(6)
    await anyio.sleep(100)
    assert deadline.left() == 0
    with deadline.held():
        assert deadline.left() == 0
