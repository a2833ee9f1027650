"""The opening of the backend in the background."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import pytest

from batonmcp.core.caller import Caller
from batonmcp.core.errors import BatonError
from batonmcp.core.events import Emit
from batonmcp.host.backend import Backend
from batonmcp.host.opening import Opening
from batonmcp.stages.task import Task
from doubles.asking import AskingBackend

pytestmark = pytest.mark.anyio

TIME_S = 5.0


async def nothing(_task: Task, _listen: Emit, _caller: Caller) -> str:
    """Do a run at once."""
    return "done"


async def attend(_backend: Backend) -> None:
    """Attend until cancelled."""
    await anyio.sleep_forever()


async def test_it_is_opened_when_it_may_begin() -> None:
    """Whoever waits for the backend gets it once it is open; at the stop it is closed, and there is none any more."""
    backend, seen = AskingBackend(nothing), list[Backend]()
    opening = Opening(backend.open)

    async def wait() -> None:
        seen.append(await opening.backend())

    with anyio.fail_after(TIME_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(opening.keep, attend)
            tasks.start_soon(wait)
            await anyio.wait_all_tasks_blocked()
            assert seen == []
            opening.begin()
            assert await opening.backend() is backend
            assert not opening.stopping.is_set()
            opening.stop()
            assert opening.stopping.is_set()
            await opening.stopped.wait()
        assert seen == [backend]
        with pytest.raises(BatonError, match="is shutting down"):
            await opening.backend()


async def test_it_ends_when_nobody_attends_any_more() -> None:
    """The backend is closed when what attends to it is over."""

    async def look(found: Backend) -> None:
        assert await opening.backend() is found

    opening = Opening(AskingBackend(nothing).open)
    opening.begin()
    with anyio.fail_after(TIME_S):
        await opening.keep(look)
        assert opening.stopped.is_set()
        with pytest.raises(BatonError, match="is shutting down"):
            await opening.backend()


async def test_what_cannot_be_opened_says_why() -> None:
    """A sentence stands in for the backend that could not be opened, each time it is wanted."""

    @asynccontextmanager
    async def shut() -> AsyncGenerator[Backend]:
        raise BatonError(kind="unavailable", message="The door is locked.")
        yield AskingBackend(nothing)

    opening = Opening(shut)
    opening.begin()
    with anyio.fail_after(TIME_S):
        await opening.keep(attend)
        assert opening.stopped.is_set()
        for _ in range(2):
            with pytest.raises(BatonError, match="The door is locked"):
                await opening.backend()


async def test_a_stop_before_it_began_opens_nothing() -> None:
    """Who has stopped it before it began need not wait."""

    @asynccontextmanager
    async def never() -> AsyncGenerator[Backend]:
        raise AssertionError
        yield AskingBackend(nothing)

    opening = Opening(never)
    opening.stop()
    with anyio.fail_after(TIME_S):
        await opening.keep(attend)
        with pytest.raises(BatonError, match="is shutting down"):
            await opening.backend()
