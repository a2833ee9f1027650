"""A member of the fleet: slots, and what comes of calls, over a server in the same process."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import pytest
from pydantic import JsonValue

from batonmcp.core.caller import NOBODY
from batonmcp.core.limits import Limits
from batonmcp.core.outcome import Failed, Succeeded
from batonmcp.downstream.connection import Connection
from batonmcp.downstream.member import Member
from doubles.downstream import evil

pytestmark = pytest.mark.anyio

TIME_S = 25.0


@asynccontextmanager
async def kept(token: str, *, slots: int = 4, total: int = 4) -> AsyncGenerator[Member]:
    """Keep a member until it is known; at the end its life is over."""
    member = Member(
        connection=Connection(evil("ok", token), {}, limits=Limits()),
        slots=anyio.CapacityLimiter(slots),
        total=anyio.CapacityLimiter(total),
    )
    with anyio.fail_after(TIME_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(member.keep)
            await member.connection.settled()
            yield member
            member.life.cancel()
            await member.over.wait()


async def called(member: Member, name: str, within: float = 10, **arguments: JsonValue) -> Succeeded | Failed:
    """Call a tool by its own name."""
    assert member.connection.catalogue
    return await member.call(member.connection.catalogue.tools[name], arguments, within=within, caller=NOBODY)


async def test_what_comes_of_calls(token: str) -> None:
    """A result and an error of the tool are outcomes, a call without an answer one, too; each gives its slot back."""
    async with kept(token, slots=1, total=1) as member:
        assert await called(member, "echo", text="hé") == Succeeded(value="hé")
        failed = await called(member, "fail", message="No.")
        assert isinstance(failed, Failed)
        assert failed.error.message == "No."
        late = await called(member, "slow", within=0.1, seconds=20)
        assert isinstance(late, Failed)
        assert (late.error.kind, late.unsure) == ("timeout", False)
        assert member.slots.borrowed_tokens == member.total.borrowed_tokens == 0


@pytest.mark.parametrize(("slots", "total"), [(1, 4), (4, 1)], ids=["its own", "of all"])
async def test_a_call_that_gets_no_slot(slots: int, total: int, token: str) -> None:
    """It is not made, and says so; nothing of it stays behind."""
    async with kept(token, slots=slots, total=total) as member:
        limiter = member.slots if slots == 1 else member.total
        limiter.acquire_on_behalf_of_nowait("another call")
        busy = await called(member, "echo", within=0.05, text="x")
        assert isinstance(busy, Failed)
        assert busy.error.kind == "busy"
        assert (member.slots.borrowed_tokens, member.total.borrowed_tokens) in {(1, 0), (0, 1)}
        limiter.release_on_behalf_of("another call")
        assert await called(member, "echo", text="x") == Succeeded(value="x")


async def test_after_its_life(token: str) -> None:
    """Calls and reads fail at once: nothing was sent."""
    async with kept(token) as member:
        assert member.connection.catalogue
        echo = member.connection.catalogue.tools["echo"]
    outcome = await member.call(echo, {"text": "x"}, within=10, caller=NOBODY)
    assert isinstance(outcome, Failed)
    assert (outcome.error.kind, outcome.error.cure) == ("unavailable", "Nothing was sent to it.")
    read = await member.read_resource("a:b", within=10)
    assert isinstance(read, Failed)
    assert read.error.kind == "unavailable"
