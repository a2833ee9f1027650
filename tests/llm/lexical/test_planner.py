"""Tests of `batonmcp.llm.lexical`."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batonmcp.core.effect import Annotations, effect_of
from batonmcp.core.plan import Plan
from batonmcp.core.proposal import NoTool, Proposal
from batonmcp.core.registry import Registry
from batonmcp.core.schema import Schema
from batonmcp.core.tool import Tool
from batonmcp.examples import analytics_agent, config_agent, data_agent
from batonmcp.examples.sample_agent import SampleAgent
from batonmcp.llm.lexical import plan_lexically
from builders import plan_of, registry, tool

REPORT, TRENDS, CONFIG = "data_agent__get_report", "analytics_agent__get_trends", "config_agent__check_config"

LEAST_HITS = 15
"""How many of the paraphrases were planned as expected when this was written; docs/lexical-planner.md has the table."""


def _tool_of(agent: SampleAgent) -> Tool:
    definition = agent.definition()
    qualified = f"{agent.name}__{definition.name}"
    return Tool(
        qualified=qualified,
        server=agent.name,
        name=definition.name,
        agent=agent.title,
        description=definition.description or "",
        input_schema=Schema(definition.input_schema),
        output_schema=Schema(definition.output_schema or {}),
        effect=effect_of(qualified, qualified, annotations=Annotations(read_only=True), overrides={}),
    )


SAMPLE = registry(*(_tool_of(module.AGENT) for module in (analytics_agent, config_agent, data_agent)))


def _plan(query: str, tools: Registry = SAMPLE) -> Plan:
    routed = plan_lexically(query, tools)
    assert isinstance(routed, Proposal), routed
    return plan_of(routed.document, tools)


def _tools(plan: Plan) -> list[str]:
    return [step.tool.qualified for step in plan.steps]


def test_one_tool_is_enough() -> None:
    """A question that one tool answers is one step."""
    plan = _plan("Current system metrics?")
    assert (plan.mode, _tools(plan)) == ("single", [REPORT])


def test_two_things_at_once() -> None:
    """Things joined by `and` do not wait for each other."""
    plan = _plan("Give me metrics and trend analysis")
    assert (plan.mode, _tools(plan)) == ("parallel", [REPORT, TRENDS])


def test_one_thing_because_of_another() -> None:
    """`if any` makes a condition, and the argument comes from the first result."""
    plan = _plan("Check anomalies and pull config if any")
    assert (plan.mode, _tools(plan)) == ("sequential", [TRENDS, CONFIG])
    document: Any = plan.as_json()
    assert document["steps"][1] == {
        "id": "s2",
        "tool": CONFIG,
        "when": "len(s1.anomalies) > 0",
        "for_each": "unique([a.component for a in s1.anomalies])",
        "arguments": {"component": {"$from": "item"}},
    }


def test_paraphrases_do_not_get_worse() -> None:
    """The paraphrases were written before the planner; as many as then are still planned as expected."""
    text = (Path(__file__).parent / "paraphrases.json").read_text("utf-8")
    hits = 0
    for case in json.loads(text):
        routed = plan_lexically(case["query"], SAMPLE)
        if isinstance(routed, Proposal):
            plan = plan_of(routed.document, SAMPLE)
            hits += (_tools(plan), plan.mode) == (case["tools"], case["mode"])
    assert hits >= LEAST_HITS


@pytest.mark.parametrize(
    "query", ["hello", "What is the meaning of life?", "Current weather", "Book a flight", "", "?"]
)
def test_no_tool_for_something_else(query: str) -> None:
    """What no tool is about is not planned, and the reason is given."""
    routed = plan_lexically(query, SAMPLE)
    assert isinstance(routed, NoTool)
    assert routed.reason
    assert routed.notes == ("Planned by keyword match, without a language model.",)


def test_it_says_that_it_is_a_keyword_match() -> None:
    """Nobody takes the plan for a model's."""
    routed = plan_lexically("Current system metrics?", SAMPLE)
    assert routed.notes[0] == "Planned by keyword match, without a language model."


def test_no_tools_no_plan() -> None:
    """An empty registry is no reason to fail."""
    assert isinstance(plan_lexically("anything", registry()), NoTool)


def test_a_long_query_is_refused() -> None:
    """A text that is no question is not searched through."""
    routed = plan_lexically("x " * 4_000, SAMPLE)
    assert isinstance(routed, NoTool)
    assert "too long" in routed.reason


def test_a_registry_of_its_own_for_each_definition() -> None:
    """A changed definition is seen; many registries after each other do not pile up."""
    for number in range(12):
        name = f"a__get_thing{number}x"
        assert _tools(_plan(f"thing{number}x", registry(tool(name)))) == [name]


_TEXT = (
    "and then , . if any there are for each their it metrics trends config anomalies checkout component= 'x' 5 /a not "
    "show check delete entity all before after using based on the of current"
)
_WORDS = st.sampled_from(_TEXT.split())


@settings(deadline=None, max_examples=300)
@given(st.lists(_WORDS, max_size=14).map(" ".join) | st.text(max_size=60))
def test_whatever_is_planned_is_valid(query: str) -> None:
    """Any text gives a plan that passes validation, or a reason; the same text gives the same."""
    routed = plan_lexically(query, SAMPLE)
    assert routed == plan_lexically(query, SAMPLE)
    if isinstance(routed, Proposal):
        assert plan_of(routed.document, SAMPLE).steps
