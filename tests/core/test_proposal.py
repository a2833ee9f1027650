"""What a planner gives."""

import pytest

from batonmcp.core.proposal import NoTool, Proposal, Routed


@pytest.mark.parametrize("routed", [Proposal(document={"steps": []}), NoTool(reason="None fits.")])
def test_what_a_planner_gives_is_frozen_and_notes_nothing_by_itself(routed: Routed) -> None:
    """The run's record says only what the planner put there."""
    assert routed.notes == ()
    with pytest.raises(AttributeError):
        routed.notes = ("changed",)  # type: ignore[misc]


def test_a_proposal_is_not_validated() -> None:
    """Any JSON can be proposed; whether it is a plan is for `check` to say."""
    assert Proposal(document="not a plan").document == "not a plan"
