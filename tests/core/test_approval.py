"""The question that a person decides about: its words, its bounds, and what ties a decision to it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from batonmcp.core.approval import LONGEST_TEXT, Approval, calls_digest
from batonmcp.core.effect import Effect, EffectKind
from batonmcp.core.errors import ErrorInfo
from batonmcp.core.limits import Limits
from batonmcp.core.outcome import Failed
from batonmcp.core.plain_text import holds_hidden
from batonmcp.core.policy import Policy, judge
from batonmcp.core.prepare import Calls, foreseen
from batonmcp.core.registry import Registry
from batonmcp.core.tool import Tool
from builders import plan_of, registry, tool

MAIL = tool("mail__send", effect="write")
DROP = tool("db__drop", effect="destructive")
WEB = tool("web__search", effect=Effect(kind="read", source="declared", idempotent=True, open_world=True))
TOOLS = registry(tool("a__x"), MAIL, DROP, WEB)
ROOMY = Limits(argument_bytes=100_000_000)


def asked(
    *steps: Mapping[str, Any],
    known: Registry = TOOLS,
    query: str = "Tell Ada.",
    inputs: Mapping[str, JsonValue] | None = None,
    calls: Mapping[str, Calls] | None = None,
    begun: bool = False,
) -> Approval:
    """Return the approval of a plan under the default policy; its calls are those foreseen unless some are given."""
    plan = plan_of({"steps": [dict(step) for step in steps]}, known, limits=ROOMY)
    concerns = judge(plan, Policy()).asked
    made = {concern.step.id: foreseen(concern.step, inputs or {}, limits=ROOMY) for concern in concerns}
    foreseeable = {name: found for name, found in made.items() if found}
    return Approval(
        query=query, plan=plan, concerns=concerns, calls=foreseeable if calls is None else calls, begun=begun
    )


def once(**arguments: JsonValue) -> Calls:
    """Return one call."""
    return Calls(arguments=(arguments,), per_item=False)


def each(*arguments: dict[str, JsonValue] | Failed) -> Calls:
    """Return the calls of a `for_each`."""
    return Calls(arguments=arguments, per_item=True)


def send(**part: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return a step that sends a mail."""
    return {"id": "mail", "tool": "mail__send", **part}


READ: dict[str, Any] = {"id": "x", "tool": "a__x"}
UNUSABLE = Failed(error=ErrorInfo(kind="invalid_arguments", message="It does not fit."))


# The words.


def test_one_step_whose_call_is_known() -> None:
    """Task, tool, what it may do and who says so, each argument, and how much else there is."""
    approval = asked(
        READ, send(arguments={"to": "ada@x.org", "text": {"$from": "inputs.text"}}), inputs={"text": "Hi."}
    )
    assert approval.text() == (
        'Task: "Tell Ada."\n'
        "batonmcp wants to run a plan with this step; nothing has run yet:\n"
        "2. mail__send (Mail) may change something (as its server declares).\n"
        '   to = "ada@x.org"\n'
        '   text = "Hi." (from what was passed in)\n'
        "Other steps of the plan, which need no decision: 1."
    )


def test_reads_that_have_begun_are_no_nothing() -> None:
    """Where reads of the plan began before it was whole, that is what is said."""
    approval = replace(asked(READ, send()), ahead=True)
    assert "with this step; nothing but reads of it has begun:" in approval.text()


def test_steps_whose_calls_hang_on_results() -> None:
    """What is not known yet is shown as the plan has it, with the promise that it will be shown."""
    approval = asked(
        READ,
        send(when="x.ok", arguments={"to": {"$from": "x.mail"}}),
        {"id": "drop", "tool": "db__drop", "for_each": "x.rows", "arguments": {"row": {"$from": "item"}, "n": 1}},
        query="",
    )
    assert approval.text() == (
        "batonmcp wants to run a plan with these 2 steps; nothing has run yet:\n"
        "2. mail__send (Mail) may change something (as its server declares).\n"
        "   only if `x.ok`\n"
        "   to = the value of `x.mail` (from step `x`)\n"
        "   You are shown what it is called with once that is known, before it runs.\n"
        "3. db__drop (Db) may destroy something (as its server declares).\n"
        "   once for each of `x.rows`\n"
        "   row = the value of `item` (from step `x`)\n"
        "   n = 1\n"
        "   You are shown what it is called with once that is known, before it runs.\n"
        "Other steps of the plan, which need no decision: 1."
    )


def test_a_step_whose_call_is_known_now() -> None:
    """Once the run has begun, the values are shown, and where they come from."""
    step = send(when="x.ok", arguments={"to": {"$from": "x.mail"}, "text": "Hi."})
    approval = asked(READ, step, calls={"mail": once(to="eve@x.org", text="Hi.")}, begun=True)
    assert approval.text() == (
        'Task: "Tell Ada."\n'
        "batonmcp wants to go on with this step, whose arguments are known now:\n"
        "2. mail__send (Mail) may change something (as its server declares).\n"
        '   to = "eve@x.org" (from step `x`)\n'
        '   text = "Hi."'
    )


@pytest.mark.parametrize(
    ("calls", "lines"),
    [
        (each(), ["no call, as there is nothing to call it with"]),
        (each(UNUSABLE), ["no call, as there is nothing to call it with"]),
        (each({}), ["1 call:", "- without arguments"]),
        (each({"a": 1, "b": "x"}, UNUSABLE), ["1 call:", '- a = 1, b = "x"']),
        (each({"a": 1}, {"a": 2}), ["2 calls:", "- a = 1", "- a = 2"]),
        (once(), ["without arguments"]),
    ],
)
def test_calls(calls: Calls, lines: list[str]) -> None:
    """Each call of a loop has its line; items that make no call are none."""
    text = asked(send(), calls={"mail": calls}, query="").text()
    assert text.splitlines()[2:] == [f"   {line}" for line in lines]


def test_many_calls_are_counted() -> None:
    """Of a long loop the first calls are shown, and a fingerprint of all of them."""
    rows: list[dict[str, JsonValue]] = [{"row": number} for number in range(500)]
    calls = each(*rows)
    lines = asked(send(), calls={"mail": calls}, query="").text().splitlines()
    assert lines[2:4] == ["   500 calls:", "   - row = 0"]
    assert lines[-1] == f"   - and 490 more, all together sha256 {calls_digest(calls)[:12]}"


def test_tools_are_told_once() -> None:
    """However many steps call it, a tool is one."""
    approval = asked(send(), {"id": "again", "tool": "mail__send"}, {"id": "drop", "tool": "db__drop"})
    assert approval.tools == (MAIL, DROP)


# Its bounds.


@pytest.mark.parametrize(
    "value", ["x" * 100_000, "\u202e" * 100_000, "日" * 100_000, '"\n' * 50_000, ["x"] * 30_000, "\U000e0041" * 9_999]
)
@pytest.mark.parametrize("count", [1, 3, pytest.param(12, marks=[pytest.mark.slow, pytest.mark.no_cover])])
def test_long_values_are_cut(value: JsonValue, count: int) -> None:
    """Values of 100 KB are cut to what a person reads, each with its length and a fingerprint."""
    arguments: dict[str, JsonValue] = {f"a{number}": value for number in range(count)}
    approval = asked(send(arguments=arguments))
    text = approval.text()
    assert len(text.encode()) <= LONGEST_TEXT
    assert approval.fits
    assert all(f"a{number} = " in text for number in range(count))
    assert text.count(" characters, sha256 ") == count


def test_values_are_shown_whole_where_there_is_room() -> None:
    """Nothing is cut without need."""
    text = asked(send(arguments={f"a{number}": "x" * 100 for number in range(9)})).text()
    assert text.count(f'"{"x" * 100}"') == 9


@pytest.mark.parametrize("begun", [False, True])
def test_arguments_that_are_too_many_do_not_fit(*, begun: bool) -> None:
    """Nobody is asked to agree to what they cannot see: not even its beginnings."""
    arguments: dict[str, JsonValue] = {f"argument_{number}": number for number in range(200)}
    assert not asked(send(arguments=arguments), begun=begun).fits
    row: dict[str, JsonValue] = {f"argument_{number}": number for number in range(200)}
    assert not asked(send(), calls={"mail": each(*([row] * 7))}, begun=begun).fits
    drops = [{"id": f"s{number}", "tool": "db__drop", "arguments": {"row": "x" * 99}} for number in range(24)]
    assert not asked(*drops).fits


def test_steps_that_are_shown_later_are_named() -> None:
    """Where there is no room for more, steps whose arguments are not known yet are named with what they may do."""
    later = {f"argument_{number}": {"$from": f"x.a{number}"} for number in range(40)}
    drops = [{"id": f"s{number}", "tool": "db__drop", "arguments": later} for number in range(12)]
    approval = asked(READ, *drops, send())
    assert approval.fits
    names = ", ".join(f"{number}. db__drop (destructive)" for number in range(2, 14))
    lines = approval.text().splitlines()
    assert lines[2] == "14. mail__send (Mail) may change something (as its server declares)."
    assert f"You are shown what these are called with before they run: {names}." in lines


def test_more_steps_than_fit_do_not() -> None:
    """A question that would have to leave steps out says so: it is not to be asked."""
    long = tool(f"db__{'x' * 60}", effect="destructive")
    drops = [{"id": f"s{number}", "tool": long.qualified} for number in range(24)]
    approval = asked(*drops, known=registry(long))
    assert not approval.fits
    assert approval.text().count(long.qualified) == 24


TEXTS = st.text(max_size=30) | st.sampled_from(
    ["x" * 3_000, "\n2. mail__send", "\u202e", "\x1b[2J", "`", '"', "\\", "日" * 900, "\ud800", "\u2028"]
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    TEXTS | st.integers() | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def approvals(draw: st.DrawFn) -> Approval:
    """Draw a question about a plan with all that a hostile planner, server and result may put there."""
    effects: list[EffectKind] = ["read", "write", "destructive"]
    tools = [
        replace(tool(f"{server}__{'t' * length}", effect=effect), agent=draw(TEXTS))
        for server, length, effect in zip("abc", (1, 10, 60), effects, strict=True)
    ]
    steps: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, 24))):
        step: dict[str, Any] = {"id": f"s{number}", "tool": draw(st.sampled_from(tools)).qualified}
        step["arguments"] = {"$raw": draw(st.dictionaries(TEXTS, VALUES, max_size=4))}
        if number and draw(st.booleans()):
            step["arguments"] = {"a": {"$from": f"s{draw(st.integers(0, number - 1))}"}}
        if draw(st.booleans()):
            step["for_each"] = draw(st.sampled_from(["inputs.list", "[1, 2]"]))
        if number and draw(st.booleans()):
            step["when"] = f"s{number - 1} != '`'"
        steps.append(step)
    values = draw(st.dictionaries(st.just("list"), st.lists(VALUES, max_size=12), max_size=1))
    return asked(*steps, known=registry(*tools), query=draw(TEXTS), inputs={**values}, begun=draw(st.booleans()))


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(approvals())
def test_no_step_is_ever_left_out(approval: Approval) -> None:
    """Whatever is in a plan: each step has its number and name, in print, in bounds, on a line of ours."""
    text = approval.text()
    numbers = {step.id: number for number, step in enumerate(approval.plan.steps, 1)}
    for concern in approval.concerns:
        assert f"{numbers[concern.step.id]}. {concern.step.tool.qualified} (" in text
    assert all(line.isprintable() and not holds_hidden(line) for line in text.split("\n"))
    assert len(text.encode()) <= LONGEST_TEXT or not approval.fits
    ours = (
        "Task: ",
        "batonmcp wants to ",
        "   ",
        "You are shown what these are called with before they run: ",
        "Other steps of the plan",
        *map(str, range(10)),
    )
    assert all(line.startswith(ours) for line in text.split("\n"))
    steps = [line for line in text.split("\n") if line[0].isdigit()]
    known = [concern for concern in approval.concerns if concern.step.id in approval.calls]
    assert len(steps) in {len(approval.concerns), len(known)}


# What ties a decision to it.


def base(**changes: Any) -> Approval:  # noqa: ANN401 - whatever `asked` takes
    """Return a question in which much can change."""
    step = send(arguments={"to": "ada@x.org", "text": {"$from": "inputs.text"}})
    told: dict[str, Any] = {"step": step, "inputs": {"text": "Hi."}, **changes}
    return asked(READ, told.pop("step"), **told)


def redefined(**changes: Any) -> Registry:  # noqa: ANN401 - a tool's fields
    """Return the same tools, but for one that has changed."""
    return registry(tool("a__x"), replace(MAIL, **changes), DROP)


CHANGES: dict[str, Callable[[], Approval]] = {
    "a value": lambda: base(inputs={"text": "Hi!"}),
    "a value's type": lambda: base(inputs={"text": 1}),
    "a value's type, alike": lambda: base(inputs={"text": True}),
    "a literal": lambda: base(step=send(arguments={"to": "eve@x.org", "text": {"$from": "inputs.text"}})),
    "another argument": lambda: base(
        step=send(arguments={"to": "ada@x.org", "text": {"$from": "inputs.text"}, "cc": "eve@x.org"})
    ),
    "a condition": lambda: base(
        step=send(arguments={"to": "ada@x.org", "text": {"$from": "inputs.text"}}, when="x.ok")
    ),
    "an id": lambda: base(
        step={**send(arguments={"to": "ada@x.org", "text": {"$from": "inputs.text"}}), "id": "other"}
    ),
    "a tool's description": lambda: base(known=redefined(description="Sends and keeps a copy.")),
    "a tool's display name": lambda: base(known=redefined(agent="Post")),
    "a tool's effect": lambda: base(known=redefined(effect=DROP.effect)),
    "a tool's schema": lambda: base(known=redefined(input_schema=tool(input_schema={}).input_schema)),
    "begun": lambda: base(begun=True),
    "the calls are not known": lambda: base(calls={}),
    "another call": lambda: base(calls={"mail": each({"to": "ada@x.org", "text": "Hi."}, {"to": "x"})}),
}


def test_the_digest_changes_with_whatever_matters() -> None:
    """Each change makes another question of it; none of them is mistaken for another."""
    digests = {name: change().digest for name, change in CHANGES.items()}
    assert len({base().digest, *digests.values()}) == len(CHANGES) + 1


def test_the_digest_is_the_same_otherwise() -> None:
    """Another process that builds the same question has the same digest; words for the person make no difference."""
    arguments = {"text": {"$from": "inputs.text"}, "to": "ada@x.org"}
    for same in (base(), base(query="Something else."), base(step=send(arguments=arguments))):
        assert same.digest == base().digest
    assert base(inputs={"text": "Hi.", "unread": 1}).digest == base().digest


def test_the_digest_is_of_the_whole_plan() -> None:
    """A step that nobody is asked about is a part of it: its result may become an argument later."""
    other: Tool = tool("a__other")
    one = asked(READ, send(arguments={"to": {"$from": "x"}}))
    two = asked({**READ, "tool": "a__other"}, send(arguments={"to": {"$from": "x"}}), known=registry(other, MAIL))
    assert one.digest != two.digest


def test_a_digest_of_calls() -> None:
    """Order, types and the items that make no call count."""
    calls = [each({"a": 1}, {"a": 2}), each({"a": 2}, {"a": 1}), each({"a": 1}), each({"a": 1}, UNUSABLE), each()]
    calls += [each({"a": value}) for value in (1.0, True, "1", None)]
    assert len({calls_digest(made) for made in calls}) == len(calls)
    assert calls_digest(each({"a": 1, "b": 2})) == calls_digest(each({"b": 2, "a": 1}))
