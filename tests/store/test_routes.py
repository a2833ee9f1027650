"""Plans that are remembered."""

import pytest
from pydantic import JsonValue

from batonmcp.core.discretion import Discretion
from batonmcp.store.memory import MemoryStore
from batonmcp.store.routes import Routes

pytestmark = pytest.mark.anyio

PLAN: JsonValue = {"steps": [{"id": "a", "tool": "a__x", "arguments": {}}]}


async def test_a_plan_is_remembered_until_it_is_dropped() -> None:
    """It is there for every process that has the store, and for no other key."""
    store = MemoryStore()
    await Routes(store).put("k", PLAN, day=None, wording=None)
    routes = Routes(store)
    assert await routes.get("k", today="2026-11-26", wording="w") == PLAN
    assert await routes.get("other", today="2026-11-26", wording="w") is None
    await routes.drop("k")
    assert await routes.get("k", today="2026-11-26", wording="w") is None


async def test_a_plan_for_a_day_is_for_that_day() -> None:
    """On the next day there is none."""
    routes = Routes(MemoryStore())
    await routes.put("k", PLAN, day="2026-11-26", wording=None)
    assert await routes.get("k", today="2026-11-26", wording="w") == PLAN
    assert await routes.get("k", today="2026-11-27", wording="w") is None


async def test_a_plan_for_a_wording_is_for_no_other() -> None:
    """A query that is like it, and not the same, has none."""
    routes = Routes(MemoryStore())
    await routes.put("k", PLAN, day=None, wording="w")
    assert await routes.get("k", today="2026-11-26", wording="w") == PLAN
    assert await routes.get("k", today="2026-11-26", wording="v") is None


async def test_a_plan_without_its_secret_is_none() -> None:
    """What is configured as secret is not kept, and stars in its place are no argument."""
    routes = Routes(MemoryStore(discretion=Discretion({"europe-west"})))
    with_secret: JsonValue = {"steps": [{"id": "a", "tool": "a__x", "arguments": {"region": "europe-west"}}]}
    await routes.put("k", with_secret, day=None, wording=None)
    assert await routes.get("k", today="2026-11-26", wording="w") is None


@pytest.mark.parametrize(
    "garbage",
    [
        [],
        "x",
        {"plan": [], "day": None, "wording": None},
        {"plan": {}, "day": 5, "wording": None},
        {"plan": {}, "day": None, "wording": 5},
        {"plan": {}, "day": None},
        {"plan": {}},
    ],
)
async def test_garbage_is_no_plan(garbage: JsonValue) -> None:
    """A document of another kind under the key is passed over."""
    store = MemoryStore()
    await store.put("route", "k", garbage)
    assert await Routes(store).get("k", today="2026-11-26", wording="w") is None
