"""The one tool that hosts see."""

import pytest
from pydantic import JsonValue

from batonmcp.core.schema import Schema
from batonmcp.host.tool import TOOL_NAME, orchestrate_tool

STATUSES = ("ok", "partial", "plan_required", "approval_required", "no_match", "failed")


def description(*agents: str) -> str:
    """Return the description with these agents behind the tool."""
    text = orchestrate_tool(agents, read_only=False).description
    assert text
    return text


def test_the_description_says_how_to_use_it() -> None:
    """One call for a task, a query that stands alone, long text in inputs, and what each status asks for."""
    text = description("files", "time")
    assert "Call it ONCE for a task, not once for each step" in text
    assert "It cannot see this conversation" in text
    assert "do not retype them in the query" in text
    for status in STATUSES:
        assert status in text


@pytest.mark.parametrize(
    ("agents", "named"),
    [
        (["time", "files"], "Behind it: files, time.\n"),
        ([], "Behind it: no servers yet.\n"),
        (["{odd}", "%s"], "Behind it: %s, {odd}.\n"),
        ([f"a{number:02}" for number in range(40)], ", a38, a39.\n"),
        ([f"a{number:02}" for number in range(60)], ", a38, a39 and 20 more.\n"),
    ],
    ids=["two", "none", "odd names", "forty", "sixty"],
)
def test_the_description_names_the_agents(agents: list[str], named: str) -> None:
    """The agents behind it are named in sorted order, forty at most."""
    assert named in description(*agents)


def test_the_description_stays_short() -> None:
    """Hosts and models read it on every turn: it keeps within 4 KB with many servers."""
    assert len(description(*(f"a-server-with-a-long-name-{number}" for number in range(500)))) < 4_000


def test_the_parameters() -> None:
    """The schema is one that compiles, takes what the design says, and refuses everything else."""
    tool = orchestrate_tool([], read_only=False)
    assert tool.name == TOOL_NAME == "orchestrate"
    assert list(tool.input_schema["properties"]) == ["query", "inputs", "servers", "output", "plan"]
    assert tool.output_schema is None
    schema = Schema(tool.input_schema)
    assert schema.defect is None
    full: dict[str, JsonValue] = {
        "query": "q",
        "inputs": {"a": [1, None]},
        "servers": ["s"],
        "output": "data",
        "plan": {"steps": [{"tool": "a__x"}]},
    }
    assert schema.violations(full) == []
    assert schema.violations({"question": "q"})
    assert schema.violations({"query": "q", "output": "poem"})
    assert schema.violations({"query": "q", "plan": {}})


@pytest.mark.parametrize("read_only", [True, False])
def test_the_annotations_are_honest(read_only: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Only where every plan that may write is refused the tool says that it only reads."""
    hints = orchestrate_tool([], read_only=read_only).annotations
    assert hints is not None
    assert hints.read_only_hint is read_only
    assert hints.destructive_hint is not read_only
    assert hints.open_world_hint is True
