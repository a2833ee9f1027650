"""The shape of results, learned from results: for tools that declare none.

A shape is a JSON Schema of types and of the names of members. No value is kept: keys that look like values or like
words (an address, an id, a sentence) are not names of members, and an object of very many members, or of several that
are alike, is a table of whatever it holds.
"""

import json
import re
from collections.abc import Mapping
from functools import reduce
from itertools import islice
from typing import Any, Final, TypeAlias, cast

from pydantic import JsonValue

__all__ = ["Shape", "learned", "merged"]

Shape: TypeAlias = Mapping[str, Any]

_ANY: Final[Shape] = {}
_NOTHING: Final[Shape] = {"type": "null"}
_MOST_MEMBERS: Final = 40
_MOST_ITEMS: Final = 50
_DEEPEST: Final = 5
_LARGEST: Final = 4_000
_TABLE: Final[Shape] = {"type": "object"}
_TEXT: Final[Shape] = {"type": ["string"]}
"""Of a whole result that is text: the next may be anything, as this one may just have said that there is nothing."""

_FEWEST_ROWS: Final = 3
_NAME = re.compile(r"[A-Za-z_$][A-Za-z_$-]*(?:[0-9]{1,2}(?![0-9])[A-Za-z_$-]*){0,2}")
_LONGEST_NAME: Final = 40
_KINDS: Final[Mapping[type, str]] = {bool: "boolean", int: "integer", float: "number", str: "string"}


def learned(value: JsonValue) -> Shape:
    """Return the shape of one result; an empty one if there is nothing to learn from it."""
    if isinstance(value, str):
        return _TEXT
    found = _ANY
    for depth in range(1, _DEEPEST + 1):
        shape = _shape(value, depth)
        if len(json.dumps(shape)) > _LARGEST:
            break
        found = shape
    return found


def merged(one: Shape, other: Shape) -> Shape:
    """Return a shape that both have; the one that is there if the other is not known, and any where they differ.

    It grows with what is merged into it up to a bound, beyond which it tells only what kind of value it is.
    """
    shape = _merged(one, other)
    if len(json.dumps(shape)) <= _LARGEST:
        return shape
    return _TABLE if shape.get("type") == "object" else {"type": "array", "items": _ANY}


def _shape(value: JsonValue, depth: int) -> Shape:
    match value:
        case None:
            return _NOTHING
        case dict():
            return _object(value, depth)
        case list():
            if not depth:
                return {"type": "array"}
            return _array(reduce(_merged, (_shape(item, depth - 1) for item in islice(value, _MOST_ITEMS)), _NOTHING))
        case _:
            return {"type": _KINDS[type(value)]}


def _object(value: dict[str, JsonValue], depth: int) -> Shape:
    if not depth or len(value) > _MOST_MEMBERS or not all(map(_is_name, value)) or _has_rows(value):
        return _TABLE
    return {"type": "object", "properties": {name: _shape(member, depth - 1) for name, member in value.items()}}


def _has_rows(value: dict[str, JsonValue]) -> bool:
    """Whether all members are objects with members of the same names: then what they stand under are values."""
    keys = [member.keys() for member in value.values() if isinstance(member, dict)]
    return len(value) == len(keys) >= _FEWEST_ROWS and bool(keys[0]) and all(each == keys[0] for each in keys)


def _is_name(key: str) -> bool:
    return len(key) <= _LONGEST_NAME and _NAME.fullmatch(key) is not None


def _array(items: Shape) -> Shape:
    return {"type": "array"} if items == _NOTHING else {"type": "array", "items": items}


def _merged(one: Shape, other: Shape) -> Shape:  # noqa: PLR0911 - a case a pair of types
    if one == other:
        return one
    match one.get("type"), other.get("type"):
        case "null", _:
            return other
        case _, "null":
            return one
        case "object", "object":
            return _merged_objects(one, other)
        case "array", "array":
            return _array(_merged(one.get("items", _NOTHING), other.get("items", _NOTHING)))
        case (("integer" | "number"), ("integer" | "number")):
            return {"type": "number"}
        case _:
            return _ANY


def _merged_objects(one: Shape, other: Shape) -> Shape:
    """Keep the members of both; where one is a table, both are."""
    members = [cast("Mapping[str, Shape] | None", shape.get("properties")) for shape in (one, other)]
    first, second = members
    if first is None or second is None:
        return _TABLE
    names = [*first, *(name for name in second if name not in first)]
    if len(names) > _MOST_MEMBERS:
        return _TABLE
    return {
        "type": "object",
        "properties": {name: _merged(first.get(name, _NOTHING), second.get(name, _NOTHING)) for name in names},
    }
