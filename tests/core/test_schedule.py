"""The schedule: each step once, never too early, never later than it can."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject
from pydantic import JsonValue

from batonmcp.core.plan import Plan, Step
from batonmcp.core.schedule import Schedule
from builders import plan_of, registry, tool

READS = registry(*(tool(f"s{number}__read") for number in range(12)))
ONE_SERVER = registry(tool("s__read"), tool("s__write", effect="write"), tool("t__read"))


def plan(*needs: list[int]) -> Plan:
    """Return a plan in which each step needs the steps of these numbers."""
    steps: list[JsonValue] = [
        {"id": f"s_{number}", "tool": f"s{number}__read", "after": [f"s_{earlier}" for earlier in earliers]}
        for number, earliers in enumerate(needs)
    ]
    return plan_of({"steps": steps}, READS)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Draw a plan of up to twelve steps, each after any of the earlier ones."""
    size = draw(st.integers(1, 12))
    return plan(*(sorted(draw(st.sets(st.integers(0, number - 1)))) if number else [] for number in range(size)))


@settings(deadline=None)
@given(plans(), st.data())
def test_every_step_starts_once_at_the_earliest_moment(made: Plan, data: DataObject) -> None:
    """In any plan and any order of settling: all steps, none twice, none too early, none too late."""
    schedule = Schedule(made)
    settled: set[str] = set()
    handed_out: list[str] = []
    running: list[str] = []

    def may_start(step: Step) -> bool:
        return all(wait.step in settled for wait in step.waits)

    def take(steps: list[str]) -> None:
        assert steps == [step.id for step in made.steps if step.id not in handed_out and may_start(step)]
        handed_out.extend(steps)
        running.extend(steps)

    take([step.id for step in schedule.start()])
    while running:
        ended = running.pop(data.draw(st.integers(0, len(running) - 1)))
        settled.add(ended)
        take([step.id for step in schedule.settle(ended)])
    assert sorted(handed_out) == sorted(step.id for step in made.steps)


def test_a_step_starts_with_the_last_it_waits_for() -> None:
    """No level holds it back: a slow step of the same depth is nothing to it."""
    schedule = Schedule(plan([], [], [0], [0, 2]))
    assert [step.id for step in schedule.start()] == ["s_0", "s_1"]
    assert [step.id for step in schedule.settle("s_0")] == ["s_2"]
    assert [step.id for step in schedule.settle("s_2")] == ["s_3"]
    assert schedule.settle("s_3") == []
    assert schedule.settle("s_1") == []


def test_write_order_is_kept_on_a_server_only() -> None:
    """Reads overlap, the write waits for both, what follows waits for the write, and the other server for nothing."""
    steps: list[JsonValue] = [
        {"id": name, "tool": used}
        for name, used in [("a", "s__read"), ("b", "s__read"), ("c", "s__write"), ("d", "s__read"), ("e", "t__read")]
    ]
    schedule = Schedule(plan_of({"steps": steps}, ONE_SERVER))
    assert [step.id for step in schedule.start()] == ["a", "b", "e"]
    assert schedule.settle("b") == []
    assert [step.id for step in schedule.settle("a")] == ["c"]
    assert [step.id for step in schedule.settle("c")] == ["d"]


@pytest.mark.parametrize("step_id", ["s_0", "nobody"])
def test_settling_what_is_not_open_is_an_error(step_id: str) -> None:
    """Whoever counts a step twice, or one that is not in the plan, is told at once."""
    schedule = Schedule(plan([], [0]))
    schedule.settle("s_0")
    with pytest.raises(ValueError, match=step_id):
        schedule.settle(step_id)


def test_two_runs_of_a_plan_do_not_share_anything() -> None:
    """A plan can run again."""
    made = plan([], [0])
    for _ in range(2):
        schedule = Schedule(made)
        assert [step.id for step in schedule.start()] == ["s_0"]
        assert [step.id for step in schedule.settle("s_0")] == ["s_1"]
