"""Outcomes: what became of a step, in one word."""

from typing import get_args

import pytest

from batonmcp.core.errors import ErrorInfo
from batonmcp.core.outcome import Cancelled, Failed, ItemOutcome, Outcome, Skipped, StepStatus, Succeeded, status_of

ERROR = ErrorInfo(kind="timeout", message="It took too long.")


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (Succeeded(value=None), "succeeded"),
        (Failed(error=ERROR), "failed"),
        (Failed(error=ERROR, unsure=True), "unknown"),
        (Skipped(because="its condition is false", by_failure=False), "skipped"),
        (Skipped(because="step `a` failed", by_failure=True), "skipped"),
        (Cancelled(because="the run was cancelled"), "cancelled"),
        (Cancelled(because="the run was cancelled", unsure=True), "unknown"),
    ],
)
def test_every_outcome_has_its_status(outcome: Outcome, status: StepStatus) -> None:
    """A write that may have happened is `unknown`, however it ended."""
    assert status_of(outcome) == status
    assert status in get_args(StepStatus)


def test_an_outcome_is_sure_and_of_one_call_unless_said() -> None:
    """Most calls are one call that either happened or did not."""
    assert Failed(error=ERROR) == Failed(error=ERROR, unsure=False, again="never", items=None)
    assert Cancelled(because="b") == Cancelled(because="b", unsure=False, items=None)
    assert Succeeded(value=1).items is None


@pytest.mark.parametrize(
    "outcome", [Succeeded(value=1), Failed(error=ERROR), ItemOutcome(arguments={}, outcome=Succeeded(value=1))]
)
def test_outcomes_are_frozen(outcome: Outcome | ItemOutcome) -> None:
    """What happened does not change."""
    for name in outcome.__slots__:
        with pytest.raises(AttributeError):
            setattr(outcome, name, None)
