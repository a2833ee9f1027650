"""The words with which a host's own model is asked to plan."""

import json
from collections.abc import Iterable, Sequence
from typing import Final

from pydantic import JsonValue

from batonmcp.core.draft import PLAN_FORMAT
from batonmcp.core.errors import PlanInvalid
from batonmcp.core.registry import Registry
from batonmcp.core.signature import signature
from batonmcp.llm.ranking import Ranking
from batonmcp.stages.task import Task

__all__ = ["WORKED_PLAN", "ask_for_plan", "explain_problems"]

_SIGNATURE_TOKENS = 8_000
_CHARACTERS_PER_TOKEN = 4  # a cautious average over tool signatures

_WANTED = """\
Nothing was run yet: no language model is configured here, so you plan. Call orchestrate again with the same "query" and
a "plan"; all its steps then run in that one call."""

WORKED_PLAN: Final = {
    "steps": [
        {"id": "open", "tool": "tracker__list_issues", "arguments": {"state": "open", "label": "bug"}},
        {
            "id": "details",
            "tool": "tracker__get_issue",
            "when": "len(open.issues) > 0",
            "for_each": "[i for i in open.issues if i.priority == 'high']",
            "arguments": {"id": {"$from": "item.id"}},
        },
        {"id": "today", "tool": "calendar__list_events", "arguments": {"days": 1}},
    ]
}
"""One plan that shows references, a condition and a loop. Its tools are not the user's."""


def ask_for_plan(task: Task, registry: Registry) -> str:
    """Say that a plan is wanted: the format, one worked plan, and the tools."""
    return "\n\n".join(
        [
            _WANTED,
            PLAN_FORMAT,
            f"An example of the form, with tools that you do not have:\n{json.dumps(WORKED_PLAN)}",
            _tools(task.query, registry),
            *(_troubles(registry)),
        ]
    )


def explain_problems(error: PlanInvalid, document: JsonValue, registry: Registry) -> str:
    """Give every problem of a host's plan, the signatures of tools that it names or nearly names, and what is down."""
    named = [name for name in _named(document) if name in registry]
    near = [name for wrong in _named(document) if wrong not in registry for name in registry.nearest(wrong)]
    signatures = "\n".join(signature(registry[name]) for name in dict.fromkeys([*named, *near]))
    tools = [f"The tools it names, or may mean:\n{signatures}"] if signatures else []
    return "\n\n".join([str(error), *tools, *_troubles(registry), PLAN_FORMAT])


def _tools(query: str, registry: Registry) -> str:
    """Give all signatures if they fit, else the best-matching ones and every other tool's name by server."""
    lines = {tool.qualified: signature(tool) for tool in registry}
    room = _SIGNATURE_TOKENS * _CHARACTERS_PER_TOKEN
    if sum(map(len, lines.values())) <= room:
        return "The tools:\n" + "\n".join(lines.values())
    shown: list[str] = []
    for name in registry.once(Ranking).best(query, len(registry)):
        room -= len(lines[name])
        if room < 0:
            break
        shown.append(name)
    best = "\n".join(lines[name] for name in sorted(shown))
    return (
        f"The tools that match best:\n{best}\n\n"
        f'All others by server (name servers in "servers" to see their signatures):\n{_by_server(registry, shown)}'
    )


def _by_server(registry: Registry, shown: Sequence[str]) -> str:
    others: dict[str, list[str]] = {}
    for tool in registry:
        if tool.qualified not in shown:
            others.setdefault(tool.server, []).append(tool.qualified)
    return "\n".join(f"- {server}: {', '.join(names)}" for server, names in others.items())


def _troubles(registry: Registry) -> Iterable[str]:
    troubles = [f"- {agent.trouble}" for agent in registry.agents if agent.trouble]
    return ["Not available now:\n" + "\n".join(troubles)] if troubles else []


def _named(document: JsonValue) -> list[str]:
    """Return the tool names in a plan of whatever shape."""
    steps = document.get("steps") if isinstance(document, dict) else None
    entries = [step.get("tool") for step in steps if isinstance(step, dict)] if isinstance(steps, list) else []
    return [name for name in entries if isinstance(name, str)]
