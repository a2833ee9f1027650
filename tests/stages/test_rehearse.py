"""The dry run, in words."""

import json
from typing import Any

import pytest
from pydantic import JsonValue

from batonmcp.core.effect import Effect
from batonmcp.core.policy import Policy, judge
from batonmcp.stages.rehearse import rehearsed
from builders import plan_of, registry, tool

WEB = tool("web__search", effect=Effect(kind="read", source="declared", idempotent=True, open_world=True))
TOOLS = registry(tool("a__x"), tool("mail__send", effect="write"), tool("db__drop", effect="destructive"), WEB)

READ: dict[str, JsonValue] = {"id": "x", "tool": "a__x", "arguments": {"q": "y"}}
SEND: dict[str, JsonValue] = {"id": "m", "tool": "mail__send"}
DROP: dict[str, JsonValue] = {"id": "d", "tool": "db__drop"}


def told(*steps: JsonValue, policy: Policy | None = None, answers: bool = False) -> list[str]:
    """Return the lines of a dry run before the plan itself, which is there if it may run."""
    plan = plan_of({"steps": list(steps)}, TOOLS)
    judgement = judge(plan, policy or Policy())
    lines = rehearsed(plan, judgement, answers=answers).splitlines()
    if judgement.denied:
        return lines
    *lines, says, document = lines
    assert says == "This is the plan, to be given back if it is to run:"
    assert plan_of(json.loads(document), TOOLS).as_json() == plan.as_json()
    return lines


def test_a_plan_that_reads() -> None:
    """What it is, what each step would do, that nobody would be asked, and what it would take."""
    assert told(READ, answers=True) == [
        "Nothing was run. The plan is single: it only reads.",
        '1. a__x (A): read, as its server declares; with q = "y"',
        "Nobody would be asked.",
        "It would take 1 tool call and one call of the model, for the answer.",
    ]


def test_a_plan_that_a_person_is_asked_about() -> None:
    """Who would be asked about what, and why."""
    lines = told(READ, SEND, {**DROP, "after": ["m"]})
    assert lines[0] == "Nothing was run. The plan is sequential: it may destroy something."
    assert lines[4:] == [
        "A person would be asked first:",
        "- mail__send (step `m`) may change something (as its server declares).",
        "- db__drop (step `d`) may destroy something (as its server declares).",
        "It would take 3 tool calls and no call of a model.",
    ]


def test_a_plan_that_is_denied() -> None:
    """What the policy does not let run is told, and that is all: nobody would be asked, and nothing called."""
    lines = told(READ, SEND, policy=Policy(profile="read_only"))
    assert lines[0] == "Nothing was run. The plan is parallel: it may change something."
    assert lines[3:] == [
        "It would be refused:",
        (
            "- mail__send (step `m`) may change something (as its server declares), "
            "and only tools that read may run here (profile read_only)."
        ),
    ]


def test_data_that_would_leave_its_server() -> None:
    """A plan that only reads may be asked about all the same."""
    lines = told(READ, {"id": "w", "tool": "web__search", "arguments": {"q": {"$from": "x"}}})
    assert lines[0] == "Nothing was run. The plan is sequential: it only reads."
    assert lines[3:5] == [
        "A person would be asked first:",
        "- web__search (step `w`) reaches beyond its own server with data of a.",
    ]


EACH: dict[str, Any] = {"for_each": "inputs.all", "arguments": {"q": {"$from": "item"}}}


@pytest.mark.parametrize(
    ("steps", "takes"),
    [
        ([{**READ, **EACH}], "a tool call for each item of step `x`"),
        ([READ, {**SEND, **EACH}], "1 tool call, a tool call for each item of step `m`"),
        (
            [{**READ, **EACH}, SEND, DROP, {"id": "w", "tool": "web__search", **EACH}],
            "2 tool calls, a tool call for each item of step `x`, a tool call for each item of step `w`",
        ),
    ],
)
def test_loops_are_told_apart(steps: list[JsonValue], takes: str) -> None:
    """How many calls a loop makes is not known before; that it makes some is told."""
    assert told(*steps)[-1] == f"It would take {takes} and no call of a model."
