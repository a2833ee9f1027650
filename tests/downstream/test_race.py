"""The race of several waits."""

import anyio
import pytest

from batonmcp.downstream.race import first_of

pytestmark = pytest.mark.anyio


async def test_first_to_be_over_ends_the_others() -> None:
    """One event is enough, whichever it is."""
    for winner in range(3):
        events = [anyio.Event() for _ in range(3)]
        with anyio.fail_after(5):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(first_of, *(event.wait for event in events))
                await anyio.lowlevel.checkpoint()
                events[winner].set()


async def test_error_of_a_wait_is_raised() -> None:
    """A wait that fails ends the race, and is not lost."""

    async def fail() -> None:
        await anyio.lowlevel.checkpoint()
        raise LookupError

    with anyio.fail_after(5), pytest.RaisesGroup(LookupError):
        await first_of(fail, anyio.sleep_forever)
