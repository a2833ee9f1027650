"""The key under which a plan is remembered, and what becomes of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from batonmcp.core.check import check
from batonmcp.core.limits import Limits
from batonmcp.core.plan import Plan
from batonmcp.stages.ports import Ports
from batonmcp.stages.remembering import Remembering
from batonmcp.stages.task import Task
from batonmcp.store.memory import MemoryStore
from batonmcp.store.routes import Routes
from builders import registry, tool
from doubles.ports import InProcessTools

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
TOOLS = registry(tool("a__find"))


def remembering(query: str = "Find it", *, at: datetime = NOON, limits: Limits | None = None) -> Remembering:
    """Return what is remembered of a query at a time."""
    ports = Ports(
        tools=InProcessTools(TOOLS, {}),
        planner="llm",
        llm=None,
        limits=limits or Limits(),
        clock=lambda: 0.0,
        now=lambda: at,
        routes=Routes(MemoryStore()),
        route_model="m",
    )
    return Remembering(task=Task(query=query), ports=ports)


def plan() -> Plan:
    """Return a plan of one step."""
    return check({"steps": [{"id": "a", "tool": "a__find"}]}, TOOLS, limits=Limits(), by_model=True)


def test_the_key_holds_what_the_model_was_shown() -> None:
    """The room for tools, the zone of the clock, and the tools; not the hour."""
    key = remembering().key("f")
    assert remembering(at=NOON + timedelta(hours=1)).key("f") == key
    others = [
        remembering().key("g"),
        remembering(limits=Limits(catalogue_tokens=1_000)).key("f"),
        remembering(limits=Limits(native_tokens=0)).key("f"),
        remembering(at=NOON.astimezone(timezone(timedelta(hours=1), "CET"))).key("f"),
    ]
    assert len({key, *others}) == 5


async def test_it_is_kept_and_forgotten() -> None:
    """Whoever wants a fresh plan is not told of it."""
    memory = remembering()
    assert await memory.recall("k") is None
    await memory.keep("k", plan(), told=NOON)
    assert await memory.recall("k") == plan().as_json()
    assert await replace(memory, task=replace(memory.task, fresh=True)).recall("k") is None
    await memory.forget("k")
    assert await memory.recall("k") is None


async def test_the_day_is_that_of_the_model() -> None:
    """Not that on which the run ended."""
    memory = remembering("Find today's")
    await memory.keep("k", plan(), told=NOON - timedelta(days=1))
    assert await memory.recall("k") is None
    await memory.keep("k", plan(), told=NOON)
    assert await memory.recall("k") == plan().as_json()


async def test_without_a_cache_nothing_is_remembered() -> None:
    """It is off."""
    on = remembering()
    off = replace(on, ports=replace(on.ports, routes=None))
    await off.keep("k", plan(), told=NOON)
    await off.forget("k")
    assert await off.recall("k") is None
