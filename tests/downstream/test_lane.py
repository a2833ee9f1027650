"""The lane of calls to one server: what whoever waits for one gets."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, cast

import anyio
import pytest
from mcp import Client, MCPError
from mcp.shared.dispatcher import ProgressFnT
from mcp_types import CONNECTION_CLOSED, INTERNAL_ERROR

from batonmcp.config.settings import ServerSettings
from batonmcp.core.caller import NOBODY
from batonmcp.downstream.call import Call, CallTimeout, Changed, Lost, Rejected, Send
from batonmcp.downstream.deadline import Deadline
from batonmcp.downstream.lane import Lane
from batonmcp.downstream.memory import Forgetful
from batonmcp.downstream.offer import Offer
from batonmcp.downstream.phase import Down, Up
from batonmcp.downstream.standing import Standing
from batonmcp.downstream.traffic import Traffic
from batonmcp.downstream.trouble import Evidence

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", ["virtual"], indirect=True)]

TIME_S = 60.0
SETTINGS = ServerSettings(name="w", transport=None)


@asynccontextmanager
async def opened() -> AsyncGenerator[tuple[Lane, Standing]]:
    """Open a lane to a connection that is up; what calls send goes nowhere."""
    offer = Offer(SETTINGS, {}, Forgetful())
    evidence = Evidence(settings=SETTINGS, connect_timeout=1, max_bytes=1_000)
    with anyio.fail_after(TIME_S):
        async with anyio.create_task_group() as calls:
            phase = Up(client=cast("Client", None), calls=calls, evidence=evidence, over=anyio.Event())
            standing = Standing(phase, offer, lambda: None)
            yield Lane(standing, Traffic(lambda: None), offer), standing


def call(send: Send[str], *, within: float = 10.0) -> Call[str]:
    """Return a call that is waited for so long."""
    return Call(send, NOBODY, Deadline(within))


def ending(outcome: str | Exception) -> Send[str]:
    """Return a request that is answered, or fails."""

    async def send(_client: Any, _progressed: ProgressFnT) -> str:  # noqa: ANN401 - there is no client
        await anyio.lowlevel.checkpoint()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return send


async def test_a_result_comes_back() -> None:
    """Each caller gets what its own call came to."""
    async with opened() as (lane, _):
        for word in ("one", "two"):
            assert await lane.make(call(ending(word)), 10) == word


@pytest.mark.parametrize(
    ("error", "raised", "says"),
    [
        (Changed("w no longer offers it."), Changed, "w no longer offers it."),
        (MCPError(code=INTERNAL_ERROR, message="out of order"), Rejected, "w answered: .*out of order"),
        (ValueError("no number"), Rejected, "w answered with something that is no result"),
    ],
    ids=["changed", "error", "no result"],
)
async def test_what_stands_for_a_result(error: Exception, raised: type[Exception], says: str) -> None:
    """An error of the protocol, what is no result, and a tool that has changed are told apart."""
    async with opened() as (lane, _):
        with pytest.raises(raised, match=says):
            await lane.make(call(ending(error)), 10)
        assert await lane.make(call(ending("still here")), 10) == "still here"


async def test_no_answer_in_time() -> None:
    """The request is given up; others go on."""
    given_up = anyio.Event()

    async def send(_client: Any, _progressed: ProgressFnT) -> str:  # noqa: ANN401 - there is no client
        try:
            await anyio.sleep_forever()
        finally:
            given_up.set()
        raise AssertionError

    async with opened() as (lane, _):
        with pytest.raises(CallTimeout):
            await lane.make(call(send, within=5), 5)
        await given_up.wait()


async def test_a_connection_that_goes_under_a_call() -> None:
    """The caller is told why, and that the call may have arrived; the next one that it has not."""
    gone = MCPError(code=CONNECTION_CLOSED, message="Connection closed")
    async with opened() as (lane, standing), anyio.create_task_group() as tasks:

        async def notice() -> None:
            await anyio.sleep(1)
            standing.become(Down("w ended."))

        tasks.start_soon(notice)
        for sent in (True, False):
            with pytest.raises(Lost, match=r"w ended\.") as lost:
                await lane.make(call(ending(gone)), 10)
            assert lost.value.sent is sent
