"""The operators: arithmetic and comparison of JSON values, as Python has them, with results that are JSON."""

import operator
from collections.abc import Callable, Mapping

from pydantic import JsonValue

from batonmcp.core.expression.budget import Budget
from batonmcp.core.expression.fault import Fault
from batonmcp.core.expression.number import MAX_BITS, Number, checked_number, too_large
from batonmcp.core.expression.selection import key_text
from batonmcp.core.expression.wording import describe

__all__ = ["ARITHMETIC", "COMPARISONS", "SIGNS", "Operator", "Sign", "spend_scan"]

Operator = Callable[[JsonValue, JsonValue, Budget], JsonValue]
Sign = Callable[[JsonValue], JsonValue]

_COMPARED_CHARACTERS_PER_STEP = 128
_SCANNED_PER_STEP = 4


def spend_scan(items: list[JsonValue], value: JsonValue, budget: Budget) -> None:
    """Pay for comparing every item of a list with a value.

    Args:
        items: The list.
        value: What is looked for.
        budget: What pays.

    Raises:
        Fault: The value is too deep, or the fuel is used up.
    """
    steps = 1
    if isinstance(value, str):
        steps += len(value) // _COMPARED_CHARACTERS_PER_STEP
    elif isinstance(value, (list, dict)):
        nodes, characters = budget.weigh(value)
        steps += nodes + characters // _COMPARED_CHARACTERS_PER_STEP
    budget.spend(len(items) * steps // _SCANNED_PER_STEP)


def _mismatch(symbol: str, left: JsonValue, right: JsonValue) -> Fault:
    if left is None or right is None:
        cure = "Give a value to use instead of null: (x or 0)."
    elif symbol == "-" and isinstance(left, list):
        cure = "Write a comprehension: [x for x in a if x not in b]."
    elif isinstance(left, str) or isinstance(right, str):
        cure = "Convert with int() or float(); write text from parts as f'{a} {b}'."
    else:
        cure = ""
    return Fault(message=f"`{symbol}` cannot take {describe(left)} with {describe(right)}.", cure=cure)


def _arithmetic(symbol: str, compute: Callable[[Number, Number], Number]) -> Operator:
    def apply(left: JsonValue, right: JsonValue, _: Budget) -> JsonValue:
        if not (isinstance(left, (int, float)) and isinstance(right, (int, float))):
            raise _mismatch(symbol, left, right)
        try:
            return checked_number(compute(left, right))
        except ZeroDivisionError:
            raise Fault(message=f"{describe(left)} is divided by zero.", cure="Check the divisor first.") from None
        except OverflowError:
            raise too_large() from None

    return apply


def _dividing(compute: Callable[[Number, Number], Number]) -> Callable[[Number, Number], Number]:
    """Check what is divided as well, since the result may be small."""
    return lambda left, right: compute(checked_number(left), checked_number(right))


def _power(base: Number, exponent: Number) -> Number:
    if isinstance(base, int) and isinstance(exponent, int) and (base.bit_length() - 1) * exponent > MAX_BITS:
        raise too_large()
    result: Number | complex = base**exponent
    if isinstance(result, complex):
        raise Fault(message=f"{describe(base)} has no real power {exponent}.")
    return result


_add_numbers = _arithmetic("+", operator.add)
_multiply_numbers = _arithmetic("*", operator.mul)


def _add(left: JsonValue, right: JsonValue, budget: Budget) -> JsonValue:
    if isinstance(left, str) and isinstance(right, str):
        budget.spend_text(len(left) + len(right))
        return left + right
    if isinstance(left, list) and isinstance(right, list):
        budget.spend_items(len(left) + len(right))
        return left + right
    return _add_numbers(left, right, budget)


def _multiply(left: JsonValue, right: JsonValue, budget: Budget) -> JsonValue:
    if isinstance(left, int) and isinstance(right, (str, list)):
        left, right = right, left
    if isinstance(left, str) and isinstance(right, int):
        budget.spend_text(len(left) * max(right, 0))
        return left * max(right, 0)
    if isinstance(left, list) and isinstance(right, int):
        budget.spend_items(len(left) * max(right, 0))
        return left * max(right, 0)
    return _multiply_numbers(left, right, budget)


def _sign(symbol: str, compute: Callable[[Number], Number]) -> Sign:
    def apply(value: JsonValue) -> JsonValue:
        if isinstance(value, (int, float)):
            return compute(value)
        raise Fault(message=f"`{symbol}` needs a number, got {describe(value)}.")

    return apply


def _equal(left: JsonValue, right: JsonValue, budget: Budget) -> bool:
    if isinstance(left, str):
        if len(left) > _COMPARED_CHARACTERS_PER_STEP:
            budget.spend(len(left) // _COMPARED_CHARACTERS_PER_STEP)
    elif isinstance(left, (list, dict)):
        if not isinstance(right, type(left)) or len(left) != len(right):
            return False
        budget.weigh(left)
    return left == right


def _contains(item: JsonValue, container: JsonValue, budget: Budget) -> bool:
    match container:
        case None:
            return False
        case list():
            spend_scan(container, item, budget)
            return item in container
        case dict():
            return key_text(item, budget) in container
        case str() if isinstance(item, str):
            budget.spend_search(container, item)
            return item in container
        case _:
            raise Fault(
                message=f"`in` cannot look for {describe(item)} in {describe(container)}.",
                cure="A text holds text, a list items, an object keys.",
            )


def _ordered(symbol: str, compare: Callable[..., bool]) -> Operator:
    def apply(left: JsonValue, right: JsonValue, budget: Budget) -> JsonValue:
        if isinstance(left, (int, float)) and isinstance(right, (int, float)):
            return compare(left, right)
        if isinstance(left, str) and isinstance(right, str):
            budget.spend(min(len(left), len(right)) // _COMPARED_CHARACTERS_PER_STEP)
            return compare(left, right)
        if isinstance(left, list) and isinstance(right, list):
            budget.weigh(left)
            try:
                return compare(left, right)
            except TypeError:
                raise Fault(message=f"`{symbol}` finds items without an order in the lists.") from None
        raise Fault(
            message=f"`{symbol}` cannot compare {describe(left)} with {describe(right)}.",
            cure="Convert with int(), float() or str(), or check for null first.",
        )

    return apply


ARITHMETIC: Mapping[str, Operator] = {
    "%": _arithmetic("%", _dividing(operator.mod)),
    "*": _multiply,
    "**": _arithmetic("**", _power),
    "+": _add,
    "-": _arithmetic("-", operator.sub),
    "/": _arithmetic("/", _dividing(lambda left, right: left / right)),
    "//": _arithmetic("//", _dividing(lambda left, right: left // right)),
}

SIGNS: Mapping[str, Sign] = {"+": _sign("+", operator.pos), "-": _sign("-", operator.neg)}

COMPARISONS: Mapping[str, Operator] = {
    "!=": lambda left, right, budget: not _equal(left, right, budget),
    "<": _ordered("<", operator.lt),
    "<=": _ordered("<=", operator.le),
    "==": _equal,
    ">": _ordered(">", operator.gt),
    ">=": _ordered(">=", operator.ge),
    "in": _contains,
    "is": lambda left, right, _: left is right,
    "is not": lambda left, right, _: left is not right,
    "not in": lambda left, right, budget: not _contains(left, right, budget),
}
