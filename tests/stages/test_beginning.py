"""The beginning of a plan: which of its calls begin, and when."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

import anyio
import pytest
from pydantic import JsonValue

from batonmcp.core.caller import NOBODY
from batonmcp.core.early import EarlyCall
from batonmcp.core.limits import Limits
from batonmcp.core.policy import Policy
from batonmcp.stages.beginning import Beginning
from batonmcp.stages.begun import Begun
from batonmcp.stages.ports import Ports
from batonmcp.stages.task import Task
from builders import registry, tool
from doubles.ports import Answer, InProcessTools

pytestmark = pytest.mark.anyio

TIME_S = 10.0
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TOOLS = registry(tool("a__get"), tool("b__list"), tool("a__put", effect="write"))


class Runner:
    """Makes calls one by one, each as the test says.

    Attributes:
        begun: What has begun.
        room: How many more may.
        beginning: What begins them.
    """

    def __init__(self, answers: Mapping[str, Answer] | None = None, *, room: int = 100, **limits: int) -> None:
        self.begun: list[Begun] = []
        self.room = room
        self._then: list[Callable[[], None]] = []
        ticks = itertools.count()
        self._ports = Ports(
            tools=InProcessTools(TOOLS, answers),
            planner="llm",
            llm=None,
            limits=replace(Limits(), **limits),
            clock=lambda: next(ticks),
            now=lambda: NOW,
            policy=Policy(),
        )
        self.beginning = Beginning(
            self._begin, self.begun, TOOLS, Task(query="q", inputs={"list": [1, 2]}), self._ports
        )

    @property
    def calls(self) -> list[tuple[str, dict[str, JsonValue]]]:
        """What has begun, in order."""
        return [(begun.call.tool.qualified, begun.call.arguments) for begun in self.begun]

    async def answer(self, number: int) -> None:
        """Have a call answered, and whoever waits for that go on."""
        with anyio.fail_after(TIME_S):
            await self.begun[number].run(self._ports, NOBODY)
        self._then[number]()

    def _begin(self, call: EarlyCall, then: Callable[[], None]) -> Begun | None:
        if len(self.begun) >= self.room:
            return None
        self.begun.append(Begun(call, 0.0))
        self._then.append(then)
        return self.begun[-1]


def step(name: str, tool: str, arguments: JsonValue = None, **more: JsonValue) -> JsonValue:
    """Return a step as a model writes it."""
    return {"id": name, "tool": tool, "arguments": {} if arguments is None else arguments, **more}


ITEM: JsonValue = {"n": {"$from": "item"}}


async def test_condition_is_looked_at_once_it_is_known() -> None:
    """True: the step begins; false, or nothing to look at yet: it does not."""
    runner = Runner({"b__list": {"open": True}})
    for one in (
        step("l", "b__list"),
        step("yes", "a__get", {"n": 1}, when="l.open"),
        step("no", "a__get", {"n": 2}, when="not l.open"),
        step("now", "a__get", {"n": 3}, when="len(inputs.list) == 2"),
    ):
        runner.beginning.add(one)
    assert runner.calls == [("b__list", {}), ("a__get", {"n": 3})]
    await runner.answer(0)
    assert runner.calls[2:] == [("a__get", {"n": 1})]


async def test_items_begin_in_their_order_a_few_at_a_time() -> None:
    """The next begins when one has been answered; what takes data of all of them waits for the last."""
    runner = Runner({"b__list": {"all": [5, 6, 7]}, "a__get": "got"}, parallel_items=2)
    runner.beginning.add(step("l", "b__list"))
    runner.beginning.add(step("each", "a__get", ITEM, for_each="l.all"))
    runner.beginning.add(step("end", "b__list", {"of": {"$from": "each"}}))
    await runner.answer(0)
    assert runner.calls[1:] == [("a__get", {"n": 5}), ("a__get", {"n": 6})]
    await runner.answer(2)
    assert runner.calls[3:] == [("a__get", {"n": 7})]
    await runner.answer(1)
    await runner.answer(3)
    assert runner.calls[4:] == [("b__list", {"of": ["got", "got", "got"]})]


async def test_items_begin_as_far_as_there_is_room() -> None:
    """What has no room now begins when there is some, none of it twice."""
    runner = Runner(room=1)
    runner.beginning.add(step("each", "a__get", ITEM, for_each="inputs.list"))
    assert runner.calls == [("a__get", {"n": 1})]
    runner.room = 5
    await runner.answer(0)
    assert runner.calls == [("a__get", {"n": 1}), ("a__get", {"n": 2})]


async def test_loop_over_nothing_is_known() -> None:
    """What comes after it begins."""
    runner = Runner()
    runner.beginning.add(step("each", "a__get", ITEM, for_each="[]"))
    runner.beginning.add(step("end", "b__list", {"of": {"$from": "each"}}))
    assert runner.calls == [("b__list", {"of": []})]


async def test_write_before_it_keeps_items_back() -> None:
    """A step that may write is a barrier to the items and to the condition of a read behind it."""
    runner = Runner()
    runner.beginning.add(step("w", "a__put"))
    runner.beginning.add(step("each", "a__get", ITEM, for_each="inputs.list"))
    runner.beginning.add(step("if", "a__get", when="true"))
    runner.beginning.add(step("l", "b__list"))
    assert runner.calls == [("b__list", {})]


async def test_next_reply_begins_nothing_twice() -> None:
    """Its items are those that have begun, as far as they are the same; nothing goes on for the reply before."""
    runner = Runner({"b__list": {"all": [1]}})
    runner.beginning.add(step("each", "a__get", ITEM, for_each="inputs.list"))
    runner.beginning.add(step("l", "b__list"))
    runner.beginning.add(step("more", "a__get", ITEM, for_each="l.all"))
    assert len(runner.calls) == 3
    runner.beginning.lose()
    await runner.answer(2)
    assert len(runner.calls) == 3
    runner.beginning.add(step("same", "a__get", ITEM, for_each="[2, 1, 2]"))
    assert runner.calls[3:] == [("a__get", {"n": 2})]
