"""What a step waits for, and why."""

import pytest

from batonmcp.core.effect import EffectKind
from batonmcp.core.plan import Plan, Wait
from batonmcp.core.waiting import Earlier
from builders import plan_of, registry, tool

KINDS: tuple[EffectKind, ...] = ("read", "write", "destructive")
KNOWN = registry(*(tool(f"{server}__{kind}", effect=kind) for server in "ab" for kind in KINDS))


def earlier_of(*called: str, independent: bool = False) -> Earlier:
    """Return the book over steps s0, s1 ... which call these tools."""
    plan: Plan = plan_of(
        {"steps": [{"tool": name, "id": f"s{place}", "independent": independent} for place, name in enumerate(called)]},
        KNOWN,
    )
    book = Earlier()
    for step in plan.steps:
        book.add(step)
    return book


@pytest.mark.parametrize(
    ("called", "steps"),
    [
        ("a__read", ["s1", "s3"]),
        ("a__write", ["s0", "s1", "s3"]),
        ("b__read", []),
        ("b__write", ["s2"]),
    ],
)
def test_a_step_that_may_write_is_a_barrier_on_its_server(called: str, steps: list[str]) -> None:
    """A read waits for the writes before it, a write for everything before it, both on their own server only."""
    book = earlier_of("a__read", "a__write", "b__read", "a__destructive")
    waits = book.waits(KNOWN[called], data=(), after=(), independent=False)
    assert waits == tuple(Wait(step=name, why="write order") for name in steps)


def test_the_strongest_reason_is_told_in_plan_order() -> None:
    """Data counts before `after`, and `after` before the order of writes; other names are nothing to wait for."""
    book = earlier_of("a__write", "a__write", "a__write", "b__read")
    waits = book.waits(
        KNOWN["a__write"], data={"s2", "inputs", "item"}, after=("s2", "s1", "nobody"), independent=False
    )
    assert [(wait.step, wait.why) for wait in waits] == [("s0", "write order"), ("s1", "after"), ("s2", "data")]


@pytest.mark.parametrize("lifted_by", ["this step", "the earlier step"])
def test_independent_lifts_the_order_of_writes_only(lifted_by: str) -> None:
    """Either step may lift it, data and `after` stay, and next to a destructive step nothing is lifted."""
    mine = lifted_by == "this step"
    book = earlier_of("a__write", "a__read", independent=not mine)
    assert book.waits(KNOWN["a__write"], data=(), after=(), independent=mine) == ()
    assert book.waits(KNOWN["a__write"], data={"s0"}, after=(), independent=mine) == (Wait(step="s0", why="data"),)
    waits = book.waits(KNOWN["a__destructive"], data=(), after=(), independent=mine)
    assert [wait.step for wait in waits] == ["s0", "s1"]
