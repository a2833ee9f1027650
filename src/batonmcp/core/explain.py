"""Plans in plain words: what a step would do, with which arguments, and where each of them comes from.

What servers, planners and tools write stands in quotes and on the line of its step, so that none of it can pass for
words of ours. What does not print is shown by its number, so that nothing hides in it.
"""

import json
import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Final

from pydantic import JsonValue

from batonmcp.core.expression import Expression
from batonmcp.core.ids import INPUTS, PER_ITEM
from batonmcp.core.plain_text import holds_hidden
from batonmcp.core.plan import Plan, Step

__all__ = ["arguments_of", "code", "digest_of", "explain", "named", "quoted", "written_arguments"]

_LONGEST_VALUE: Final = 300
_LONGEST_NAME: Final = 80
_LEAST_CUT: Final = 40
"""A text no longer than this is never cut: the note about it would be as long."""

_FINGERPRINT: Final = 12
_SOURCES: Final = {
    "declared": "as its server declares",
    "guessed": "its server does not say",
    "set": "set in servers.json",
}
_PLAIN_NAME: Final = re.compile(r"[\w.-]{1,80}", re.ASCII)
_PLAIN_TITLE: Final = re.compile(r"(?=.{1,80}$)[\w.-]+( [\w.-]+)*", re.ASCII)
_WHOLE: Final = None
"""Stands for all arguments together, where one expression gives them."""


def explain(plan: Plan) -> str:
    """Tell in plain words what a plan would do, a line a step."""
    return "\n".join(_line(number, step) for number, step in enumerate(plan.steps, 1))


def named(step: Step) -> str:
    """Name a step's tool, and whose it is."""
    title = step.tool.agent
    return f"{step.tool.qualified} ({title if _PLAIN_TITLE.fullmatch(title) else quoted(title, _LONGEST_NAME)})"


def written_arguments(step: Step, *, longest: int = _LONGEST_VALUE) -> Iterator[str]:
    """Yield each argument as the plan has it, with where its value comes from."""
    document, origins = step.arguments.as_json(), _origins(step)
    match document:
        case {"$from": str(source)} if len(document) == 1:
            yield f"all arguments together = the value of {code(source, longest)}{origins[_WHOLE]}"
        case {"$raw": dict(raw)} if len(document) == 1:
            yield from arguments_of(step, raw, longest=longest)
        case dict():
            for name, value in document.items():
                yield f"{_name(name)} = {_written(value, longest)}{origins.get(name, '')}"
        case _:
            yield f"all arguments together = {quoted(document, longest)}"


def arguments_of(step: Step, arguments: Mapping[str, JsonValue], *, longest: int = _LONGEST_VALUE) -> Iterator[str]:
    """Yield each argument of a call as it will be sent, with where its value comes from."""
    origins = _origins(step)
    for name, value in arguments.items():
        yield f"{_name(name)} = {quoted(value, longest)}{origins.get(name) or origins.get(_WHOLE, '')}"


def quoted(value: JsonValue, longest: int) -> str:
    """Show a value as JSON on one line; a long one by its beginning, its length and a fingerprint of the whole."""
    return _cut(json.dumps(value, ensure_ascii=False), longest, value)


def code(source: str, longest: int) -> str:
    """Show an expression on one line, between backticks; cut as a value is."""
    return quoted(source, longest) if "`" in source else _cut(f"`{source}`", longest, source)


def digest_of(value: JsonValue) -> str:
    """Return a digest of a value, the same for the same JSON whatever the order of its keys."""
    return sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")).hexdigest()


def _line(number: int, step: Step) -> str:
    effect = step.tool.effect
    parts = [f"{number}. {named(step)}: {effect.kind}, {_SOURCES[effect.source]}"]
    if step.when:
        parts.append(f"only if {code(step.when.source, _LONGEST_VALUE)}")
    if step.for_each:
        parts.append(f"once for each of {code(step.for_each.source, _LONGEST_VALUE)}")
    arguments = ", ".join(written_arguments(step))
    parts.append(f"with {arguments}" if arguments else "without arguments")
    return "; ".join(parts)


def _written(value: JsonValue, longest: int) -> str:
    """Show an expression as it is and anything else as JSON, so that texts stand in quotes."""
    match value:
        case {"$from": str(source)} if len(value) == 1:
            return f"the value of {code(source, longest)}"
        case _:
            return quoted(value, longest)


def _origins(step: Step) -> Mapping[str | int | None, str]:
    """Say, by argument, which steps and inputs its value is made of; one that the plan spells out is not named."""
    names: dict[str | int | None, set[str]] = {}
    for path, expression in step.arguments.expressions():
        names.setdefault(path[0] if path else _WHOLE, set()).update(expression.names)
    return {argument: _origin(found, step.for_each) for argument, found in names.items()}


def _origin(names: set[str], for_each: Expression | None) -> str:
    items = for_each.names if for_each and names & PER_ITEM else frozenset[str]()
    made_of = (names - PER_ITEM) | items
    steps = [f"step `{name}`" for name in sorted(made_of - {INPUTS})]
    parts = [*steps, *(["what was passed in"] if INPUTS in made_of else [])]
    return f" (from {' and '.join(parts)})" if parts else ""


def _name(name: str) -> str:
    return name if _PLAIN_NAME.fullmatch(name) else quoted(name, _LONGEST_NAME)


def _cut(text: str, longest: int, value: JsonValue) -> str:
    """Return the beginning of a text that stands for a value, with what there is to know of the rest."""
    room = max(longest, _LEAST_CUT)
    shown = _visible(text[: room + 1])
    if len(shown) <= room:
        return shown
    return f"{shown[:longest]}… ({len(text):,} characters, sha256 {digest_of(value)[:_FINGERPRINT]})"


def _visible(text: str) -> str:
    """Write what does not print, or shows nothing, as JSON would escape it."""
    hidden = {char for char in set(text) if holds_hidden(char) or not char.isprintable()}
    return text.translate({ord(char): json.dumps(char)[1:-1] for char in hidden}) if hidden else text
