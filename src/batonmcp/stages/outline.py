"""Values in words: indented lines that hold every key and every scalar, as far as there is room."""

import json
from collections.abc import Iterator, Sequence

from pydantic import JsonValue

from batonmcp.core.portions import FOR_A_READER, Rooms, portions

__all__ = ["outline"]

_MOST_ON_A_LINE = 50
_LONGER = 1.2
"""An outline is about as long as JSON, where it is not deep."""


def outline(parts: Sequence[tuple[str, JsonValue]], rooms: Rooms = FOR_A_READER) -> str:
    """Return values under their headings; large ones are cut, with counts of what is missing.

    Args:
        parts: Headings and values.
        rooms: How long values may be. Where the indents of deep ones take more than they do, they are cut shorter.
    """
    text = _written(parts, rooms)
    for part in (2, 4, 8, 16):
        if len(text) <= rooms.together * _LONGER:
            break
        text = _written(parts, Rooms(each=rooms.each // part, together=rooms.together // part))
    return text


def _written(parts: Sequence[tuple[str, JsonValue]], rooms: Rooms) -> str:
    shaped = portions([value for _, value in parts], rooms)
    blocks = ("\n".join([heading, *_lines(part.value, "  ")]) for (heading, _), part in zip(parts, shaped, strict=True))
    return "\n\n".join(blocks)


def _lines(value: JsonValue, indent: str) -> Iterator[str]:
    """Write a value as indented lines: keys, and dashes for the items of a list."""
    match value:
        case dict() if value:
            for key, member in value.items():
                yield from _entry(f"{indent}{key}:", member, indent)
        case list() if value:
            for item in value:
                yield from _item(item, indent)
        case _:
            yield f"{indent}{_scalar(value, indent)}"


def _entry(head: str, member: JsonValue, indent: str) -> Iterator[str]:
    if isinstance(member, dict | list) and member:
        yield head
        yield from _lines(member, f"{indent}  ")
    else:
        yield f"{head} {_scalar(member, f'{indent}  ')}"


def _item(item: JsonValue, indent: str) -> Iterator[str]:
    """Write a list's item on one line if it is flat, else as a block under a dash."""
    if isinstance(item, dict) and _is_flat(item):
        inner = f"{indent}  "
        yield f"{indent}- " + ", ".join(f"{key}: {_scalar(member, inner)}" for key, member in item.items())
        return
    lines = _lines(item, f"{indent}  ")
    yield f"{indent}- {next(lines).lstrip()}"
    yield from lines


def _is_flat(item: dict[str, JsonValue]) -> bool:
    return 0 < len(item) <= _MOST_ON_A_LINE and not any(isinstance(member, dict | list) for member in item.values())


def _scalar(value: JsonValue, indent: str) -> str:
    """Write a value that holds no others. Each line of a text is indented: none looks like a heading of ours."""
    if isinstance(value, str):
        return value if "\n" not in value else f"\n{indent}".join(value.rstrip("\n").split("\n"))
    return {"[]": "none", "{}": "none", "null": "none"}.get(text := json.dumps(value), text)
