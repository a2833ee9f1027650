"""The list functions: functions that make a list."""

import sys
from collections.abc import Mapping

from pydantic import JsonValue

from batonmcp.core.expression.budget import Budget
from batonmcp.core.expression.fault import Fault
from batonmcp.core.expression.frame import Function, Key
from batonmcp.core.expression.keys import keys_of
from batonmcp.core.expression.selection import select_items
from batonmcp.core.expression.text import identity
from batonmcp.core.expression.wording import describe

__all__ = ["LISTS"]

_IDENTITY_STEPS = 8
_IDENTITY_CHARACTERS_PER_STEP = 16
_ROW_STEPS = 10


def _enumerate(budget: Budget, values: JsonValue, start: JsonValue = 0) -> JsonValue:
    items = select_items(values, budget, "enumerate")
    if not isinstance(start, int):
        raise Fault(message=f"`enumerate` starts at a whole number, got {describe(start)}.")
    budget.spend_items(len(items))
    budget.spend(len(items) * _ROW_STEPS)
    return [[number, item] for number, item in enumerate(items, start)]


def _flatten(budget: Budget, values: JsonValue) -> JsonValue:
    items = select_items(values, budget, "flatten")
    budget.spend(len(items))
    budget.spend_items(sum(len(item) if isinstance(item, list) else 1 for item in items))
    result: list[JsonValue] = []
    for item in items:
        if isinstance(item, list):
            result.extend(item)
        elif item is not None:
            result.append(item)
    return result


def _list(budget: Budget, values: JsonValue) -> JsonValue:
    items = select_items(values, budget, "list")
    budget.spend_items(len(items))
    return list(items)


def _range(budget: Budget, start: JsonValue, stop: JsonValue = None, step: JsonValue = 1) -> JsonValue:
    if stop is None:
        start, stop = 0, start
    if not (isinstance(start, int) and isinstance(stop, int) and isinstance(step, int)) or step == 0:
        raise Fault(message="`range` needs whole numbers, and a step other than 0.")
    numbers = range(start, stop, step)
    budget.spend_items(_count(numbers))
    return list(numbers)


def _reversed(budget: Budget, values: JsonValue) -> JsonValue:
    items = select_items(values, budget, "reversed")
    budget.spend_items(len(items))
    return items[::-1]


def _unique(budget: Budget, values: JsonValue, key: Key | None = None) -> JsonValue:
    items = select_items(values, budget, "unique")
    keys = keys_of(items, key)
    nodes, characters = budget.weigh(keys)
    budget.spend(nodes * _IDENTITY_STEPS + characters // _IDENTITY_CHARACTERS_PER_STEP)
    first: dict[str, JsonValue] = {}
    for item_key, item in zip(keys, items, strict=True):
        first.setdefault(identity(item_key), item)
    return list(first.values())


def _zip(budget: Budget, *lists: JsonValue) -> JsonValue:
    columns = [select_items(values, budget, "zip") for values in lists]
    rows = min(map(len, columns), default=0)
    budget.spend_items(rows)
    budget.spend(rows * (_ROW_STEPS + len(columns)))
    return [list(row) for row in zip(*columns, strict=False)]


def _count(numbers: range) -> int:
    try:
        return len(numbers)
    except OverflowError:
        return sys.maxsize


LISTS: Mapping[str, Function] = {
    "enumerate": _enumerate,
    "flatten": _flatten,
    "list": _list,
    "range": _range,
    "reversed": _reversed,
    "set": _unique,
    "tuple": _list,
    "unique": _unique,
    "zip": _zip,
}
