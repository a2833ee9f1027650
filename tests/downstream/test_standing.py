"""Where a connection stands, for those who wait for it."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

import anyio
import pytest

from batonmcp.config.settings import ServerSettings
from batonmcp.downstream.catalogue import Catalogue
from batonmcp.downstream.memory import Forgetful
from batonmcp.downstream.offer import Offer
from batonmcp.downstream.phase import Connecting, Down, Idle, Phase, Up
from batonmcp.downstream.standing import Standing

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", ["virtual"], indirect=True)]

TIME_S = 60.0
UNUSED = cast("Any", None)
"""A part of a connection that nobody here uses."""


def up() -> Up:
    """Return the phase of a connection, which no call goes through."""
    return Up(client=UNUSED, calls=UNUSED, evidence=UNUSED, over=UNUSED)


def standing(phase: Phase, *, tell: Callable[[], None] = lambda: None, catalogue: Catalogue | None = None) -> Standing:
    """Return where the connection to the server `w` stands."""
    offer = Offer(ServerSettings(name="w", transport=None), {}, Forgetful())
    offer.catalogue = catalogue
    return Standing(phase, offer, tell)


async def ends_at(place: Standing, waiting: Callable[[], Awaitable[object]], *phases: Phase) -> None:
    """Have somebody wait, who goes on at the last of these phases and not before."""
    over = anyio.Event()

    async def wait() -> None:
        await waiting()
        over.set()

    with anyio.fail_after(TIME_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait)
            for phase in phases:
                await anyio.wait_all_tasks_blocked()
                assert not over.is_set()
                place.become(phase)
            await over.wait()


OFFER = Catalogue(title="Weather", tools={}, trouble="Weather (w) repeats itself.")


@pytest.mark.parametrize(
    ("phase", "catalogue", "trouble"),
    [
        (Connecting(), None, "w is still starting."),
        (Connecting(), OFFER, "Weather (w) repeats itself."),
        (Connecting("w ended."), OFFER, "w ended."),
        (Down("w is gone."), OFFER, "w is gone."),
        (Idle(), OFFER, "Weather (w) repeats itself."),
        (up(), OFFER, "Weather (w) repeats itself."),
    ],
    ids=["first", "known", "again", "down", "idle", "up"],
)
async def test_what_is_said_of_a_phase(phase: Phase, catalogue: Catalogue | None, trouble: str) -> None:
    """Why there is no connection, else what is wrong with the offer, which is not there while a server is down."""
    place = standing(phase, catalogue=catalogue)
    assert place.trouble == trouble
    assert place.catalogue is (None if isinstance(phase, Down) else catalogue)
    assert place.reason == trouble


async def test_a_connection_that_came_back_meanwhile() -> None:
    """A call that lost its connection is told that there is another."""
    assert standing(up()).reason == "w is back."


async def test_who_waits_is_woken_in_time() -> None:
    """Each wait ends with the phase that it is for, and whoever is told hears of every change."""
    told: list[None] = []
    place = standing(Connecting(), tell=lambda: told.append(None))
    await ends_at(place, place.settled, Connecting("w ended."), Down("w is gone."))
    place.become(Idle())
    await ends_at(place, place.wanted, Idle(), Connecting())
    await ends_at(place, place.known, Connecting(), up())
    assert len(told) == 7


async def test_a_call_starts_what_is_idle() -> None:
    """It goes on with the connection, or learns that there is none."""
    place, connection = standing(Idle()), up()
    await ends_at(place, place.ready, connection)
    assert await place.ready() is connection
    place.become(Down("w is gone."))
    assert await place.ready() is None


async def test_a_connection_is_over_once_it_is_known_why() -> None:
    """Whoever lost it waits a moment for the owner to say so; one that stays is not over."""
    connection = up()
    place = standing(connection)
    await ends_at(place, lambda: place.is_over(connection), Connecting(), Connecting("w ended."))
    assert await place.is_over(connection)
    place.become(connection)
    with anyio.fail_after(TIME_S):
        assert not await place.is_over(connection)
