"""The conversions: functions that make one value of another."""

import json
from collections.abc import Mapping

from pydantic import JsonValue

from batonmcp.core.expression.budget import Budget
from batonmcp.core.expression.fault import Fault
from batonmcp.core.expression.frame import Function
from batonmcp.core.expression.number import checked_number
from batonmcp.core.expression.text import to_json, to_text
from batonmcp.core.expression.wording import describe

__all__ = ["CONVERSIONS"]

_MAX_DIGITS = 400
_DIGITS_PER_STEP = 2
_MARKS = "[{:,"
_PARSED_CHARACTERS_PER_STEP = 2
_PARSED_STEPS = 3


def _abs(_: Budget, value: JsonValue) -> JsonValue:
    if isinstance(value, (int, float)):
        return abs(value)
    raise Fault(message=f"`abs` needs a number, got {describe(value)}.")


def _bool(_: Budget, value: JsonValue) -> JsonValue:
    return bool(value)


def _float(budget: Budget, value: JsonValue) -> JsonValue:
    return _converted("float", float, value, budget)


def _int(budget: Budget, value: JsonValue) -> JsonValue:
    return _converted("int", int, value, budget)


def _parse_json(budget: Budget, text: JsonValue) -> JsonValue:
    if not isinstance(text, str):
        cure = "It is parsed already; use it as it is." if isinstance(text, (list, dict)) else ""
        raise Fault(message=f"`parse_json` needs text, got {describe(text)}.", cure=cure)
    budget.spend_text(len(text))
    values = sum(map(text.count, _MARKS))
    budget.spend(len(text) // _PARSED_CHARACTERS_PER_STEP + values * _PARSED_STEPS)
    try:
        return _DECODER.decode(text)
    except ValueError as error:
        raise Fault(message=f"`parse_json` got {describe(text)}, which is not JSON: {error}.") from None
    except RecursionError:
        raise Fault(message="`parse_json` got JSON that is nested too deep.") from None


def _round(_: Budget, number: JsonValue, ndigits: JsonValue = None) -> JsonValue:
    if not isinstance(number, (int, float)):
        raise Fault(message=f"`round` needs a number, got {describe(number)}.")
    if not isinstance(ndigits, int | None) or (ndigits is not None and abs(ndigits) > _MAX_DIGITS):
        raise Fault(message=f"`round` needs a whole number of digits up to {_MAX_DIGITS}, got {describe(ndigits)}.")
    try:
        return checked_number(round(checked_number(number), ndigits))
    except OverflowError:
        raise Fault(message=f"`round` makes {describe(number)} too large.") from None


def _str(budget: Budget, value: JsonValue) -> JsonValue:
    return to_text(value, budget)


def _to_json(budget: Budget, value: JsonValue) -> JsonValue:
    return to_json(value, budget)


def _converted(name: str, convert: type[int | float], value: JsonValue, budget: Budget) -> JsonValue:
    if value is None or isinstance(value, (list, dict)):
        cure = "Give a value to use instead of null: (x or 0)." if value is None else "Use one of its parts."
        raise Fault(message=f"`{name}` needs a number or text, got {describe(value)}.", cure=cure)
    if isinstance(value, str):
        if len(value) > _MAX_DIGITS:
            raise Fault(message=f"`{name}` reads up to {_MAX_DIGITS} characters, got {len(value)}.")
        budget.spend(len(value) // _DIGITS_PER_STEP)
    try:
        return checked_number(convert(value))
    except (ValueError, OverflowError):
        raise Fault(message=f"`{name}` cannot read {describe(value)} as a number.") from None


def _checked_float(digits: str) -> int | float:
    return checked_number(float(digits))


def _no_number(name: str) -> JsonValue:
    raise Fault(message=f"`parse_json` got {name}, which is no JSON number.")


_DECODER = json.JSONDecoder(parse_float=_checked_float, parse_constant=_no_number)

CONVERSIONS: Mapping[str, Function] = {
    "abs": _abs,
    "bool": _bool,
    "float": _float,
    "int": _int,
    "parse_json": _parse_json,
    "round": _round,
    "str": _str,
    "to_json": _to_json,
}
