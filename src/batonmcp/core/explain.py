"""Plans in plain words: what a step would do, with which arguments, and where each of them comes from.

What servers and planners write stands in quotes and on the line of its step, so that none of it can pass for a line of
ours.
"""

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import cast

from pydantic import JsonValue

from batonmcp.core.expression import Expression
from batonmcp.core.ids import INPUTS, PER_ITEM
from batonmcp.core.plan import Plan, Step
from batonmcp.core.printable import printable

__all__ = ["arguments_of", "digest_of", "explain", "named", "quoted", "written_arguments"]

_LONGEST_VALUE = 300
_LONGEST_NAME = 80
_LONGEST_SOURCE = 200
_FINGERPRINT = 12
_SOURCES = {"declared": "as its server declares", "guessed": "its server does not say", "set": "set in servers.json"}


def explain(plan: Plan) -> str:
    """Tell in plain words what a plan would do, a line a step."""
    return "\n".join(_line(number, step) for number, step in enumerate(plan.steps, 1))


def named(step: Step) -> str:
    """Name a step's tool, and whose it is."""
    return f"{step.tool.qualified} ({printable(step.tool.agent, _LONGEST_NAME)})"


def written_arguments(step: Step, *, longest: int = _LONGEST_VALUE) -> Iterator[str]:
    """Yield each argument as the plan has it, with where its value comes from."""
    document = cast("dict[str, JsonValue]", step.arguments.as_json())
    origins = _origins(step)
    for name, value in document.items():
        yield f"{_name(name)} = {_written(value, longest)}{origins.get(name, '')}"


def arguments_of(step: Step, arguments: Mapping[str, JsonValue], *, longest: int = _LONGEST_VALUE) -> Iterator[str]:
    """Yield each argument of a call as it will be sent, with where its value comes from."""
    origins = _origins(step)
    for name, value in arguments.items():
        yield f"{_name(name)} = {quoted(value, longest)}{origins.get(name, '')}"


def quoted(value: JsonValue, longest: int) -> str:
    """Show a value as JSON on one line; a long one by its beginning, its length and a fingerprint of the whole."""
    text = _one_line(json.dumps(value, ensure_ascii=False))
    if len(text) <= longest:
        return text
    return f"{text[:longest]}… ({len(text):,} characters, sha256 {digest_of(value)[:_FINGERPRINT]})"


def digest_of(value: JsonValue) -> str:
    """Return a digest of a value, the same for the same JSON whatever the order of its keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _line(number: int, step: Step) -> str:
    effect = step.tool.effect
    parts = [f"{number}. {named(step)}: {effect.kind}, {_SOURCES[effect.source]}"]
    if step.when:
        parts.append(f"only if {_expression(step.when)}")
    if step.for_each:
        parts.append(f"once for each of {_expression(step.for_each)}")
    arguments = ", ".join(written_arguments(step))
    parts.append(f"with {arguments}" if arguments else "without arguments")
    return "; ".join(parts)


def _written(value: JsonValue, longest: int) -> str:
    """Show an expression as it is and anything else as JSON, so that texts stand in quotes."""
    match value:
        case {"$from": str(source)} if len(value) == 1:
            return f"the value of {printable(source, _LONGEST_SOURCE)}"
        case _:
            return quoted(value, longest)


def _origins(step: Step) -> dict[str, str]:
    """Say, by argument, which steps and inputs its value is made of; one that the plan spells out is not named."""
    names: dict[str, set[str]] = {}
    for path, expression in step.arguments.expressions():
        names.setdefault(str(path[0]) if path else "", set()).update(expression.names)
    looped = step.for_each.names if step.for_each else frozenset[str]()
    return {argument: _origin(found, looped) for argument, found in names.items()}


def _origin(names: set[str], looped: frozenset[str]) -> str:
    made_of = (names - PER_ITEM) | (looped if names & PER_ITEM else frozenset[str]())
    steps = [f"step `{name}`" for name in sorted(made_of - {INPUTS})]
    parts = [*steps, *(["what was passed in"] if INPUTS in made_of else [])]
    return f" (from {' and '.join(parts)})" if parts else ""


def _expression(expression: Expression) -> str:
    return printable(expression.source, _LONGEST_SOURCE)


def _name(name: str) -> str:
    return printable(name, _LONGEST_NAME)


def _one_line(text: str) -> str:
    """Keep a text from looking like a further line, and from hiding anything."""
    return printable(text, max(len(text), 1))
