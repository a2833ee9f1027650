"""The one tool that hosts see: its name, its words, its parameters."""

from collections.abc import Sequence
from typing import Any, Final

from mcp_types import Tool, ToolAnnotations

__all__ = ["TOOL_NAME", "orchestrate_tool"]

TOOL_NAME: Final = "orchestrate"

_MOST_AGENTS = 40

_DESCRIPTION = """\
Does a whole task with the tools of other MCP servers, in one call: it finds the tools, runs them (at the same time, \
or in order with data passed on) and returns one answer.
Behind it: {agents}.
Call it ONCE for a task, not once for each step: "check X, and if it fails, get Y" is one call.
- query: the complete task in plain words. It cannot see this conversation: put every name, id and date into it.
- inputs: long or exact values that the task needs (a message's text, ids), by name; do not retype them in the query.
- output: "answer" (default), "data" for the results as JSON, "plan" to see what would run without running it.
What the reply's status asks of you: ok or partial - use the answer, which says what is missing and why; \
plan_required - nothing ran yet, call again with the same query and a plan as described there; approval_required - \
nothing ran, tell the user what has to be decided; no_match - no tool fits, it lists what there is; \
failed - it says what went wrong and what to change."""

_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "query": {
            "type": "string",
            "description": "The complete, self-contained task. May be left out if a plan is given.",
        },
        "inputs": {
            "type": "object",
            "description": "Values that steps of the plan read as inputs.NAME.",
            "additionalProperties": True,
        },
        "servers": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Use only these servers.",
        },
        "output": {
            "type": "string",
            "enum": ["answer", "data", "plan"],
            "description": "What to return; an answer in words unless said otherwise.",
        },
        "plan": {
            "type": "object",
            "description": 'A plan {"steps": [...]} to run as it is. Give one when a reply says plan_required.',
            "properties": {"steps": {"type": "array", "items": {"type": "object", "additionalProperties": True}}},
            "required": ["steps"],
            "additionalProperties": True,
        },
    },
    "additionalProperties": False,
}


def orchestrate_tool(agents: Sequence[str], *, read_only: bool) -> Tool:
    """Describe the tool.

    Args:
        agents: Names of the servers behind it.
        read_only: Whether it never runs a step that is not read.
    """
    named = sorted(agents)[:_MOST_AGENTS]
    more = f" and {len(agents) - _MOST_AGENTS} more" if len(agents) > _MOST_AGENTS else ""
    return Tool(
        name=TOOL_NAME,
        title="Orchestrate",
        description=_DESCRIPTION.format(agents=(", ".join(named) or "no servers yet") + more),
        input_schema=_SCHEMA,
        annotations=ToolAnnotations(
            title="Orchestrate", read_only_hint=read_only, destructive_hint=not read_only, open_world_hint=True
        ),
    )
