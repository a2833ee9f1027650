"""What may run without a person's decision."""

from collections.abc import Sequence

from batonmcp.core.plan import Plan, Step

__all__ = ["explain", "needs_decision"]


def needs_decision(plan: Plan) -> Sequence[Step]:
    """Return the steps that a person decides about before anything runs: all that are not read."""
    return [step for step in plan.steps if step.tool.effect.kind != "read"]


def explain(plan: Plan) -> str:
    """Tell in plain words what a plan would do, a line a step."""
    return "\n".join(_line(number, step) for number, step in enumerate(plan.steps, 1))


def _line(number: int, step: Step) -> str:
    tool = step.tool
    why = {"declared": "as its server declares", "guessed": "its server does not say", "set": "set in servers.json"}
    parts = [f"{number}. {tool.qualified} ({tool.agent}): {tool.effect.kind}, {why[tool.effect.source]}"]
    if step.when:
        parts.append(f"only if {step.when.source}")
    if step.for_each:
        parts.append(f"once for each of {step.for_each.source}")
    arguments = step.as_json()["arguments"]
    parts.append(f"with {arguments}" if arguments else "without arguments")
    return "; ".join(parts)
