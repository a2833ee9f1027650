"""Calls and plans that stand in a text."""

import pytest

from batonmcp.llm.port import FunctionCall
from batonmcp.llm.reply.written import Offered, Written, bare_name, calls_in_text
from doubles.worded import CALLS, PLANS, STEPS

OFFERED = Offered(names={"a__x", "b__y", "plan"}, plan="plan")
CALL = FunctionCall(name="a__x", arguments={"n": 1})
PLAN = FunctionCall(name="plan", arguments={"steps": [{"id": "s1", "tool": "a__x", "arguments": {}}]})


@pytest.mark.parametrize("text", CALLS)
def test_call_in_every_form_seen(text: str) -> None:
    """A call is known by a name that is offered, under whatever keys and wrappings."""
    assert calls_in_text(text, OFFERED) == Written(calls=(CALL,))


@pytest.mark.parametrize("text", PLANS)
def test_plan_in_every_form_seen(text: str) -> None:
    """A plan is known by its steps, named as one or not."""
    assert calls_in_text(text, OFFERED).calls == (PLAN,)


def test_without_a_plan_function_steps_are_calls() -> None:
    """Where no plan can be made, steps are just entries with a name and arguments."""
    offered = Offered(names={"a__x"})
    assert calls_in_text(STEPS, offered).calls == (FunctionCall(name="a__x", arguments={}),)
    assert not calls_in_text(f'{{"steps": {STEPS}}}', offered).calls


def test_several_calls() -> None:
    """All calls of a text are meant, in their order."""
    text = '{"name": "b__y"}\n{"name": "a__x", "arguments": {"n": 1}}'
    assert [call.name for call in calls_in_text(text, OFFERED).calls] == ["b__y", "a__x"]


@pytest.mark.parametrize(
    "text",
    [
        "It rains.",
        'One could call {"name": "a__x", "arguments": {}} for that.',
        '{"name": "Anna", "age": 7}',
        '{"name": "a__x", "city": "Oslo"}',
        '{"a__x": 7}',
        '[1, "a__x"]',
        "<function=c__z>{}</function>",
    ],
)
def test_what_is_no_call(text: str) -> None:
    """Prose, examples within it, data that only looks similar, and other names call nothing."""
    assert calls_in_text(text, OFFERED) == Written()


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "c__z", "arguments": {}}',
        '```json\n{"tool": "c__z", "args": {}}\n```',
        '<tool_call>{"name": "c__z", "arguments": {}}</tool_call>',
    ],
)
def test_call_of_something_else_is_told(text: str) -> None:
    """A text that is nothing but a call of what was not offered is no answer either."""
    assert calls_in_text(text, OFFERED) == Written(strange="c__z")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"steps": [], "reason": "None fits."}', "None fits."),
        ('{"calls": [], "explanation": "None fits."}', "None fits."),
        ('{"steps": []}', ""),
        ('{"reason": "None fits."}', None),
        ("[]", None),
    ],
)
def test_nothing_to_call_and_why(text: str, reason: str | None) -> None:
    """An empty list of steps or calls is a decision, with or without a reason."""
    assert calls_in_text(text, OFFERED) == Written(reason=reason)


def test_arguments_that_break_off_are_an_error() -> None:
    """A call is not made with half of its arguments."""
    with pytest.raises(ValueError):  # noqa: PT011 - the caller says which
        calls_in_text('{"name": "a__x", "arguments": "{\\"n\\": "}', OFFERED)


def test_depth_is_bounded() -> None:
    """Lists in lists are not followed for ever."""
    assert calls_in_text("[" * 50 + '{"name": "a__x"}' + "]" * 50, OFFERED) == Written()


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        ("a__x", "a__x"),
        (" a__x ", "a__x"),
        ("functions.a__x", "a__x"),
        ("functions.a__x:0", "a__x"),
        ("a__x:12", "a__x"),
        ("default_api.a__x", "a__x"),
        ("a__x<|channel|>commentary", "a__x"),
        ("a__xa__x", "a__x"),
        ("functions.c", "functions.c"),
        ("c:0", "c:0"),
        ("", ""),
    ],
)
def test_name_without_its_namespace(name: str, bare: str) -> None:
    """The namespace, a number, a marker and the name once more are taken off where what is left is offered."""
    assert bare_name(name, OFFERED) == bare
