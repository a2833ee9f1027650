"""The phases of a connection."""

import pytest

from batonmcp.downstream.phase import Connecting, Down, Idle


def test_phases_differ_by_what_they_tell() -> None:
    """A connection that is tried again says why once that is known."""
    assert Connecting() == Connecting(trouble=None) != Connecting("It went away.")
    assert Down("a") != Down("b")
    assert Idle() == Idle()
    with pytest.raises(AttributeError):
        Down("a").trouble = "b"  # pyright: ignore[reportAttributeAccessIssue]
