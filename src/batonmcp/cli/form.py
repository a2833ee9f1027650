"""A server's form, filled in on the terminal, one field after another."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

import typer
from pydantic import JsonValue

from batonmcp.cli.person import YES_OR_NO, agreed, typed_line
from batonmcp.core.printable import printable

__all__ = ["Field", "fields_of", "fill_in", "value_of"]

Kind: TypeAlias = Literal["string", "integer", "number", "boolean"]

_KINDS: Mapping[JsonValue, Kind] = {
    "string": "string",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
}
_HINTS: Mapping[Kind, str] = {"string": "", "integer": "a whole number", "number": "a number", "boolean": "y/n"}
_MOST_FIELDS = 20
_MOST_CHOICES = 50
_LONGEST_LABEL = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One thing that a form asks for.

    Attributes:
        name: The key of its value.
        label: What the person reads.
        kind: What type of value it is.
        choices: The only values there are; empty for any.
        default: What an empty line means.
        required: Whether the form is nothing without it.
    """

    name: str
    label: str
    kind: Kind
    choices: Sequence[str] = ()
    default: JsonValue = None
    required: bool = False

    @property
    def prompt(self) -> str:
        """The line that asks for it."""
        hints = [", ".join(self.choices) or _HINTS[self.kind]]
        if self.default is not None:
            hints.append(f"empty: {printable(str(self.default), _LONGEST_LABEL)}")
        elif not self.required:
            hints.append("may be empty")
        hint = "; ".join(filter(None, hints))
        return f"  {self.label} ({hint}): " if hint else f"  {self.label}: "


def fields_of(schema: JsonValue) -> Sequence[Field] | None:
    """Return the fields of a form; None if it has any that a line of text cannot fill."""
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(schema, dict) or not isinstance(properties, dict) or len(properties) > _MOST_FIELDS:
        return None
    required = schema.get("required")
    names = required if isinstance(required, list) else []
    fields = [_field(name, part, required=name in names) for name, part in properties.items()]
    return None if None in fields else cast("list[Field]", fields)


async def fill_in(fields: Sequence[Field]) -> dict[str, JsonValue] | None:
    """Ask whether to answer at all, then for each field until what is typed will do. None: rather not."""
    if not await agreed("Answer?" if fields else "Agree?"):
        return None
    filled: dict[str, JsonValue] = {}
    for field in fields:
        value = await _ask(field)
        if isinstance(value, _End):
            return None
        if value is not None:
            filled[field.name] = value
    return filled


def value_of(field: Field, typed: str) -> JsonValue:
    """Return the value that a typed text stands for; None if it stands for none."""
    if field.choices:
        return typed if typed in field.choices else None
    match field.kind:
        case "string":
            return typed
        case "boolean":
            return YES_OR_NO.get(typed.lower())
        case "integer" | "number":
            return _number(typed, whole=field.kind == "integer")


class _End:
    """The end of the input."""


async def _ask(field: Field) -> JsonValue | _End:
    while True:
        typed = await typed_line(field.prompt)
        if typed is None:
            return _End()
        if not typed and (field.default is not None or not field.required):
            return field.default
        value = value_of(field, typed) if typed else None
        if value is not None:
            return value
        typer.echo("  That is no value for it. Ctrl-D ends without an answer.", err=True)


def _field(name: str, part: JsonValue, *, required: bool) -> Field | None:
    if not isinstance(part, dict) or part.get("type") not in _KINDS or "oneOf" in part or "anyOf" in part:
        return None
    choices = part.get("enum", [])
    if not isinstance(choices, list) or len(choices) > _MOST_CHOICES:
        return None
    words = [choice for choice in choices if isinstance(choice, str) and printable(choice, _LONGEST_LABEL) == choice]
    if len(words) != len(choices):
        return None
    told = part.get("title") or name
    about = part.get("description")
    label = f"{told}, {about}" if about else str(told)
    return Field(
        name=name,
        label=printable(label, _LONGEST_LABEL),
        kind=_KINDS[part["type"]],
        choices=words,
        default=default if isinstance(default := part.get("default"), str | int | float) else None,
        required=required,
    )


def _number(typed: str, *, whole: bool) -> int | float | None:
    try:
        number = int(typed) if whole else float(typed)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
