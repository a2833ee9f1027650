"""A step of which calls began before its plan was whole."""

import itertools
from datetime import UTC, datetime

import anyio
import pytest
from pydantic import JsonValue

from batonmcp.core.caller import NOBODY
from batonmcp.core.errors import ErrorInfo
from batonmcp.core.events import StepStarted
from batonmcp.core.limits import Limits
from batonmcp.core.outcome import Cancelled, Failed, Succeeded
from batonmcp.core.prepare import Calls
from batonmcp.stages.begun import Begun
from batonmcp.stages.begun_step import BegunStep, known
from batonmcp.stages.ports import Ports
from builders import plan_of, registry, tool
from doubles.ports import Answer, InProcessTools

pytestmark = pytest.mark.anyio

TIME_S = 10.0
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TOOLS = registry(tool("a__get"))
NO = Failed(error=ErrorInfo(kind="x", message="No."))


def step(*arguments: dict[str, JsonValue] | Failed, per_item: bool = True) -> BegunStep:
    """Return a step with these calls, none of which has begun."""
    (one,) = plan_of({"steps": [{"id": "s", "tool": "a__get"}]}, TOOLS).steps
    return BegunStep(step=one, calls=Calls(arguments=arguments, per_item=per_item))


async def begin(into: BegunStep, count: int, answer: Answer = "sunny") -> None:
    """Make the next calls, to their ends."""
    ticks = itertools.count(10)
    tools = InProcessTools(TOOLS, {"a__get": answer})
    ports = Ports(tools=tools, planner="llm", llm=None, limits=Limits(), clock=lambda: next(ticks), now=lambda: NOW)
    with anyio.fail_after(TIME_S):
        for item, call in itertools.islice(list(into.rest()), count):
            into.items[item] = Begun(call, float(item))
            await into.items[item].run(ports, NOBODY)


async def test_step_with_one_call() -> None:
    """It is known once it has succeeded; a failure is for the plan to judge, but its end where nothing is judged."""
    one = step({"n": 1}, per_item=False)
    assert one.outcome is None
    await begin(one, 1)
    assert one.outcome == one.end("x") == Succeeded(value="sunny")
    assert (one.running, one.ended) == (0, 10)
    assert one.begins() == StepStarted(step_id="s", arguments=[{"n": 1}], per_item=False, at=0.0)
    other = step({"n": 1}, per_item=False)
    await begin(other, 1, NO)
    assert (other.outcome, other.end("x")) == (None, NO)


async def test_step_that_has_no_answer() -> None:
    """It is cancelled, if that is all that it comes to."""
    one = step({"n": 1}, per_item=False)
    one.items[0] = Begun(next(call for _, call in one.rest()), 0.0)
    assert (one.running, one.ended, one.outcome) == (1, None, None)
    assert one.end("the plan was not run") == Cancelled(because="the plan was not run")


async def test_items() -> None:
    """Those whose arguments are wrong are no calls; it is known once all have succeeded, and none was wrong."""
    loop = step({"n": 1}, {"n": 2})
    await begin(loop, 1)
    assert loop.outcome is None
    ended = loop.end("x")
    assert isinstance(ended, Cancelled)
    assert [item.outcome for item in ended.items or ()] == [Succeeded(value="sunny")]
    await begin(loop, 1, "rain")
    whole = loop.end("x")
    assert isinstance(whole, Succeeded)
    assert whole.value == ["sunny", "rain"]
    assert [item.arguments for item in whole.items or ()] == [{"n": 1}, {"n": 2}]
    assert loop.begins() == StepStarted(step_id="s", arguments=[{"n": 1}, {"n": 2}], per_item=True, at=0.0)
    wrong = step({"n": 1}, NO)
    await begin(wrong, 2)
    assert (list(wrong.items), wrong.outcome) == ([0], None)
    failing = step({"n": 1})
    await begin(failing, 1, NO)
    assert failing.outcome is None


async def test_loop_over_nothing_is_known_from_the_start() -> None:
    """It gives an empty list, as it does when the plan runs it."""
    nothing = step()
    assert known({"a": nothing, "b": step({"n": 1})}) == {"a": Succeeded(value=[], items=())}
