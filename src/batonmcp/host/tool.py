"""The one tool that hosts see: its name, its words, its parameters."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mcp_types import Tool, ToolAnnotations

from batonmcp.core.policy import Profile
from batonmcp.core.printable import printable
from batonmcp.core.registry import Registry

__all__ = ["TOOL_NAME", "AgentLine", "lines_of", "orchestrate_tool"]

TOOL_NAME: Final = "orchestrate"

_MOST_AGENTS = 40
_LONGEST = 2_000
_LONGEST_NAME = 40
_MORE = len(" and 10000 more")

_DESCRIPTION = """\
Does a whole task with the tools of other MCP servers in one call: it finds the tools, runs them (at the same time, or \
in order with data passed on) and returns one answer.{only_reads}
Behind it: {agents}.
Call it ONCE for a task, not once for each step: "check X, and if it fails, get Y" is one call.
It cannot see this conversation: put every name, id and date into query. Long or exact values (a message's text, ids) \
go into inputs; do not retype them in the query.
What the status of a reply asks of you:
- ok, partial: use the answer; it says what is missing and why.
- running: it goes on; call again with its run_id alone for the rest.
- plan_required: nothing ran; call again with the same query and a plan as described there.
- approval_required: it waits; tell the user what has to be decided and where, then call again with its run_id.
- planned: nothing ran, as you asked; call again with the plan to run it.
- busy: nothing ran; call again a little later.
- refused, no_match, failed, cancelled: it says why and what to change; do not repeat the same call."""

_ONLY_READS = " It only reads: a plan that would change something is refused."

_PROPERTIES: Final[dict[str, Any]] = {
    "query": {
        "type": "string",
        "description": "The complete, self-contained task. May be left out if a plan or a run_id is given.",
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
        "description": "What to return: an answer in words (default), the results as JSON, or the plan, not run.",
    },
    "plan": {
        "type": "object",
        "description": 'A plan {"steps": [...]} to run as it is. Give one when a reply says plan_required.',
        "properties": {"steps": {"type": "array", "items": {"type": "object", "additionalProperties": True}}},
        "required": ["steps"],
        "additionalProperties": True,
    },
    "run_id": {
        "type": "string",
        "description": "Of an earlier reply: go on with that run, wait for it, or read from it.",
    },
    "select": {
        "type": "string",
        "description": "With run_id: an expression over its steps, such as step1.items[:5]; returns that part only.",
    },
    "fresh": {
        "type": "boolean",
        "description": "Make a new plan even if the same was asked before: when the plan of before was not right.",
    },
}

_APPROVAL: Final[dict[str, Any]] = {
    "type": "string",
    "description": "The token of an approval_required reply, once the user has agreed to exactly what it shows.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentLine:
    """What the description says of a server.

    Attributes:
        name: Its key in servers.json.
        title: Its display name.
        tools: How many it offers; None while nobody has asked it.
        in_trouble: Whether something is wrong with it.
    """

    name: str
    title: str = ""
    tools: int | None = None
    in_trouble: bool = False


def lines_of(registry: Registry) -> Sequence[AgentLine]:
    """Return what there is to say of the servers of a registry."""
    tools = Counter(tool.server for tool in registry)
    return [
        AgentLine(name=agent.name, title=agent.title, tools=tools[agent.name], in_trouble=bool(agent.trouble))
        for agent in registry.agents
    ]


def orchestrate_tool(agents: Sequence[AgentLine], *, profile: Profile, approvals_by_host: bool) -> Tool:
    """Describe the tool. The same agents, in whatever order, give the same bytes: models' caches depend on them.

    Args:
        agents: The servers behind it.
        profile: Who decides about steps that are not read; in `read_only` they never run.
        approvals_by_host: Whether a host may carry a person's decision.
    """
    only_reads = profile == "read_only"
    words = _DESCRIPTION.format(agents="{agents}", only_reads=_ONLY_READS if only_reads else "")
    room = _LONGEST - len(words)
    properties = {**_PROPERTIES, "approval": _APPROVAL} if approvals_by_host else _PROPERTIES
    return Tool(
        name=TOOL_NAME,
        title="Orchestrate",
        description=words.replace("{agents}", _named(agents, room), 1),
        input_schema={"type": "object", "properties": properties, "additionalProperties": False},
        annotations=ToolAnnotations(
            title="Orchestrate", read_only_hint=only_reads, destructive_hint=not only_reads, open_world_hint=True
        ),
    )


def _named(agents: Sequence[AgentLine], room: int) -> str:
    """Name the servers that can be used, in as many characters; those that offer nothing are left out."""
    lines = list(_lines(agents))
    if not lines:
        return "no server that offers a tool" if agents else "no servers yet"
    shown: list[str] = []
    left = room - _MORE
    for line in lines[:_MOST_AGENTS]:
        left -= len(line) + 2
        if left < 0:
            break
        shown.append(line)
    more = f" and {len(lines) - len(shown)} more" if len(lines) > len(shown) else ""
    return ", ".join(shown) + more


def _lines(agents: Sequence[AgentLine]) -> Iterator[str]:
    for agent in sorted(agents, key=lambda agent: agent.name):
        name = printable(agent.name, _LONGEST_NAME)
        title = printable(agent.title, _LONGEST_NAME).replace('"', "'")
        called = f'{name} "{title}"' if title and title != name else name
        match agent.tools:
            case None:
                yield called
            case 0 if agent.in_trouble:
                yield f"{name} (not available now)"
            case 0:
                continue
            case number:
                yield f"{called} ({number} {'tool' if number == 1 else 'tools'})"
