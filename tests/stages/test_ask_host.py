"""The words that ask a host's model for a plan."""

import json

import pytest
from pydantic import JsonValue

from batonmcp.core.draft import PLAN_FORMAT
from batonmcp.core.errors import PlanInvalid
from batonmcp.core.registry import Agent, Registry
from batonmcp.core.signature import signature
from batonmcp.stages.ask_host import WORKED_PLAN, ask_for_plan, explain_problems
from batonmcp.stages.task import Task
from builders import plan_of, registry, tool

FEW = registry(
    tool("files__read", description="Reads a file.", input_schema={"properties": {"path": {"type": "string"}}}),
    tool("time__now", description="Tells the time."),
)
DOWN = registry(
    tool("files__read"),
    agents=[
        Agent(name="files", title="Files"),
        Agent(name="mail", title="Mail", trouble="mail cannot start: there is no program 'mailer'. Install it."),
    ],
)
WORDS = ("apple", "bread", "chair", "door", "engine", "flower", "garden", "house", "island", "jungle")


def many(count: int) -> Registry:
    """Return a registry whose signatures do not fit: each tool has long words of its own and a long schema."""
    schema = {"type": "object", "properties": {f"parameter_{number}": {"type": "string"} for number in range(80)}}
    return registry(
        *(
            tool(f"s{number % 3}__{WORDS[number % 10]}_{number}", description="Works.", input_schema=schema)
            for number in range(count)
        )
    )


def test_the_request_says_what_is_wanted() -> None:
    """It says that nothing ran, what to call, the format, one worked plan, and every signature if they are few."""
    text = ask_for_plan(Task(query="What time is it?"), FEW)
    assert text.startswith("Nothing was run yet")
    assert 'Call orchestrate again with the same "query" and\na "plan"' in text
    assert PLAN_FORMAT in text
    assert json.dumps(WORKED_PLAN) in text
    for known in FEW:
        assert signature(known) in text
    assert "Not available" not in text


def test_the_worked_plan_is_valid_and_shows_the_language() -> None:
    """The example is a plan that our own check takes, with a reference, a condition and a loop in it."""
    known = registry(tool("tracker__list_issues"), tool("tracker__get_issue"), tool("calendar__list_events"))
    document: JsonValue = json.loads(json.dumps(WORKED_PLAN))
    plan = plan_of(document, known)
    assert plan.mode == "sequential"
    assert plan.notes == ()
    assert plan.as_json() == WORKED_PLAN
    assert any(step.when for step in plan.steps)
    assert any(step.for_each for step in plan.steps)


def test_servers_in_trouble_are_told() -> None:
    """A server whose tools are missing is named with the reason and what to do."""
    text = ask_for_plan(Task(query="q"), DOWN)
    assert "Not available now:\n- mail cannot start: there is no program 'mailer'. Install it." in text


def test_without_any_tool() -> None:
    """With no server at all the request still stands, with an empty list."""
    assert "The tools:\n" in ask_for_plan(Task(query="q"), registry())


def test_a_large_catalogue_is_shown_in_part() -> None:
    """Signatures are shown up to 8,000 tokens, the best-matching first; all other tools by name under their servers."""
    known = many(200)
    text = ask_for_plan(Task(query="Open the garden"), known)
    shown = [known_tool for known_tool in known if signature(known_tool) in text]
    assert 0 < len(shown) < 20
    assert all("garden" in known_tool.qualified for known_tool in shown)
    assert sum(len(signature(known_tool)) for known_tool in shown) <= 32_000
    head, _, rest = text.partition("All others by server")
    assert '"servers"' in rest
    assert "The tools that match best:" in head
    assert [line.split(":")[0] for line in rest.splitlines()[1:]] == ["- s0", "- s1", "- s2"]
    for known_tool in known:
        assert (known_tool.qualified in rest) is (known_tool not in shown)


def test_a_large_catalogue_is_deterministic() -> None:
    """The same query over the same tools gives the same words."""
    assert ask_for_plan(Task(query="Open the garden"), many(100)) == ask_for_plan(
        Task(query="Open the garden"), many(100)
    )


def test_narrowed_to_a_server_all_its_signatures_are_shown() -> None:
    """What is left out can be had by naming servers, until it fits."""
    known = many(40).only(["s1"])
    text = ask_for_plan(Task(query="Open the garden"), known)
    assert all(signature(known_tool) in text for known_tool in known)
    assert "All others" not in text


def problems_of(document: JsonValue, known: Registry) -> str:
    """Return what a host is told about a plan that is wrong."""
    with pytest.raises(PlanInvalid) as error:
        plan_of(document, known)
    return explain_problems(error.value, document, known)


def test_every_problem_comes_back_with_the_signatures_of_the_tools() -> None:
    """A wrong plan is answered with all its problems and the signatures of the tools it names or nearly names."""
    document: JsonValue = {
        "steps": [
            {"id": "one", "tool": "files__read", "arguments": {"path": [7]}},
            {"id": "two", "tool": "time__noww", "arguments": {"a": {"$from": "three.x"}}},
        ]
    }
    text = problems_of(document, FEW)
    assert text.startswith("The plan has 3 problems; nothing was run.")
    assert "steps[0].arguments.path" in text
    assert "steps[1].tool: there is no tool 'time__noww'" in text
    assert "'three' is no earlier step" in text
    for known in FEW:
        assert text.count(signature(known)) == 1
    assert text.endswith(PLAN_FORMAT)


@pytest.mark.parametrize(
    "document",
    [{}, {"steps": {}}, {"steps": ["x", 1, None]}, {"steps": [{"tool": 5}]}, {"steps": [{"tool": "zzz"}]}, [], "plan"],
    ids=str,
)
def test_a_plan_of_any_shape_is_explained(document: JsonValue) -> None:
    """Whatever was sent, the answer names the problem and the form that is wanted."""
    text = problems_of(document, FEW)
    assert "nothing was run" in text
    assert PLAN_FORMAT in text
    assert "or may mean" not in text


def test_a_tool_of_a_server_in_trouble_is_explained() -> None:
    """A plan that names a tool of a server that is down learns why the tool is missing."""
    text = problems_of({"steps": [{"tool": "mail__send"}]}, DOWN)
    assert "there is no tool 'mail__send'" in text
    assert "mail cannot start: there is no program 'mailer'. Install it." in text
