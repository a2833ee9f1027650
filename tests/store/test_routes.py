"""Plans that are remembered."""

import pytest
from pydantic import JsonValue

from batonmcp.store.memory import MemoryStore
from batonmcp.store.routes import Routes

pytestmark = pytest.mark.anyio

PLAN: JsonValue = {"steps": [{"id": "a", "tool": "a__x", "arguments": {}}]}


async def test_a_plan_is_remembered_until_it_is_dropped() -> None:
    """It is there for every process that has the store, and for no other key."""
    store = MemoryStore()
    await Routes(store).put("k", PLAN, day=None)
    routes = Routes(store)
    assert await routes.get("k", today="2026-11-26") == PLAN
    assert await routes.get("other", today="2026-11-26") is None
    await routes.drop("k")
    assert await routes.get("k", today="2026-11-26") is None


async def test_a_plan_for_a_day_is_for_that_day() -> None:
    """On the next day there is none."""
    routes = Routes(MemoryStore())
    await routes.put("k", PLAN, day="2026-11-26")
    assert await routes.get("k", today="2026-11-26") == PLAN
    assert await routes.get("k", today="2026-11-27") is None


@pytest.mark.parametrize("garbage", [[], "x", {"plan": [], "day": None}, {"plan": {}, "day": 5}, {"plan": {}}])
async def test_garbage_is_no_plan(garbage: JsonValue) -> None:
    """A document of another kind under the key is passed over."""
    store = MemoryStore()
    await store.put("route", "k", garbage)
    assert await Routes(store).get("k", today="2026-11-26") is None
