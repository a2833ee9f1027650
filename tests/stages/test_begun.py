"""A call that began before its plan was whole."""

import itertools
from datetime import UTC, datetime

import anyio
import pytest
from pydantic import JsonValue

from batonmcp.core.caller import NOBODY, Answer, Caller, Declined, Question
from batonmcp.core.early import EarlyCall
from batonmcp.core.limits import Limits
from batonmcp.core.outcome import Succeeded
from batonmcp.stages.begun import Begun
from batonmcp.stages.ports import Ports
from builders import registry, tool
from doubles.ports import Dialogue, InProcessTools

pytestmark = pytest.mark.anyio

TIME_S = 10.0
TOOLS = registry(tool("a__get"))
QUESTION = Question(server="a", agent="A", about="elicitation", params={})


def ports(tools: InProcessTools) -> Ports:
    """Return the ports of a run."""
    ticks = itertools.count(1)
    now = datetime(2026, 11, 22, tzinfo=UTC)
    return Ports(
        tools=tools, planner="llm", llm=None, limits=Limits(), clock=lambda: float(next(ticks)), now=lambda: now
    )


def begun() -> Begun:
    """Return a call that is about to begin."""
    return Begun(EarlyCall(tool=TOOLS["a__get"], arguments={"n": 1}), 0.5)


async def test_answer_comes_before_or_after_it_is_wanted() -> None:
    """It is the same, and the time is that of the answer."""
    tools = InProcessTools(TOOLS)
    call = begun()
    with anyio.fail_after(TIME_S):
        await call.run(ports(tools), NOBODY)
        assert (call.started, call.ended) == (0.5, 1.0)
        assert await call.answer(NOBODY) == await call.answer(NOBODY) == Succeeded(value={"n": 1})
    assert len(tools.calls) == 1


async def test_whoever_gives_up_stops_the_call() -> None:
    """A cancel of the step reaches the call, which runs elsewhere."""
    tools = InProcessTools(TOOLS)
    tools.hold("a__get")
    call = begun()
    with anyio.fail_after(TIME_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(call.run, ports(tools), NOBODY)
            await tools.arrived("a__get")
            with anyio.move_on_after(0):
                await call.answer(NOBODY)
    assert [one.end for one in tools.calls] == ["left"]
    assert (call.outcome, call.ended) == (None, None)


async def test_call_that_was_stopped_is_not_made() -> None:
    """It has no answer: to want one all the same is a mistake of ours, and said to be one."""
    tools = InProcessTools(TOOLS)
    call = begun()
    call.stop()
    with anyio.fail_after(TIME_S):
        await call.run(ports(tools), NOBODY)
        assert not tools.calls
        with pytest.raises(RuntimeError, match="stopped"):
            await call.answer(NOBODY)


async def test_question_of_a_stopped_call_is_declined() -> None:
    """A connection that still asks for it is not left waiting."""
    answers: list[Answer | Declined] = []

    async def talk(caller: Caller) -> JsonValue:
        connections.start_soon(ask, caller)
        return await anyio.sleep_forever()

    async def ask(caller: Caller) -> None:
        asking.set()
        answers.append(await caller.ask(QUESTION))

    asking = anyio.Event()
    call = begun()
    with anyio.fail_after(TIME_S):
        async with anyio.create_task_group() as connections:
            connections.start_soon(call.run, ports(InProcessTools(TOOLS, {"a__get": Dialogue(talk)})), NOBODY)
            await asking.wait()
            await anyio.wait_all_tasks_blocked()
            assert not answers
            call.stop()
    (answer,) = answers
    assert isinstance(answer, Declined)
    assert answer.over
