"""What becomes of a step whose turn has come: the rules about nothing, skipped and failed."""

from typing import Any

import pytest
from pydantic import JsonValue

from batonmcp.core.errors import ErrorInfo, ExpressionFailed
from batonmcp.core.limits import Limits
from batonmcp.core.outcome import Cancelled, Failed, Outcome, Skipped, Succeeded
from batonmcp.core.prepare import Calls, Decision, Settled, foreseen, prepare, shape
from builders import plan_of, registry, tool

SCHEMA = {"type": "object", "properties": {"number": {"type": "integer"}}}
TOOLS = registry(
    tool("a__x"),
    tool("b__y"),
    tool("c__write", effect="write"),
    tool("n__number", input_schema=SCHEMA),
    tool("n__loose", input_schema={}),
)
FAILED = Failed(error=ErrorInfo(kind="tool_error", message="It broke."))
UNSURE = Failed(error=ErrorInfo(kind="timeout", message="It took too long."), unsure=True)
CANCELLED = Cancelled(because="the run was cancelled")
BY_WHEN = Skipped(because="its condition `false` is false", by_failure=False)
BY_FAILURE = Skipped(because="step `zero` failed", by_failure=True)
NOT_WELL = [
    pytest.param(FAILED, "failed", True, id="failed"),
    pytest.param(UNSURE, "failed", True, id="unsure"),
    pytest.param(CANCELLED, "was cancelled", True, id="cancelled"),
    pytest.param(BY_FAILURE, "was skipped", True, id="skipped by a failure"),
    pytest.param(BY_WHEN, "was skipped", False, id="skipped by its when"),
]

Part = dict[str, Any]


def decide(
    part: Part,
    *,
    one: Outcome | None = None,
    first: Part | None = None,
    inputs: dict[str, JsonValue] | None = None,
    limits: Limits | None = None,
) -> Decision:
    """Decide about the step `two`, the step `one` before it having settled."""
    steps: list[JsonValue] = [{"id": "one", "tool": "a__x", **(first or {})}, {"id": "two", "tool": "b__y", **part}]
    plan = plan_of({"steps": steps}, TOOLS)
    settled = Settled(plan=plan, outcomes={"one": one or Succeeded(value=None)}, inputs=inputs or {})
    return prepare(plan.steps[1], settled, limits=limits or Limits())


def succeeded(value: Any) -> Succeeded:  # noqa: ANN401 - JSON
    """Return the outcome of a step that has a value."""
    return Succeeded(value=value)


def shaped(result: str | None, outcome: Outcome, **inputs: JsonValue) -> JsonValue:
    """Return what a plan's `result` gives over a step `one` that ended so."""
    document: dict[str, JsonValue] = {"steps": [{"id": "one", "tool": "a__x"}]}
    plan = plan_of(document if result is None else {**document, "result": result}, TOOLS)
    return shape(Settled(plan=plan, outcomes={"one": outcome}, inputs=inputs))


def calls(*arguments: dict[str, JsonValue], per_item: bool = False) -> Calls:
    """Return the decision to call."""
    return Calls(arguments=arguments, per_item=per_item)


def error_of(decision: Decision) -> ErrorInfo:
    """Return the error of a decision to fail."""
    assert isinstance(decision, Failed)
    assert not decision.unsure
    return decision.error


# Calling


def test_a_step_is_called_with_its_arguments_filled() -> None:
    """Values of earlier steps and inputs take the place of expressions; the rest stays."""
    arguments = {"a": {"$from": "one.x"}, "b": [{"$from": "inputs.y"}], "c": "$1", "d": {"$raw": {"$from": "one"}}}
    decision = decide({"arguments": arguments}, one=succeeded({"x": 1.5}), inputs={"y": None})
    assert decision == calls({"a": 1.5, "b": [None], "c": "$1", "d": {"$from": "one"}})


def test_a_step_is_called_if_its_condition_holds() -> None:
    """Any value that Python takes for true is true."""
    assert decide({"when": "one"}, one=succeeded([0])) == calls({})


@pytest.mark.parametrize("value", [False, None, 0, "", [], {}], ids=repr)
def test_a_step_is_skipped_by_its_condition(value: JsonValue) -> None:
    """Any value that Python takes for false is false, and that is a normal end."""
    assert decide({"when": "one"}, one=succeeded(value)) == Skipped(
        because="its condition `one` is false", by_failure=False
    )


def test_a_skipped_steps_other_parts_are_not_looked_at() -> None:
    """A condition protects the arguments and the list that would not work without it."""
    part = {"when": "len(one) > 0", "for_each": "one[0].list", "arguments": {"a": {"$from": "one[0].b"}}}
    assert isinstance(decide(part, one=succeeded([])), Skipped)


@pytest.mark.parametrize("when", ["one.missing", "1 / one.zero > 0", "len(5) > 0", "one.text > 1"])
def test_a_condition_that_errors_fails_the_step(when: str) -> None:
    """It never counts as false."""
    error = error_of(decide({"when": when}, one=succeeded({"zero": 0, "text": "t"})))
    assert error.kind == "expression_failed"
    assert when in error.message


@pytest.mark.parametrize("part", [{"arguments": {"a": {"$from": "one.b"}}}, {"for_each": "one.b"}], ids=str)
def test_an_expression_that_errors_fails_the_step(part: Part) -> None:
    """The error quotes the expression and says what there is."""
    error = error_of(decide(part, one=succeeded({"c": 1})))
    assert error.kind == "expression_failed"
    assert "in `one.b`" in error.message
    assert "'c'" in error.message


# What an earlier step that did not succeed means


@pytest.mark.parametrize(
    "part", [{"arguments": {"a": {"$from": "one"}}}, {"for_each": "one"}], ids=["arguments", "for_each"]
)
@pytest.mark.parametrize(("outcome", "end", "by_failure"), NOT_WELL)
def test_a_step_that_needs_one_without_a_value_is_skipped(
    part: Part,
    outcome: Outcome,
    end: str,
    by_failure: bool,  # noqa: FBT001 - a table
) -> None:
    """There is nothing to call with; whether a failure is behind it is passed on."""
    assert decide(part, one=outcome) == Skipped(because=f"step `one` {end}", by_failure=by_failure)


@pytest.mark.parametrize(("outcome", "_end", "_by_failure"), NOT_WELL)
def test_a_step_that_goes_on_over_errors_gives_null(outcome: Outcome, _end: str, _by_failure: bool) -> None:  # noqa: FBT001 - a table
    """With `on_error: "continue"` on the step that did not succeed, those that need it run with null."""
    first = {"on_error": "continue"}
    arguments = {"arguments": {"a": {"$from": "one.b.c"}, "d": {"$from": "len(one)"}}}
    assert decide(arguments, one=outcome, first=first) == calls({"a": None, "d": 0})
    assert decide({"for_each": "one"}, one=outcome, first=first) == calls(per_item=True)


@pytest.mark.parametrize(("outcome", "end", "by_failure"), NOT_WELL)
def test_going_on_is_said_by_the_step_that_fails(outcome: Outcome, end: str, by_failure: bool) -> None:  # noqa: FBT001 - a table
    """`on_error` of the step that needs the value is about its own failure and changes nothing."""
    part = {"arguments": {"a": {"$from": "one"}}, "on_error": "continue"}
    assert decide(part, one=outcome) == Skipped(because=f"step `one` {end}", by_failure=by_failure)


@pytest.mark.parametrize(("outcome", "_end", "_by_failure"), NOT_WELL)
def test_in_a_condition_a_step_without_a_value_is_null(outcome: Outcome, _end: str, _by_failure: bool) -> None:  # noqa: FBT001 - a table
    """A name that only `when` holds does not propagate: selecting from null is null, and its len() is 0."""
    assert decide({"when": "one == null and one.a.b[0] is None and len(one) == 0"}, one=outcome) == calls({})
    assert decide({"when": "one.ok"}, one=outcome) == Skipped(
        because="its condition `one.ok` is false", by_failure=False
    )


@pytest.mark.parametrize(("outcome", "end", "by_failure"), NOT_WELL)
def test_a_name_in_both_condition_and_arguments_propagates(outcome: Outcome, end: str, by_failure: bool) -> None:  # noqa: FBT001 - a table
    """What the arguments need is needed, whatever the condition would say."""
    part = {"when": "one == null", "arguments": {"a": {"$from": "one"}}}
    assert decide(part, one=outcome) == Skipped(because=f"step `one` {end}", by_failure=by_failure)


@pytest.mark.parametrize(("outcome", "end", "by_failure"), NOT_WELL)
def test_after_asks_for_an_end_without_failure(outcome: Outcome, end: str, by_failure: bool) -> None:  # noqa: FBT001 - a table
    """What had to happen first did not, if it failed; if it was skipped by its own condition, it need not."""
    expected = Skipped(because=f"step `one` {end}", by_failure=True) if by_failure else calls({})
    assert decide({"after": ["one"]}, one=outcome) == expected
    assert decide({"after": ["one"]}, one=outcome, first={"on_error": "continue"}) == calls({})


@pytest.mark.parametrize(("outcome", "_end", "_by_failure"), NOT_WELL)
def test_write_order_asks_for_an_end_only(outcome: Outcome, _end: str, _by_failure: bool) -> None:  # noqa: FBT001 - a table
    """A step that shares nothing but a server with one that failed goes on."""
    part = {"tool": "c__write"}
    assert decide(part, one=outcome, first={"tool": "c__write"}) == calls({})


def test_the_first_step_that_is_missing_is_the_reason() -> None:
    """One reason is told, in the order of the plan."""
    steps: list[JsonValue] = [
        {"id": "one", "tool": "a__x"},
        {"id": "two", "tool": "a__x"},
        {"id": "three", "tool": "b__y", "arguments": {"a": {"$from": "[two, one]"}}},
    ]
    plan = plan_of({"steps": steps}, TOOLS)
    settled = Settled(plan=plan, outcomes={"one": BY_FAILURE, "two": FAILED}, inputs={})
    assert prepare(plan.steps[2], settled, limits=Limits()) == Skipped(
        because="step `one` was skipped", by_failure=True
    )


# for_each


def test_for_each_makes_a_call_for_each_item() -> None:
    """`item` and `index` stand for what they are, beside the steps."""
    part = {
        "for_each": "one.list",
        "arguments": {"a": {"$from": "item.x"}, "i": {"$from": "index"}, "c": {"$from": "one.c"}},
    }
    decision = decide(part, one=succeeded({"list": [{"x": 1}, {"x": "2"}], "c": True}))
    assert decision == calls({"a": 1, "i": 0, "c": True}, {"a": "2", "i": 1, "c": True}, per_item=True)


@pytest.mark.parametrize("value", [[], None], ids=repr)
def test_for_each_over_nothing_makes_no_call(value: JsonValue) -> None:
    """An empty list and null have no items; that is a success, not a skip."""
    assert decide({"for_each": "one"}, one=succeeded(value)) == calls(per_item=True)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"a": 1}, "an object with the keys 'a'"),
        ("text", "text 'text'"),
        (5, "number 5"),
        (True, "true"),
    ],
    ids=str,
)
def test_for_each_needs_a_list(value: JsonValue, told: str) -> None:
    """Neither the keys of an object nor the letters of a text are gone through by accident."""
    error = error_of(decide({"for_each": "one"}, one=succeeded(value)))
    assert error.kind == "expression_failed"
    assert error.message == f"`for_each` needs a list, but `one` gave {told}."
    assert error.cure


def test_for_each_has_a_cap() -> None:
    """One item more than allowed fails the step before anything is called, and says what to change."""
    assert decide({"for_each": "one"}, one=succeeded([0] * 3), limits=Limits(items=3)) == calls(
        {}, {}, {}, per_item=True
    )
    error = error_of(decide({"for_each": "one"}, one=succeeded([0] * 4), limits=Limits(items=3)))
    assert error.kind == "too_many_items"
    assert "4 items, 3 are allowed" in error.message
    assert '"limits"' in error.cure


@pytest.mark.parametrize(
    ("part", "items", "kind"),
    [
        ({"arguments": {"a": {"$from": "item.b"}}}, [{"b": 1}, {"c": 2}], "expression_failed"),
        ({"tool": "n__number", "arguments": {"number": {"$from": "item"}}}, [1, "two"], "invalid_arguments"),
    ],
)
def test_one_item_that_does_not_work_costs_itself(part: Part, items: JsonValue, kind: str) -> None:
    """The other items of a loop that reads are called; the item says what is wrong with it."""
    decision = decide({"for_each": "one", **part}, one=succeeded(items))
    assert isinstance(decision, Calls)
    good, bad = decision.arguments
    assert not isinstance(good, Failed)
    assert isinstance(bad, Failed)
    assert bad.error.kind == kind
    assert bad.error.message.startswith("item 1: ")


def test_one_item_that_does_not_work_fails_a_step_that_writes() -> None:
    """No call is made for the others: what a step changes is known as a whole before it changes anything."""
    part: Part = {"tool": "c__write", "for_each": "one", "arguments": {"a": {"$from": "item.b"}}}
    assert error_of(decide(part, one=succeeded([{"b": 1}, {"c": 2}]))).kind == "expression_failed"


# Arguments


def test_filled_arguments_are_held_against_the_tools_schema() -> None:
    """A call that the tool would refuse is not made; the error names the tool and the mistake."""
    part = {"tool": "n__number", "arguments": {"number": {"$from": "one"}}}
    assert decide(part, one=succeeded(5)) == calls({"number": 5})
    error = error_of(decide(part, one=succeeded("five")))
    assert error.kind == "invalid_arguments"
    assert "n__number" in error.message
    assert '"five" is not of type "integer"' in error.message
    assert "not called" in error.cure


@pytest.mark.parametrize("used", ["n__number", "n__loose"])
@pytest.mark.parametrize("value", [[1], "text", None, 5], ids=repr)
def test_arguments_as_a_whole_must_become_an_object(used: str, value: JsonValue) -> None:
    """Even where the tool's schema does not say so: there is no other way to call a tool."""
    part = {"tool": used, "arguments": {"$from": "one"}}
    assert error_of(decide(part, one=succeeded(value))).kind == "invalid_arguments"
    assert decide(part, one=succeeded({"number": 1})) == calls({"number": 1})


def test_an_input_that_was_not_passed_in_fails_the_step() -> None:
    """It is told what was."""
    error = error_of(decide({"arguments": {"a": {"$from": "inputs.letter"}}}, inputs={"text": "t"}))
    assert "'letter'" in error.message
    assert "'text'" in error.message


def test_a_value_that_no_server_could_read_is_an_outcome() -> None:
    """Half a surrogate pair out of a tool's result fails the step that would pass it on; nothing is raised."""
    part = {"tool": "n__number", "arguments": {"number": {"$from": "one"}}}
    assert error_of(decide(part, one=succeeded("\ud800"))).kind == "invalid_arguments"


# The result


def test_a_result_is_read_over_all_steps() -> None:
    """Values and inputs, in the shape that the plan asks for."""
    assert shaped("{'a': one.x, 'b': inputs.y}", succeeded({"x": 1}), y=[2]) == {"a": 1, "b": [2]}


@pytest.mark.parametrize(("outcome", "_end", "_by_failure"), NOT_WELL)
def test_in_a_result_a_step_without_a_value_is_null(outcome: Outcome, _end: str, _by_failure: bool) -> None:  # noqa: FBT001 - a table
    """What was obtained is still given."""
    assert shaped("[one, one.x.y, len(one)]", outcome) == [None, None, 0]


def test_a_result_that_does_not_work_is_raised() -> None:
    """Whoever asked is told; it is never null in silence."""
    with pytest.raises(ExpressionFailed, match="'y'"):
        shaped("one.y", succeeded({"x": 1}))


def test_without_a_result_there_is_none() -> None:
    """The results are given by step."""
    assert shaped(None, succeeded(1)) is None


# What is known beforehand.


def foreseen_calls(part: Part, inputs: dict[str, JsonValue] | None = None, limits: Limits | None = None) -> Any:  # noqa: ANN401 - `Calls | None`
    """Return the calls that are foreseen of the step `two`."""
    steps: list[JsonValue] = [{"id": "one", "tool": "a__x"}, {"id": "two", "tool": "c__write", **part}]
    return foreseen(plan_of({"steps": steps}, TOOLS).steps[1], inputs or {}, limits=limits or Limits())


KNOWN_BEFOREHAND: list[Any] = [
    ({}, calls({})),
    ({"arguments": {"a": 1, "b": {"$raw": {"$from": "x"}}}}, calls({"a": 1, "b": {"$from": "x"}})),
    ({"arguments": {"a": {"$from": "1 + 1"}}}, calls({"a": 2})),
    ({"arguments": {"a": {"$from": "inputs.text"}}}, calls({"a": "Hi."})),
    ({"arguments": {"$from": "inputs.all[0]"}}, calls({"n": 1})),
    ({"when": "one.ok", "after": ["one"], "arguments": {"a": 1}}, calls({"a": 1})),
    (
        {"for_each": "inputs.all", "arguments": {"n": {"$from": "item.n"}, "i": {"$from": "index"}}},
        calls({"n": 1, "i": 0}, {"n": 2, "i": 1}, per_item=True),
    ),
    ({"for_each": "inputs.none"}, calls(per_item=True)),
    ({"for_each": "[]"}, calls(per_item=True)),
]


@pytest.mark.parametrize(("part", "known"), KNOWN_BEFOREHAND)
def test_calls_that_hang_on_no_result_are_foreseen(part: Part, known: Calls) -> None:
    """What the plan spells out or takes from the inputs is known before anything runs, and it is what will be made."""
    inputs: dict[str, JsonValue] = {"text": "Hi.", "all": [{"n": 1}, {"n": 2}], "none": None}
    assert foreseen_calls(part, inputs) == known
    assert decide({"tool": "c__write", **part}, one=succeeded({"ok": True}), inputs=inputs) == known


@pytest.mark.parametrize(
    "part",
    [
        {"arguments": {"a": {"$from": "one"}}},
        {"arguments": {"a": [1, {"b": {"$from": "inputs.text + one.x"}}]}},
        {"arguments": {"$from": "one"}},
        {"for_each": "one", "arguments": {"a": 1}},
        {"for_each": "inputs.all", "arguments": {"a": {"$from": "one[index]"}}},
    ],
)
def test_calls_that_hang_on_a_result_are_not_foreseen(part: Part) -> None:
    """Not even in part: what is shown before is all of what will be sent."""
    assert foreseen_calls(part, {"all": [1], "text": "x"}) is None


@pytest.mark.parametrize(
    "part",
    [
        {"arguments": {"a": {"$from": "inputs.missing.x + 1"}}},
        {"arguments": {"$from": "inputs.text"}},
        {"for_each": "inputs.text", "arguments": {"a": 1}},
        {"for_each": "inputs.all", "arguments": {"a": {"$from": "1 / index"}}},
        {"for_each": "[1, 2, 3]", "arguments": {"a": 1}},
        {"tool": "n__number", "arguments": {"number": {"$from": "inputs.text"}}},
    ],
)
def test_there_are_no_calls_where_there_is_nothing_to_call_with(part: Part) -> None:
    """A step that will fail before its call makes none; it does so in the run as well."""
    inputs: dict[str, JsonValue] = {"text": "Hi.", "all": [1, 2]}
    limits = Limits(items=2)
    assert foreseen_calls(part, inputs, limits) == calls(per_item=True)
    assert isinstance(decide({"tool": "c__write", **part}, inputs=inputs, limits=limits), Failed)
