"""The turns of servers that start."""

import anyio
import anyio.lowlevel
import pytest

from batonmcp.downstream.turns import Turns

pytestmark = pytest.mark.anyio


async def test_place_is_given_back_once() -> None:
    """A second one gets in when the first gives its place back, early or by leaving, and never a third beside it."""
    turns = Turns(1)
    with anyio.fail_after(5):
        async with turns.taken() as give_back:
            give_back()
            give_back()
            async with turns.taken():
                with anyio.move_on_after(0) as waiting:
                    async with turns.taken():
                        pytest.fail("two at the same time")
                assert waiting.cancelled_caught
        async with turns.taken():
            await anyio.lowlevel.checkpoint()


async def test_place_is_given_back_when_a_start_fails() -> None:
    """An error on the way up costs nobody else a place."""
    turns = Turns(1)
    with anyio.fail_after(5):
        with pytest.raises(LookupError):
            async with turns.taken():
                raise LookupError
        async with turns.taken():
            await anyio.lowlevel.checkpoint()
