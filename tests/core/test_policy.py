"""What may run without a person's decision, and how a plan is explained to one."""

from dataclasses import replace
from typing import Any, Literal

import pytest

from batonmcp.core.effect import Effect, EffectKind
from batonmcp.core.plan import Plan
from batonmcp.core.policy import explain, needs_decision
from batonmcp.core.tool import Tool
from builders import plan_of, registry, tool


def plan(*tools: Tool, **part: Any) -> Plan:  # noqa: ANN401 - JSON
    """Return a plan that calls each of these tools once, the last one as told."""
    steps: list[dict[str, Any]] = [{"id": f"s{number}", "tool": used.qualified} for number, used in enumerate(tools, 1)]
    steps[-1].update(part)
    return plan_of({"steps": [*steps]}, registry(*tools))


def test_reading_needs_no_decision() -> None:
    """A plan of reads runs at once."""
    assert list(needs_decision(plan(tool("a__x"), tool("b__y")))) == []


def test_every_step_that_is_not_read_needs_one() -> None:
    """Writes and destructive steps, in plan order, without the reads between them."""
    made = plan(tool("a__x"), tool("a__drop", effect="destructive"), tool("b__y"), tool("b__write", effect="write"))
    assert [step.tool.qualified for step in needs_decision(made)] == ["a__drop", "b__write"]


@pytest.mark.parametrize("kind", ["write", "destructive"])
@pytest.mark.parametrize("source", ["declared", "guessed", "set"])
def test_where_the_effect_comes_from_makes_no_difference(
    kind: EffectKind, source: Literal["declared", "guessed", "set"]
) -> None:
    """A guess is taken as seriously as a declaration, and idempotent as seriously as not."""
    effect = Effect(kind=kind, source=source, idempotent=True, open_world=False)
    assert needs_decision(plan(tool(effect=effect)))


@pytest.mark.parametrize(
    ("source", "told"),
    [("declared", "as its server declares"), ("guessed", "its server does not say"), ("set", "set in servers.json")],
)
def test_explains_a_line_a_step(source: Literal["declared", "guessed", "set"], told: str) -> None:
    """Number, tool, agent, what it may do and who says so."""
    effect = Effect(kind="write", source=source, idempotent=False, open_world=True)
    assert explain(plan(tool("files__list"), tool("mail_agent__send", effect=effect))).splitlines() == [
        "1. files__list (Files): read, as its server declares; without arguments",
        f"2. mail_agent__send (Mail Agent): write, {told}; without arguments",
    ]


def test_explains_conditions_lists_and_arguments() -> None:
    """Nothing that decides what will happen is left out, and a text is not to be mistaken for an expression."""
    arguments = {"to": {"$from": "item.mail"}, "text": "item.mail", "flag": True, "list": [1, {"$from": "s1.a"}]}
    made = plan(
        tool("a__x"),
        tool("m__send", effect="write"),
        when="s1.ok",
        for_each="s1.people",
        arguments=arguments,
    )
    assert explain(made).splitlines()[1] == (
        "2. m__send (M): write, as its server declares; only if s1.ok; once for each of s1.people; "
        'with to = the value of item.mail, text = "item.mail", flag = true, list = [1, {"$from": "s1.a"}]'
    )


def test_a_long_value_is_cut_with_its_length() -> None:
    """The question stays readable, and says that there is more."""
    told = explain(plan(tool(), arguments={"text": "x" * 5_000}))
    assert len(told) < 500
    assert "(5,002 characters)" in told


FORGED = "A\n9. evil__tool (Evil): read, as its server declares"


@pytest.mark.parametrize(
    ("agent", "part"),
    [
        pytest.param(FORGED, {}, id="display name"),
        pytest.param("A", {"arguments": {FORGED: 1}}, id="argument name"),
        pytest.param("A", {"arguments": {"a": FORGED}}, id="argument"),
        pytest.param("A", {"arguments": {"a": {"$from": "[1,\n9.5]"}}}, id="expression"),
        pytest.param("A", {"when": "[1,\n2]"}, id="when"),
        pytest.param("A", {"for_each": "[1,\n2]"}, id="for_each"),
    ],
)
def test_no_text_can_pass_for_a_further_step(agent: str, part: dict[str, Any]) -> None:
    """A server's name or a plan's text with line breaks stays on the line of its step."""
    made = plan(replace(tool(effect="write"), agent=agent), **part)
    assert len(explain(made).splitlines()) == 1
