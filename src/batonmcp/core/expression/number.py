"""The numbers that JSON can hold and that are cheap to calculate with."""

import math

from batonmcp.core.expression.fault import Fault

__all__ = ["MAX_BITS", "Number", "checked_integer", "checked_number", "too_large"]

Number = int | float

MAX_BITS = 1_023
"""Integers reach as far as numbers with a fraction do, so that the two kinds always mix."""


def checked_number(number: Number) -> Number:
    """Return a number if it is one of them.

    Args:
        number: Any number.

    Raises:
        Fault: It is infinite, not a number or too large.
    """
    if isinstance(number, int):
        return checked_integer(number)
    if math.isfinite(number):
        return number
    raise Fault(message=f"the result is {number}, which is no JSON number.")


def checked_integer(number: int) -> int:
    """Return an integer if it is one of them.

    Args:
        number: Any integer.

    Raises:
        Fault: It has more than 307 digits.
    """
    if number.bit_length() > MAX_BITS:
        raise too_large()
    return number


def too_large() -> Fault:
    """Return what to say about a number that is too large."""
    return Fault(message="a number has more than 307 digits.", cure="Keep such a number as text.")
