"""The bounds of a run."""

from dataclasses import asdict

import pytest

from batonmcp.core.limits import Limits


def test_defaults_bound_everything() -> None:
    """Without any configuration nothing is without end, and one call ends before the run does."""
    limits = Limits()
    assert limits.answer_within is None, "it is as the host can take"
    assert all(bound > 0 for name, bound in asdict(limits).items() if name != "answer_within")
    assert limits.call_timeout < limits.run_timeout
    assert limits.parallel_items <= limits.items


def test_a_query_may_have_64_kb() -> None:
    """The bound that hosts are told."""
    assert Limits().query_bytes == 64 * 1024


def test_is_frozen() -> None:
    """A run cannot widen its own limits."""
    with pytest.raises(AttributeError):
        Limits().steps = 1000  # type: ignore[misc]
