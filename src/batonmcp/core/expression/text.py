"""Text: how a value is written by `str`, in an f-string or as JSON; as Python does it, but of bounded size."""

import json
import re

from pydantic import JsonValue

from batonmcp.core.expression.budget import Budget
from batonmcp.core.expression.fault import Fault
from batonmcp.core.expression.number import checked_integer
from batonmcp.core.expression.wording import describe, excerpt

__all__ = ["format_text", "identity", "to_ascii", "to_json", "to_repr", "to_text"]

_MAX_WIDTH = 1_000
_MAX_PRECISION = 100
_FORMAT = re.compile(
    r"(?:.?[<>=^])?[-+ ]?z?#?0?(?P<width>[0-9]{0,9})[,_]?(?:\.(?P<precision>[0-9]{1,9}))?[bcdeEfFgGosxX%]?", re.DOTALL
)
_FORMAT_STEPS = 50
_BITS_PER_STEP = 32
_WRITTEN_STEPS = 5


def to_text(value: JsonValue, budget: Budget) -> str:
    """Return what Python's `str` makes of a value.

    Args:
        value: Any JSON value.
        budget: What pays for the text.

    Raises:
        Fault: The text would be too long.
    """
    return value if isinstance(value, str) else to_repr(value, budget)


def to_repr(value: JsonValue, budget: Budget) -> str:
    """Return what Python's `repr` makes of a value.

    Args:
        value: Any JSON value.
        budget: What pays for the text.

    Raises:
        Fault: The text would be too long.
    """
    _spend_writing(value, budget)
    return _checked(repr(value), budget)


def to_ascii(value: JsonValue, budget: Budget) -> str:
    """Return what Python's `ascii` makes of a value.

    Args:
        value: Any JSON value.
        budget: What pays for the text.

    Raises:
        Fault: The text would be too long.
    """
    _spend_writing(value, budget)
    return _checked(ascii(value), budget)


def to_json(value: JsonValue, budget: Budget) -> str:
    """Return a value as JSON.

    Args:
        value: Any JSON value.
        budget: What pays for the text.

    Raises:
        Fault: The text would be too long, or a number in it is not JSON.
    """
    _spend_writing(value, budget)
    try:
        return _checked(json.dumps(value, ensure_ascii=False, allow_nan=False), budget)
    except ValueError as error:
        raise Fault(message=f"`to_json` cannot write the value: {error}.") from error


def format_text(value: JsonValue, spec: str, budget: Budget) -> str:
    """Return a number or text as an f-string writes it after a colon.

    Args:
        value: The number or text.
        spec: The format, such as `.2f`.
        budget: What pays for the text.

    Raises:
        Fault: The format is none, too wide, or not for such a value.
    """
    if not spec:
        return to_text(value, budget)
    match = _FORMAT.fullmatch(spec)
    if match is None or not isinstance(value, (str, int, float)):
        raise Fault(message=f"{describe(value)} cannot be written in the format {excerpt(spec)!r}.")
    if int(match["width"] or 0) > _MAX_WIDTH or int(match["precision"] or 0) > _MAX_PRECISION:
        raise Fault(
            message=f"the format {excerpt(spec)!r} is too wide.",
            cure=f"Use a width up to {_MAX_WIDTH} and up to {_MAX_PRECISION} digits after the point.",
        )
    budget.spend(_FORMAT_STEPS)
    _spend_writing(value, budget)
    try:
        return format(value, spec)
    except (ValueError, OverflowError) as error:
        raise Fault(message=f"{describe(value)} cannot be written in the format {spec!r}: {error}.") from error


def identity(value: JsonValue) -> str:
    """Return a text that is the same for values which Python calls equal, such as 1, 1.0 and True.

    Such texts, unlike the hashes of numbers, cannot be made to collide. Whoever calls has weighed the value.

    Args:
        value: A weighed JSON value.
    """
    match value:
        case float() if not value.is_integer():
            return repr(value)
        case int() | float():
            return str(int(value))
        case list():
            return f"[{','.join(map(identity, value))}]"
        case dict():
            return f"{{{','.join(sorted(f'{key!r}:{identity(part)}' for key, part in value.items()))}}}"
        case _:
            return repr(value)


def _spend_writing(value: JsonValue, budget: Budget) -> None:
    if isinstance(value, str):
        budget.spend_text(len(value))
    elif isinstance(value, int):
        budget.spend(checked_integer(value).bit_length() // _BITS_PER_STEP)
    elif isinstance(value, float):
        budget.spend(_WRITTEN_STEPS)
    elif isinstance(value, (list, dict)):
        nodes, characters = budget.weigh(value)
        budget.spend(nodes * _WRITTEN_STEPS)
        budget.spend_text(nodes + characters)


def _checked(text: str, budget: Budget) -> str:
    budget.spend_text(len(text))
    return text
