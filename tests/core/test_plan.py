"""Plans: what can be read off one."""

from typing import Any

import pytest
from pydantic import JsonValue

from batonmcp.core.plan import Mode, Plan, Wait
from builders import plan_of, registry, tool

TOOLS = registry(tool("a__x"), tool("b__y"), tool("b__write", effect="write"), tool("b__post", effect="write"))


def plan(*steps: dict[str, Any], by_model: bool = False) -> Plan:
    """Return the plan of these steps."""
    return plan_of({"steps": list(steps)}, TOOLS, by_model=by_model)


@pytest.mark.parametrize(
    ("steps", "mode"),
    [
        ([{"tool": "a__x"}], "single"),
        ([{"tool": "a__x", "for_each": "inputs.list"}], "single"),
        ([{"tool": "a__x"}, {"tool": "b__y"}], "parallel"),
        ([{"tool": "b__write"}, {"tool": "b__post"}], "parallel"),
        ([{"id": "one", "tool": "a__x"}, {"tool": "b__y", "arguments": {"a": {"$from": "one"}}}], "sequential"),
        ([{"id": "one", "tool": "a__x"}, {"tool": "b__y", "when": "one"}], "sequential"),
        ([{"id": "one", "tool": "a__x"}, {"tool": "b__y", "for_each": "one"}], "sequential"),
        ([{"id": "one", "tool": "a__x"}, {"tool": "b__y", "after": ["one"]}], "sequential"),
        ([{"id": "one", "tool": "a__x"}, {"tool": "b__y"}, {"tool": "a__x", "after": ["one"]}], "sequential"),
    ],
)
def test_mode_is_read_off_the_plan(steps: list[dict[str, Any]], mode: Mode) -> None:
    """One step is single; several are sequential if some need others, whatever order writes keep on a server."""
    assert plan(*steps).mode == mode


def test_needs_are_the_names_of_arguments_and_for_each() -> None:
    """A name that only `when` or `after` holds is not needed to make the call."""
    *_, step = plan(
        *({"id": name, "tool": "a__x"} for name in ("one", "two", "three", "four")),
        {
            "tool": "b__y",
            "when": "three",
            "for_each": "two",
            "arguments": {"a": [{"b": {"$from": "one + item"}}]},
            "after": ["four"],
        },
    ).steps
    assert step.needs == {"one", "two", "item"}


def test_a_step_without_for_each_needs_its_arguments_only() -> None:
    """There is no list to wait for."""
    (step,) = plan({"tool": "a__x", "arguments": {"a": {"$from": "inputs.a"}}}).steps
    assert step.needs == {"inputs"}


@pytest.mark.parametrize(
    "step",
    [
        {"id": "two", "tool": "b__y", "arguments": {}},
        {
            "id": "two",
            "tool": "b__y",
            "when": "one",
            "arguments": {"a": {"$from": "one.b"}, "c": {"$raw": {"$from": "d"}}},
        },
        {"id": "two", "tool": "b__y", "for_each": "one", "arguments": {"a": {"$from": "item"}}},
        {"id": "two", "tool": "b__write", "arguments": {"a": "$1"}, "after": ["one"]},
        {"id": "two", "tool": "b__write", "arguments": {}, "on_error": "continue", "independent": True},
    ],
)
def test_as_json_writes_the_plan_language(step: dict[str, JsonValue]) -> None:
    """A plan can be saved and run again: what it writes is what was read, without what is default."""
    first: dict[str, JsonValue] = {"id": "one", "tool": "a__x", "arguments": {}}
    written = plan(first, step).as_json()
    assert written == {"steps": [first, step]}
    assert plan_of(dict(written), TOOLS).as_json() == written


def test_as_json_writes_the_result() -> None:
    """Where there is one."""
    document: JsonValue = {"steps": [{"id": "one", "tool": "a__x", "arguments": {}}], "result": "one.a"}
    assert plan_of(document, TOOLS).as_json() == document


def test_a_plan_is_frozen() -> None:
    """What was approved is what runs."""
    approved = plan({"tool": "a__x"})
    with pytest.raises(AttributeError):
        approved.steps = ()  # type: ignore[misc]
    with pytest.raises(AttributeError):
        approved.steps[0].tool = tool("b__write")  # type: ignore[misc]
    with pytest.raises(AttributeError):
        Wait(step="a", why="data").why = "after"  # type: ignore[misc]
