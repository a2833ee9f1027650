"""The bounds of a run."""

from dataclasses import asdict

import pytest

from batonmcp.core.limits import Limits


def test_defaults_bound_everything() -> None:
    """Without any configuration nothing is without end but what hosts and prices bound; a call ends before its run."""
    limits = Limits()
    bounds = asdict(limits)
    assert {name for name, bound in bounds.items() if bound is None} == {"answer_within", "cost_usd", "llm_tokens"}
    assert all(bound > 0 for bound in bounds.values() if bound is not None)
    assert limits.call_timeout < limits.run_timeout
    assert limits.parallel_items <= limits.items


def test_a_query_may_have_64_kb() -> None:
    """The bound that hosts are told."""
    assert Limits().query_bytes == 64 * 1024


def test_is_frozen() -> None:
    """A run cannot widen its own limits."""
    with pytest.raises(AttributeError):
        Limits().steps = 1000  # type: ignore[misc]
