"""Selection: reading a part of a JSON value. Nothing but keys, items and characters can be reached.

Selecting from null gives null, and null has no items.
"""

from collections.abc import Callable

from pydantic import JsonValue

from batonmcp.core.expression.budget import Budget
from batonmcp.core.expression.fault import Fault
from batonmcp.core.expression.number import checked_integer
from batonmcp.core.expression.wording import describe, listed, nearest

__all__ = ["Place", "key_text", "select_index", "select_items", "select_key", "select_slice"]

_BITS_PER_STEP = 32
_NUMBER_STEPS = 4
_FRACTION_STEPS = 8
_LENGTHS = frozenset({"length", "size"})

Place = Callable[[], str]
"""Gives the part of the expression that a value came from; called to write an error only."""


def select_key(value: JsonValue, key: str, place: Place) -> JsonValue:
    """Return what an object holds under a key.

    Args:
        value: The object, or null.
        key: The key.
        place: Where the value came from.

    Raises:
        Fault: The value is no object, or has no such key.
    """
    if isinstance(value, dict):
        if key in value:
            return value[key]
        raise _missing_key(value, key, place())
    if value is None:
        return None
    raise _no_keys(value, key, place())


def select_index(value: JsonValue, index: JsonValue, place: Place, budget: Budget) -> JsonValue:
    """Return the item of a list, the character of a text or what an object holds under a key.

    Args:
        value: The list, text or object, or null.
        index: The position, counted from the end if negative, or the key.
        place: Where the value came from.
        budget: What pays for writing a large number as a key.

    Raises:
        Fault: There is nothing at the position or under the key, or the value has no parts.
    """
    if value is None:
        return None
    if isinstance(value, dict):
        return select_key(value, key_text(index, budget), place)
    if not isinstance(value, (list, str)):
        raise Fault(message=f"`{place()}` is {describe(value)}, which has no items.")
    if not isinstance(index, int):
        raise Fault(
            message=f"`{place()}` is {describe(value)}, whose items have whole numbers, not {describe(index)}.",
            cure=f"Index it by a number, or use a comprehension: [x[...] for x in {place()}].",
        )
    if -len(value) <= index < len(value):
        return value[index]
    raise Fault(
        message=f"`{place()}` is {describe(value)} and has no item {index}.",
        cure="Check its len() first, or take a slice, which may be empty.",
    )


def select_slice(value: JsonValue, bounds: slice, place: Place, budget: Budget) -> JsonValue:
    """Return a slice of a list or text.

    Args:
        value: The list or text, or null.
        bounds: Start, stop and step as in Python.
        place: Where the value came from.
        budget: What pays for the copy.

    Raises:
        Fault: The value has no order, or the bounds are no whole numbers.
    """
    if value is None:
        return None
    if not isinstance(value, (list, str)):
        raise Fault(message=f"`{place()}` is {describe(value)}; only a list or text has slices.")
    for bound in (bounds.start, bounds.stop, bounds.step):
        if bound is not None and not isinstance(bound, int):
            raise Fault(message=f"a slice of `{place()}` needs whole numbers, got {describe(bound)}.")
    if bounds.step == 0:
        raise Fault(message=f"the step of a slice of `{place()}` is 0.")
    count = len(range(*bounds.indices(len(value))))
    if isinstance(value, str):
        budget.spend_text(count)
    else:
        budget.spend_items(count)
    return value[bounds]


def select_items(value: JsonValue, budget: Budget, needed_by: str) -> list[JsonValue]:
    """Return what a loop over a value meets: items, keys or characters. The list may be the value itself.

    Args:
        value: A list, object or text, or null.
        budget: What pays for a list of keys or characters.
        needed_by: Who loops, for the error.

    Raises:
        Fault: The value has no items.
    """
    if isinstance(value, list):
        return value
    if value is None:
        return []
    if isinstance(value, (dict, str)):
        budget.spend_items(len(value))
        return list(value)
    raise Fault(message=f"`{needed_by}` needs a list, got {describe(value)}.")


def key_text(key: JsonValue, budget: Budget) -> str:
    """Return a value as a key of an object, as JSON writes it: 1 and 1.0 are "1", null is "null".

    Args:
        key: A text, number, boolean or null.
        budget: What pays for writing a large number.

    Raises:
        Fault: The value is a list or an object.
    """
    match key:
        case str():
            return key
        case None:
            return "null"
        case bool():
            return "true" if key else "false"
        case int():
            budget.spend(_NUMBER_STEPS + checked_integer(key).bit_length() // _BITS_PER_STEP)
            return str(key)
        case float():
            budget.spend(_FRACTION_STEPS)
            return str(int(key)) if key.is_integer() else repr(key)
        case _:
            raise Fault(
                message=f"the key of an object is text, got {describe(key)}.",
                cure="Use one of its parts, or to_json() of it.",
            )


def _no_keys(value: JsonValue, key: str, place: str) -> Fault:
    if key in _LENGTHS:
        cure = f"Write len({place})."
    elif isinstance(value, list):
        cure = f"Index it, or use a comprehension: [x.{key} for x in {place}]."
    else:
        cure = f"Use the value itself: {place}."
    return Fault(message=f"`{place}` is {describe(value)}, which has no key {key!r}.", cure=cure)


def _missing_key(value: dict[str, JsonValue], key: str, place: str) -> Fault:
    hint = nearest(key, value)
    default = f"Write get({place}, {key!r}) if it may be missing."
    return Fault(
        message=f"`{place}` has no key {key!r}; it has {listed(value) if value else 'none'}.",
        cure=f"{hint} {default}".strip(),
    )
