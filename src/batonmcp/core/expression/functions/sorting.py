"""The sorting functions: functions that put items in order or choose by it."""

from collections.abc import Callable, Mapping
from types import EllipsisType
from typing import Any

from pydantic import JsonValue

from batonmcp.core.expression.budget import Budget
from batonmcp.core.expression.fault import Fault
from batonmcp.core.expression.frame import Function, Key
from batonmcp.core.expression.keys import keys_of
from batonmcp.core.expression.selection import select_items
from batonmcp.core.expression.wording import kind

__all__ = ["SORTING"]

_COMPARED_CHARACTERS_PER_STEP = 128
_COMPARED_PER_STEP = 2


def _sorted(budget: Budget, values: JsonValue, *, key: Key | None = None, reverse: JsonValue = False) -> JsonValue:
    items = select_items(values, budget, "sorted")
    budget.spend_items(len(items))
    keys = _ordered_keys(items, key, len(items).bit_length(), budget)
    try:
        positions = sorted(range(len(items)), key=keys.__getitem__, reverse=bool(reverse))
    except TypeError:
        raise _unordered(keys, "sorted") from None
    return [items[position] for position in positions]


def _extreme(name: str, choose: Callable[..., int]) -> Function:
    def apply(
        budget: Budget, *values: JsonValue, key: Key | None = None, default: JsonValue | EllipsisType = ...
    ) -> JsonValue:
        items = select_items(values[0], budget, name) if len(values) == 1 else list(values)
        if not items:
            if default is ...:
                raise Fault(message=f"`{name}` got an empty list.", cure=f"Write {name}(x, default=null).")
            return default
        keys = _ordered_keys(items, key, 1, budget)
        try:
            return items[choose(range(len(items)), key=keys.__getitem__)]
        except TypeError:
            raise _unordered(keys, name) from None

    return apply


def _ordered_keys(items: list[JsonValue], key: Key | None, rounds: int, budget: Budget) -> list[Any]:
    keys = keys_of(items, key)
    nodes, characters = budget.weigh(keys)
    budget.spend(rounds * (nodes // _COMPARED_PER_STEP + characters // _COMPARED_CHARACTERS_PER_STEP))
    return keys


def _unordered(keys: list[JsonValue], name: str) -> Fault:
    kinds = sorted({kind(key) for key in keys})
    if "object" in kinds or "list" in kinds:
        cure = "Say by what: key='field' or key=lambda x: x.field."
    elif "null" in kinds:
        cure = "Leave null out by an `if`, or give it a value: key=lambda x: x.field or 0."
    else:
        cure = "Convert the keys to one kind: key=lambda x: str(x.field)."
    return Fault(message=f"`{name}` cannot order {' and '.join(kinds)} values.", cure=cure)


SORTING: Mapping[str, Function] = {"max": _extreme("max", max), "min": _extreme("min", min), "sorted": _sorted}
