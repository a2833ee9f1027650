"""The frame holds the variables of one evaluation."""

from batonmcp.core.expression.budget import DEFAULT_LIMITS, Budget
from batonmcp.core.expression.frame import Frame


def test_frame_binds_variables() -> None:
    """What is written to a slot is read from it."""
    frame = Frame(variables=[None, 1], budget=Budget(DEFAULT_LIMITS))
    frame.variables[0] = "a"
    assert frame.variables == ["a", 1]
