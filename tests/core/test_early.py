"""Which steps may start before their plan is whole."""

from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import JsonValue

from batonmcp.core.early import EarlyCall, early_calls, early_plan, may_be_early
from batonmcp.core.effect import Effect
from batonmcp.core.errors import ErrorInfo
from batonmcp.core.limits import Limits
from batonmcp.core.outcome import Failed, Outcome, Succeeded
from batonmcp.core.policy import Policy
from batonmcp.core.prepare import Calls, Settled
from builders import plan_of, registry, tool

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WIDE = Effect(kind="read", source="declared", idempotent=True, open_world=True)
TOOLS = registry(
    tool("a__read", input_schema=CITY),
    tool("a__write", effect="write"),
    tool("b__read"),
    tool("b__drop", effect="destructive"),
    tool("web__get", effect=WIDE),
)
OSLO: dict[str, JsonValue] = {"city": "Oslo"}


def step(tool: str, arguments: JsonValue = None, **more: JsonValue) -> JsonValue:
    """Return a step as a model writes it."""
    return {"id": f"s_{tool}", "tool": tool, "arguments": {} if arguments is None else arguments, **more}


def early(
    *beginning: JsonValue, policy: Policy | None = None, outcomes: Mapping[str, Outcome] | None = None
) -> tuple[str, dict[str, JsonValue]] | None:
    """Return the call of the last step that may be made early when a plan begins so, the only one."""
    found = calls(*beginning, policy=policy, outcomes=outcomes)
    assert found is None or len(found) == 1
    return ("a__read", found[0]) if found and not isinstance(found[0], Failed) else None


def calls(
    *beginning: JsonValue, policy: Policy | None = None, outcomes: Mapping[str, Outcome] | None = None
) -> tuple[dict[str, JsonValue] | Failed, ...] | None:
    """Return the calls of the last step, which is one of `a__read`, that may be made early when a plan begins so."""
    plan = early_plan(beginning, TOOLS, policy=policy or Policy(), limits=Limits())
    if plan is None:
        return None
    settled = Settled(plan=plan, outcomes=outcomes or {}, inputs={"place": "Bergen", "many": ["x"]})
    made = early_calls(plan.steps[-1], settled, limits=Limits())
    return made and made.arguments


READ = step("a__read", OSLO)


@pytest.mark.parametrize("before", [[], [step("b__read")], [step("b__drop")], [step("a__read", OSLO), step("b__drop")]])
def test_read_may_start_that_waits_for_nothing(before: list[JsonValue]) -> None:
    """Whatever comes before it on other servers, and whatever only reads on its own."""
    assert early(*before, {**READ, "id": "last"} if isinstance(READ, dict) else READ) == ("a__read", OSLO)


def test_what_was_plainly_meant_is_repaired_first() -> None:
    """A name or a value that the whole plan would be allowed is allowed here, and called the same."""
    assert early(step("A.read", {"city": 5})) == ("a__read", {"city": "5"})


def test_values_of_the_host_are_known() -> None:
    """A reference to what was passed in is settled from the start."""
    assert early(step("a__read", {"city": {"$from": "inputs.place"}})) == ("a__read", {"city": "Bergen"})


def test_data_of_early_steps_is_known() -> None:
    """A step goes on with what others have given that were early themselves; one that failed gives nothing."""
    chain = [step("b__read"), step("a__read", {"city": {"$from": "s_b__read.city"}})]
    assert early(*chain, outcomes={"s_b__read": Succeeded(value={"city": "Oslo"})}) == ("a__read", OSLO)
    assert early(*chain, outcomes={"s_b__read": Succeeded(value={"town": "Oslo"})}) is None
    failed = Failed(error=ErrorInfo(kind="x", message="No."))
    assert early(*chain, outcomes={"s_b__read": failed}) is None


@pytest.mark.parametrize(
    "beginning",
    [
        [step("a__write")],
        [step("b__drop")],
        [step("web__get")],
        [step("a__write"), READ],
        [step("b__read"), step("a__read", {"city": {"$from": "s_b__read.city"}})],
        [step("b__read"), step("a__read", OSLO, after=["s_b__read"])],
        [step("a__read", OSLO, when="false")],
        [step("a__read", OSLO, when="len(inputs.many) > 5")],
        [step("a__read", OSLO, when="inputs.many + 1")],
        [step("b__read"), step("a__read", OSLO, when="s_b__read.ok")],
        [step("a__write"), step("a__read", OSLO, when="true")],
        [step("a__read", {"city": {"$from": "item"}}, for_each="inputs.place")],
        [step("b__read"), step("a__read", {"city": {"$from": "item"}}, for_each="s_b__read.list")],
        [step("a__read", {"city": {"$from": "inputs.missing.deeper"}})],
        [step("a__read", {"city": []})],
        [step("a__read", {})],
        [step("a__unknown")],
        [step("a__unknown"), READ],
        ["nonsense", READ],
        [READ, READ],
        [],
    ],
)
def test_everything_else_waits_for_the_whole_plan(beginning: list[JsonValue]) -> None:
    """What may change or reach further, what waits or hangs on something, and what is wrong or comes after a wrong."""
    assert early(*beginning) is None


def test_condition_that_is_known_decides() -> None:
    """One that is true lets the step begin, one over what is not known yet does not."""
    assert early(step("a__read", OSLO, when="len(inputs.many) > 0")) == ("a__read", OSLO)
    hangs = [step("b__read"), step("a__read", OSLO, when="s_b__read.ok")]
    assert early(*hangs, outcomes={"s_b__read": Succeeded(value={"ok": True})}) == ("a__read", OSLO)
    assert early(*hangs, outcomes={"s_b__read": Succeeded(value={"ok": False})}) is None
    assert early(*hangs, outcomes={"s_b__read": Failed(error=ErrorInfo(kind="x", message="No."))}) is None


def test_items_of_a_list_that_is_known_are_calls() -> None:
    """One for each, in their order; what is wrong with one is its own."""
    each: dict[str, JsonValue] = {"city": {"$from": "item.name"}}
    loop = [step("b__read"), step("a__read", each, for_each="s_b__read.towns")]
    towns: JsonValue = {"towns": [{"name": "Oslo"}, {"name": []}, {"name": "Bergen"}]}
    found = calls(*loop, outcomes={"s_b__read": Succeeded(value=towns)})
    assert found is not None
    assert (found[0], isinstance(found[1], Failed), found[2]) == (OSLO, True, {"city": "Bergen"})
    assert calls(*loop, outcomes={"s_b__read": Succeeded(value={"towns": []})}) == ()
    assert calls(*loop) is None


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (Policy(profile="never"), True),
        (Policy(profile="read_only"), True),
        (Policy(profile="always"), False),
        (Policy(profile="always", allow=("*",)), False),
        (Policy(deny=("a__*",)), False),
    ],
)
def test_policy_decides(policy: Policy, expected: bool) -> None:  # noqa: FBT001 - expected
    """Nothing is early that is denied, nor where everything is asked about."""
    assert (early(READ, policy=policy) is not None) is expected


def test_nothing_is_early_after_what_is_denied() -> None:
    """Such a plan is refused as a whole."""
    assert early(step("b__drop"), READ, policy=Policy(profile="read_only")) is None


@pytest.mark.parametrize(("name", "expected"), [("a__read", True), ("web__get", False), ("a__write", False)])
def test_tools_of_which_calls_may_be_early(name: str, expected: bool) -> None:  # noqa: FBT001 - expected
    """Those that only read, and no further than their own server."""
    assert may_be_early(TOOLS[name]) is expected


def test_step_of_the_whole_plan_is_judged_the_same() -> None:
    """A plan in which it has come to wait for something does not take the call over."""
    plan = plan_of({"steps": [step("a__write"), READ, step("b__read")]}, TOOLS)
    settled = Settled(plan=plan, outcomes={}, inputs={})
    found = [early_calls(one, settled, limits=Limits()) for one in plan.steps]
    assert found == [None, None, Calls(arguments=({},), per_item=False)]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"a": 1}, {"a": True}, False),
        ({"a": 1}, {"a": 1.0}, False),
        ({}, {"a": None}, False),
    ],
)
def test_calls_are_the_same_by_their_json(one: dict[str, Any], other: dict[str, Any], same: bool) -> None:  # noqa: FBT001 - expected
    """The order of keys says nothing; the type of a value does."""
    first = EarlyCall(tool=TOOLS["b__read"], arguments=one)
    assert (first.key == EarlyCall(tool=TOOLS["b__read"], arguments=other).key) is same
    assert first.key != EarlyCall(tool=TOOLS["a__read"], arguments=one).key
