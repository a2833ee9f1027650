"""What a step waits for, and why."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from batonmcp.core.effect import EffectKind
from batonmcp.core.plan import Plan, Step, Wait
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
        ("a__read", ["s1"]),
        ("a__write", ["s1", "s3", "s4"]),
        ("a__destructive", ["s1", "s3", "s4"]),
        ("b__read", []),
        ("b__write", ["s2"]),
    ],
)
def test_a_step_that_may_write_is_a_barrier_on_its_server(called: str, steps: list[str]) -> None:
    """A read waits for the last write, a write for that and the reads since, both on their own server only."""
    book = earlier_of("a__read", "a__write", "b__read", "a__read", "a__read")
    waits = book.waits(KNOWN[called], data=(), after=(), independent=False)
    assert waits == tuple(Wait(step=name, why="write order") for name in steps)


def test_the_strongest_reason_is_told_in_plan_order() -> None:
    """Data counts before `after`, and `after` before the order of writes; other names are nothing to wait for."""
    book = earlier_of("a__read", "a__read", "a__read", "b__read")
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


def keep_order(one: Step, other: Step) -> bool:
    """Whether two steps must not overlap, by the rules alone."""
    kinds = {one.tool.effect.kind, other.tool.effect.kind}
    free = "destructive" not in kinds and (one.independent or other.independent)
    return one.tool.server == other.tool.server and kinds != {"read"} and not free


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from([*KNOWN.tools]), st.booleans()), min_size=1, max_size=12))
def test_waits_keep_every_order_and_no_other(steps: list[tuple[str, bool]]) -> None:
    """What a step waits for, and what that waits for, is what its order must be kept with, and what they wait for."""
    document: JsonValue = {
        "steps": [
            {"tool": name, "id": f"s{place}", "independent": independent and "destructive" not in name}
            for place, (name, independent) in enumerate(steps)
        ]
    }
    waited: dict[str, set[str]] = {}
    needed: dict[str, set[str]] = {}
    plan: Plan = plan_of(document, KNOWN)
    for place, step in enumerate(plan.steps):
        before = [other.id for other in plan.steps[:place] if keep_order(step, other)]
        needed[step.id] = {*before}.union(*(needed[name] for name in before))
        named = [wait.step for wait in step.waits]
        waited[step.id] = {*named}.union(*(waited[name] for name in named))
        assert set(named) <= set(before)
    assert waited == needed


def test_a_long_plan_of_writes_has_few_waits() -> None:
    """Each step is named by the next barrier only, so that a plan and its record grow with its steps."""
    steps: list[JsonValue] = [{"tool": f"a__{KINDS[n % 2]}"} for n in range(24)]
    plan: Plan = plan_of({"steps": steps}, KNOWN)
    assert sum(len(step.waits) for step in plan.steps) < 2 * len(steps)
