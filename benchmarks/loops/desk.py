"""Five small MCP servers around the sample agents' web shop, over stdio: `python desk.py NAME`.

They are there so that a question can need eight servers. What they answer is made up, and the same on every day. Each
call takes `--seconds`, as that of a tool does which asks something elsewhere.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from batonmcp.examples.fleet_data import AS_OF, COMPONENTS
from loops.small_server import Definition, serve

__all__ = ["SERVERS", "main"]

Answer = dict[str, Any]
_NAMES = sorted(COMPONENTS)
_TEAMS = ("storefront", "data", "platform")


@dataclass(frozen=True, slots=True)
class _Lookup:
    """A tool with one argument that reads something.

    Attributes:
        name: The tool's name.
        description: What it answers.
        argument: Its argument.
        meaning: What the argument is.
        answer: Answers for a value of it; KeyError where there is no such thing.
    """

    name: str
    description: str
    argument: str
    meaning: str
    answer: Callable[[str], Answer]

    def definition(self) -> Definition:
        """Return the tool as hosts see it."""
        schema = {
            "type": "object",
            "properties": {self.argument: {"type": "string", "description": self.meaning}},
            "required": [self.argument],
            "additionalProperties": False,
        }
        hints = {"readOnlyHint": True, "openWorldHint": False}
        return {"name": self.name, "description": self.description, "inputSchema": schema, "annotations": hints}

    def call(self, arguments: Mapping[str, Any]) -> Answer:
        """Return the tool's result."""
        try:
            answer = self.answer(arguments[self.argument])
        except KeyError as unknown:
            return {"content": [{"type": "text", "text": f"There is no {unknown}."}], "isError": True}
        return {"content": [{"type": "text", "text": json.dumps(answer)}], "structuredContent": answer}


def _number(component: str) -> int:
    return _NAMES.index(COMPONENTS[component][0].name)


def _team(number: int) -> str:
    return _TEAMS[number % len(_TEAMS)]


def _last_deployment(component: str) -> Answer:
    number = _number(component)
    return {
        "component": component,
        "version": f"4.{number}.1",
        "deployed_at": AS_OF,
        "ticket": f"OPS-{100 + number}",
        "changes": [f"Change {item} of release 4.{number}.1" for item in range(1, 4)],
    }


def _ticket(name: str) -> Answer:
    number = int(name.partition("-")[2] or -1) - 100
    if name != f"OPS-{100 + number}" or not 0 <= number < len(_NAMES):
        raise KeyError(name)
    component = _NAMES[number]
    return {
        "id": name,
        "title": f"Release {component} 4.{number}.1",
        "state": "done",
        "team": _team(number),
        "comments": [f"Checked on staging by {_team(number + item)}" for item in range(3)],
    }


def _on_call(team: str) -> Answer:
    if team not in _TEAMS:
        raise KeyError(team)
    return {"team": team, "person": f"engineer-{_TEAMS.index(team) + 1}", "until": AS_OF, "reachable_by": "pager"}


def _errors(component: str) -> Answer:
    number = _number(component)
    errors = [
        {"at": AS_OF, "message": f"E{number}{item}: timeout waiting for upstream", "count": 3 + item}
        for item in (1, 2, 3)
    ]
    return {"component": component, "errors": errors}


def _runbook(component: str) -> Answer:
    _number(component)
    steps = ["Look at the dashboard", "Compare with the last deployment", "Roll back if it began then", "Tell the team"]
    return {"component": component, "steps": [f"{number}. {step}" for number, step in enumerate(steps, 1)]}


def _search(text: str) -> Answer:
    return {"found": [name for name in _NAMES if text.lower() in name]}


_COMPONENT = "Name of the component, such as checkout-db."
_TEXT = "A part of a component's name."
SERVERS: Mapping[str, Sequence[_Lookup]] = {
    "deployments": (
        _Lookup(
            "last_deployment",
            "Get the last deployment of a component: its version, when it was, what changed, and its ticket.",
            "component",
            _COMPONENT,
            _last_deployment,
        ),
        _Lookup(
            "find_deployments",
            "Find the components that were deployed this week by a part of their name.",
            "text",
            _TEXT,
            _search,
        ),
    ),
    "tickets": (
        _Lookup(
            "get_ticket",
            "Get a ticket: its title, its state, its comments and the team that owns it.",
            "id",
            "Such as OPS-123.",
            _ticket,
        ),
        _Lookup("search_tickets", "Search the open tickets about components.", "text", _TEXT, _search),
    ),
    "people": (
        _Lookup(
            "on_call", "Tell who of a team is on call now and how to reach them.", "team", "Name of the team.", _on_call
        ),
    ),
    "logs": (
        _Lookup(
            "recent_errors",
            "Get the errors that a component logged in the last hour, with how often each came.",
            "component",
            _COMPONENT,
            _errors,
        ),
        _Lookup("find_sources", "Find what writes logs by a part of its name.", "text", _TEXT, _search),
    ),
    "runbooks": (
        _Lookup(
            "get_runbook", "Get the steps to take when a component is in trouble.", "component", _COMPONENT, _runbook
        ),
        _Lookup("search_runbooks", "Search the runbooks by component.", "text", _TEXT, _search),
    ),
}
"""The servers by name, each with its tools."""


def _call(tools: Mapping[str, _Lookup], seconds: float, name: str, arguments: Mapping[str, Any]) -> Answer:
    time.sleep(seconds)
    return tools[name].call(arguments)


def main() -> None:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser(description="One of five small MCP servers, over stdio.")
    parser.add_argument("name", choices=sorted(SERVERS))
    parser.add_argument("--seconds", type=float, default=0.0, help="how long each call takes")
    options = parser.parse_args()
    tools = {tool.name: tool for tool in SERVERS[options.name]}
    serve(options.name, [tool.definition() for tool in tools.values()], partial(_call, tools, options.seconds))


if __name__ == "__main__":
    main()
