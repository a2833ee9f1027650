"""Lists of like objects as tables: their keys are said once, as a model pays for every word that it reads."""

from typing import Final

from pydantic import JsonValue

from batonmcp.core.json_text import json_text

__all__ = ["tabled"]

_FRAME: Final = len('{"columns":,"rows":[]}') - len("[]")


def tabled(value: JsonValue) -> JsonValue:
    """Return a value in which lists of objects with the same keys are `{"columns": [...], "rows": [[...], ...]}`.

    It holds the same values in the same order, and is written shorter; the columns are in the order of the first
    object's keys. Texts between the objects, such as one that counts what was cut there, stay between the rows.
    """
    match value:
        case dict():
            return {key: tabled(member) for key, member in value.items()}
        case list():
            columns = _columns(value)
            return (
                {"columns": [*columns], "rows": [_row(member, columns) for member in value]}
                if columns
                else [tabled(member) for member in value]
            )
        case _:
            return value


def _columns(members: list[JsonValue]) -> list[str]:
    """Return the keys that all objects of a list have; none where there are others, or where a table is no shorter."""
    objects = [member for member in members if isinstance(member, dict)]
    if len(objects) < 2 or not all(isinstance(member, dict | str) for member in members):  # noqa: PLR2004 - said twice
        return []
    columns = list(objects[0])
    if any(member.keys() != objects[0].keys() for member in objects):
        return []
    once = len(json_text(columns))
    saved = (once - 1) * len(objects)  # of each object its keys and colons; commas and brackets stay
    return columns if saved > once + _FRAME else []


def _row(member: JsonValue, columns: list[str]) -> JsonValue:
    return [tabled(member[key]) for key in columns] if isinstance(member, dict) else member
