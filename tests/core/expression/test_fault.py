"""A fault carries what an error says about it."""

from batonmcp.core.expression.fault import Fault


def test_fault_has_message_and_cure() -> None:
    """A fault keeps its message and its cure apart."""
    fault = Fault(message="it is empty.", cure="Write a value.")
    assert (str(fault), fault.message, fault.cure) == ("it is empty.", "it is empty.", "Write a value.")
