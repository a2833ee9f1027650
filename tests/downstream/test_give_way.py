"""Giving way to others."""

import time

import anyio
import pytest

from batonmcp.downstream.give_way import give_way

pytestmark = pytest.mark.anyio


async def test_who_is_due_has_run_by_then() -> None:
    """A task whose time came while we were at work runs before we go on; one checkpoint is not enough for that."""
    woken = anyio.Event()

    async def sleeper() -> None:
        await anyio.sleep(0.001)
        woken.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(sleeper)
        await give_way()
        assert not woken.is_set()
        until = time.monotonic() + 0.01
        while time.monotonic() < until:
            pass
        await give_way()
        assert woken.is_set()
