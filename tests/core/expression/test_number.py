"""Numbers stay within what JSON and floating point can hold."""

import math
from reprlib import repr as short

import pytest

from batonmcp.core.expression.fault import Fault
from batonmcp.core.expression.number import MAX_BITS, checked_integer, checked_number, too_large


@pytest.mark.parametrize("number", [0, -1, 2**MAX_BITS - 1, 1.5, -1.7e308], ids=short)
def test_number_passes(number: float) -> None:
    """A number within the limits comes back as it is."""
    assert checked_number(number) is number


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan, 2**MAX_BITS, -(2**MAX_BITS)], ids=short)
def test_number_is_refused(number: float) -> None:
    """Infinity, no number and an integer past the limit are faults."""
    with pytest.raises(Fault):
        checked_number(number)


def test_integer_mixes_with_fractions() -> None:
    """The largest integer still turns into a number with a fraction."""
    assert float(checked_integer(2**MAX_BITS - 1)) < math.inf


def test_too_large_says_the_limit() -> None:
    """The sentence names how many digits a number may have."""
    assert "307 digits" in too_large().message
