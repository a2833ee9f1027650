"""Whom a run plays for: who hears of it, answers its servers' questions, and decides about its plan."""

from dataclasses import dataclass

from batonmcp.core.approval import Approval, Decide, Undecided
from batonmcp.core.caller import NOBODY, Caller
from batonmcp.core.events import Emit, Event
from batonmcp.core.recorder import Recorder

__all__ = ["Audience", "cannot_ask", "hear_nothing"]


async def cannot_ask(_approval: Approval) -> Undecided:
    """Decide nothing: for where no person can be asked."""
    return Undecided()


def hear_nothing(_event: Event) -> None:
    """Let an event pass."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Audience:
    """Whom one run is for.

    Attributes:
        listen: Gets every event as it happens.
        caller: Is asked what servers want to know.
        decide: Has a person decide about steps that do not run just so. The run's time stands still meanwhile.
        recorder: Folds the events into the record, so that others can read it while the run goes on; None: one is made.
        follows: Whether it shows the answer while that is written.
    """

    listen: Emit = hear_nothing
    caller: Caller = NOBODY
    decide: Decide = cannot_ask
    recorder: Recorder | None = None
    follows: bool = False
