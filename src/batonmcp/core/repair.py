"""Repair: what a planner plainly meant, where there is one reading only."""

from collections.abc import Iterator
from json import loads

from pydantic import JsonValue

from batonmcp.core.registry import Registry
from batonmcp.core.schema import Schema
from batonmcp.core.template import Path, Template
from batonmcp.core.tool import Tool

__all__ = ["meant_arguments", "meant_tool"]


def meant_tool(name: str, registry: Registry) -> Tool | None:
    """Return the one tool that differs from `name` in punctuation and case only, or has it as its own name.

    `mail.Send` is `mail__send`; a bare `send` is, too, if no other server has one. Anything less plain is not taken:
    the nearest name may be another tool.
    """
    folded = _folded(name)
    same = [tool for tool in registry if folded in {_folded(tool.qualified), _folded(tool.name)}]
    return same[0] if folded and len(same) == 1 else None


def meant_arguments(arguments: dict[str, JsonValue], schema: Schema) -> tuple[dict[str, JsonValue], list[str]]:
    """Return literal arguments with scalars in the type that the schema asks for, and a sentence for each change.

    Only what keeps its meaning is converted: a text that is a number or a truth value, and a number or a truth value
    that is to be a text.
    """
    changes: list[str] = []
    current = arguments
    for violation in schema.violations(_skeleton(arguments)):
        found = _at(current, violation.path) if violation.about_type and not violation.conditional else None
        for candidate in _conversions(found):
            changed = _with(current, violation.path, candidate)
            if not any(other.path == violation.path for other in schema.violations(_skeleton(changed))):
                place = ".".join(map(str, violation.path))
                changes.append(f"{place}: {found!r} was taken for {candidate!r}, as the tool's schema asks.")
                current = changed
                break
    return current, changes


def _folded(name: str) -> str:
    return "".join(char for char in name.casefold() if char.isalnum())


def _skeleton(arguments: dict[str, JsonValue]) -> JsonValue:
    return Template.of(arguments, lambda _source, _path: None).skeleton()


def _at(value: JsonValue, path: Path) -> JsonValue:
    """Return what stands at a path; null for a place that is not written literally."""
    for key in path:
        match value:
            case dict() if isinstance(key, str) and key in value:
                value = value[key]
            case list() if isinstance(key, int) and key < len(value):
                value = value[key]
            case _:
                return None
    return value


def _with(value: dict[str, JsonValue], path: Path, new: JsonValue) -> dict[str, JsonValue]:
    """Return a copy with another value at a path that exists."""
    changed = _put(value, path, new)
    return changed if isinstance(changed, dict) else value


def _put(value: JsonValue, path: Path, new: JsonValue) -> JsonValue:
    if not path:
        return new
    key, *rest = path
    match value:
        case dict() if isinstance(key, str):
            return {**value, key: _put(value[key], tuple(rest), new)}
        case list() if isinstance(key, int):
            return [*value[:key], _put(value[key], tuple(rest), new), *value[key + 1 :]]
        case _:
            return value


def _conversions(value: JsonValue) -> Iterator[JsonValue]:
    match value:
        case bool():
            yield "true" if value else "false"
        case int() | float():
            yield str(value)
        case str():
            try:
                read: JsonValue = loads(value.strip().lower())
            except (ValueError, RecursionError):
                return
            if isinstance(read, bool | int | float) and str(read) != "nan":
                yield read
        case _:
            return
