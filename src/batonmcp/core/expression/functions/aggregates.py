"""The aggregates: functions that make one value of many."""

from collections.abc import Mapping, Sequence
from types import EllipsisType

from pydantic import JsonValue

from batonmcp.core.expression.budget import Budget
from batonmcp.core.expression.fault import Fault
from batonmcp.core.expression.frame import Function
from batonmcp.core.expression.number import checked_number
from batonmcp.core.expression.selection import select_items
from batonmcp.core.expression.text import to_text
from batonmcp.core.expression.wording import describe

__all__ = ["AGGREGATES"]

_ADDED_STEPS = 2
_TESTED_PER_STEP = 4
_WRITTEN_STEPS = 4


def _all(budget: Budget, values: JsonValue) -> JsonValue:
    items = select_items(values, budget, "all")
    budget.spend(len(items) // _TESTED_PER_STEP)
    return all(items)


def _any(budget: Budget, values: JsonValue) -> JsonValue:
    items = select_items(values, budget, "any")
    budget.spend(len(items) // _TESTED_PER_STEP)
    return any(items)


def _avg(budget: Budget, values: JsonValue) -> JsonValue:
    numbers = _numbers(values, budget, "avg")
    if not numbers:
        raise Fault(message="`avg` got an empty list.", cure="Write avg(x) if x else null.")
    return _total(numbers, 0) / len(numbers)


def _join(budget: Budget, values: JsonValue, separator: JsonValue = ", ") -> JsonValue:
    if not isinstance(separator, str):
        raise Fault(message=f"`join` needs text between the items, got {describe(separator)}.")
    items = select_items(values, budget, "join")
    budget.spend(len(items) * _WRITTEN_STEPS)
    texts = [to_text(item, budget) for item in items]
    budget.spend_text(sum(map(len, texts)) + len(separator) * len(texts))
    return separator.join(texts)


def _len(_: Budget, value: JsonValue) -> JsonValue:
    if value is None:
        return 0
    if isinstance(value, (str, list, dict)):
        return len(value)
    raise Fault(message=f"`len` needs a list, text or object, got {describe(value)}.")


def _next(budget: Budget, values: JsonValue, default: JsonValue | EllipsisType = ...) -> JsonValue:
    items = select_items(values, budget, "next")
    if items:
        return items[0]
    if default is ...:
        raise Fault(message="`next` got an empty list.", cure="Say what to use then: next(x, null).")
    return default


def _sum(budget: Budget, values: JsonValue, start: JsonValue = 0) -> JsonValue:
    if not isinstance(start, (int, float)):
        raise Fault(message=f"`sum` starts at a number, got {describe(start)}.", cure="Use flatten() or join().")
    return _total(_numbers(values, budget, "sum"), start)


def _numbers(values: JsonValue, budget: Budget, needed_by: str) -> Sequence[int | float]:
    items = select_items(values, budget, needed_by)
    budget.spend(len(items) * _ADDED_STEPS)
    numbers: list[int | float] = []
    for item in items:
        if not isinstance(item, (int, float)):
            raise Fault(
                message=f"`{needed_by}` needs a list of numbers, got {describe(item)} in it.",
                cure="Convert or leave out such items in a comprehension.",
            )
        numbers.append(item)
    return numbers


def _total(numbers: Sequence[int | float], start: float) -> int | float:
    try:
        return checked_number(sum(numbers, start))
    except OverflowError:
        raise Fault(message="the sum is too large.") from None


AGGREGATES: Mapping[str, Function] = {
    "all": _all,
    "any": _any,
    "avg": _avg,
    "join": _join,
    "len": _len,
    "next": _next,
    "sum": _sum,
}
