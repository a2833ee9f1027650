"""What may run without a person's decision."""

import json
from collections.abc import Sequence
from typing import cast

from pydantic import JsonValue

from batonmcp.core.plan import Plan, Step

__all__ = ["explain", "needs_decision"]

_LONGEST_VALUE = 300


def needs_decision(plan: Plan) -> Sequence[Step]:
    """Return the steps that a person decides about before anything runs: all that are not read."""
    return [step for step in plan.steps if step.tool.effect.kind != "read"]


def explain(plan: Plan) -> str:
    """Tell in plain words what a plan would do, a line a step."""
    return "\n".join(_line(number, step) for number, step in enumerate(plan.steps, 1))


def _line(number: int, step: Step) -> str:
    tool = step.tool
    why = {"declared": "as its server declares", "guessed": "its server does not say", "set": "set in servers.json"}
    agent = _one_line(tool.agent)
    parts = [f"{number}. {tool.qualified} ({agent}): {tool.effect.kind}, {why[tool.effect.source]}"]
    if step.when:
        parts.append(f"only if {_one_line(step.when.source)}")
    if step.for_each:
        parts.append(f"once for each of {_one_line(step.for_each.source)}")
    arguments = ", ".join(f"{_one_line(name)} = {_value(value)}" for name, value in _arguments(step).items())
    parts.append(f"with {arguments}" if arguments else "without arguments")
    return "; ".join(parts)


def _arguments(step: Step) -> dict[str, JsonValue]:
    return cast("dict[str, JsonValue]", step.arguments.as_json())


def _value(value: JsonValue) -> str:
    """Show an expression as it is and anything else as JSON, so that texts stand in quotes."""
    match value:
        case {"$from": str(source)} if len(value) == 1:
            return f"the value of {_one_line(source)}"
        case _:
            text = json.dumps(value, ensure_ascii=False)
            return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}… ({len(text):,} characters)"


def _one_line(text: str) -> str:
    """Keep a server's or a planner's text from looking like a further step of the plan."""
    return " ".join(text.split())
