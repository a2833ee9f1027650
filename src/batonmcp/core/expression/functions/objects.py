"""The object functions: functions that make an object, or take one apart."""

from collections.abc import Mapping
from typing import cast

from pydantic import JsonValue

from batonmcp.core.expression.budget import Budget
from batonmcp.core.expression.fault import Fault
from batonmcp.core.expression.frame import Function, Key
from batonmcp.core.expression.keys import keys_of
from batonmcp.core.expression.selection import key_text, select_items
from batonmcp.core.expression.wording import describe

__all__ = ["OBJECTS"]

_KEYED_STEPS = 6
_MERGED_PER_STEP = 2
_ROW_STEPS = 10


def _dict(budget: Budget, entries: JsonValue) -> JsonValue:
    if isinstance(entries, dict):
        budget.spend_items(len(entries))
        budget.spend(len(entries) // _MERGED_PER_STEP)
        return dict(entries)
    pairs = select_items(entries, budget, "dict")
    budget.spend_items(len(pairs))
    budget.spend(len(pairs))
    result: dict[str, JsonValue] = {}
    for pair in pairs:
        match pair:
            case [key, value]:
                result[key_text(key, budget)] = value
            case _:
                raise Fault(message=f"`dict` needs pairs of a key and a value, got {describe(pair)}.")
    return result


def _get(budget: Budget, value: JsonValue, name: JsonValue, default: JsonValue = None) -> JsonValue:
    match value:
        case None:
            return default
        case dict():
            return value.get(key_text(name, budget), default)
        case list() if isinstance(name, int):
            return value[name] if -len(value) <= name < len(value) else default
        case _:
            raise Fault(message=f"`get` cannot take {describe(name)} from {describe(value)}.")


def _group_by(budget: Budget, values: JsonValue, key: Key) -> JsonValue:
    items = select_items(values, budget, "group_by")
    budget.spend(len(items) * _KEYED_STEPS)
    groups: dict[str, list[JsonValue]] = {}
    for item_key, item in zip(keys_of(items, key), items, strict=True):
        groups.setdefault(key_text(item_key, budget), []).append(item)
    return cast("dict[str, JsonValue]", groups)


def _index_by(budget: Budget, values: JsonValue, key: Key) -> JsonValue:
    items = select_items(values, budget, "index_by")
    budget.spend(len(items) * _KEYED_STEPS)
    result: dict[str, JsonValue] = {}
    for item_key, item in zip(keys_of(items, key), items, strict=True):
        name = key_text(item_key, budget)
        if name in result:
            raise Fault(
                message=f"`index_by` found two items with the key {name!r}.",
                cure="Use group_by(), or unique() before it.",
            )
        result[name] = item
    return result


def _items(budget: Budget, value: JsonValue) -> JsonValue:
    entries = _entries(value, "items")
    budget.spend_items(len(entries))
    budget.spend(len(entries) * _ROW_STEPS)
    return [[key, part] for key, part in entries.items()]


def _keys(budget: Budget, value: JsonValue) -> JsonValue:
    entries = _entries(value, "keys")
    budget.spend_items(len(entries))
    return list(entries)


def _values(budget: Budget, value: JsonValue) -> JsonValue:
    entries = _entries(value, "values")
    budget.spend_items(len(entries))
    return list(entries.values())


def _entries(value: JsonValue, needed_by: str) -> dict[str, JsonValue]:
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    raise Fault(message=f"`{needed_by}` needs an object, got {describe(value)}.")


OBJECTS: Mapping[str, Function] = {
    "dict": _dict,
    "get": _get,
    "group_by": _group_by,
    "index_by": _index_by,
    "items": _items,
    "keys": _keys,
    "values": _values,
}
