"""A decision that cannot come over the host's connection: a person's on a terminal, or a token that the host has."""

import secrets
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import anyio

from batonmcp.core.approval import Approval, Approved, Refused, Ruling
from batonmcp.core.discretion import Discretion
from batonmcp.core.policy import WithoutElicitation
from batonmcp.store.approvals import Approvals, Pending, Verdict

__all__ = ["DECISION_S", "LATE", "Desk", "Waiting"]

DECISION_S: Final = 600.0
"""Seconds for which a plan waits for a decision."""

_RULINGS: Final[dict[Verdict, Ruling]] = {
    "once": Approved(),
    "always": Approved(always=True),
    "no": Refused(because="a person refused it"),
}
LATE: Final = Refused(because=f"nobody decided within {DECISION_S / 60:g} minutes")
"""What becomes of a plan about which nobody has decided in time."""

_NOT_FETCHED: Final = Refused(
    because=f"the host did not come for the decision within {DECISION_S / 60:g} minutes, so that it is void"
)
_NOBODY: Final = Refused(
    because="this host cannot ask a person, and `without_elicitation` in servers.json says to refuse then"
)
_NOT_SHARED: Final = Refused(
    because="this host cannot ask a person, and no terminal can see the question, as the store is in memory only "
    '(write "store": "sqlite" under "batonmcp" in servers.json, or mend what the log says of the one that is there)'
)


@dataclass(slots=True, eq=False)
class Waiting:
    """An approval that waits.

    Attributes:
        approval: What it is about.
        token: What the host has to bring to approve it; None where it cannot.
        told: Whether the host has been told of it.
    """

    approval: Approval
    token: str | None
    told: bool = False
    ruling: Ruling | None = None
    settled: anyio.Event = field(default_factory=anyio.Event)

    def settle(self, ruling: Ruling) -> None:
        """Decide it; what was decided before stays."""
        if self.ruling is None:
            self.ruling = ruling
            self.settled.set()


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where decisions come from when a host cannot ask.

    Attributes:
        way: As the policy says.
        approvals: The questions and decisions that all processes see, where there is such a store.
        command: What a person types to decide, without the run's id.
        discretion: Knows what the question must not say.
    """

    way: WithoutElicitation
    approvals: Approvals
    command: str
    discretion: Discretion

    def open(self, approval: Approval) -> Waiting | Refused:
        """Return what waits for a decision; refused where none can come."""
        match self.way:
            case "refuse":
                return _NOBODY
            case "cli":
                return Waiting(approval, token=None) if self.approvals.shared else _NOT_SHARED
            case "host":
                return Waiting(approval, token=secrets.token_urlsafe(32))

    @asynccontextmanager
    async def shown(self, run_id: str, waiting: Waiting) -> AsyncGenerator[Refused | None]:
        """Keep what waits where a person finds it; yield why it cannot be, if it cannot."""
        if waiting.token is not None:
            yield None
            return
        try:
            await self.approvals.ask(self._pending(run_id, waiting.approval))
            yield None if self.approvals.shared else _NOT_SHARED  # it may be the first that is asked of the store
        finally:
            with anyio.CancelScope(shield=True):
                await self.approvals.withdraw(run_id)

    async def wait(self, run_id: str, waiting: Waiting) -> Ruling:
        """Wait for the decision, for as long as it is good."""
        with anyio.move_on_after(DECISION_S):
            await waiting.settled.wait()
        if waiting.ruling is None:
            verdict = await self._decision(run_id, waiting)
            waiting.settle(_NOT_FETCHED if verdict in {"once", "always"} else _RULINGS["no"] if verdict else LATE)
        return waiting.ruling or LATE

    async def look(self, run_id: str, waiting: Waiting) -> None:
        """See whether a person has decided on a terminal."""
        if waiting.ruling is None and (verdict := await self._decision(run_id, waiting)):
            waiting.settle(_RULINGS[verdict])

    def present(self, waiting: Waiting, token: str) -> bool:
        """Approve with a token, which is good once; False if it is not the one."""
        if waiting.token is None or waiting.ruling is not None:
            return False
        if not secrets.compare_digest(waiting.token.encode(), token.encode("utf-8", "replace")):
            return False
        waiting.settle(Approved())
        return True

    def explained(self, run_id: str, waiting: Waiting) -> str:
        """Tell the host what waits for whom, and what to do."""
        then = f'call orchestrate with {{"run_id": "{run_id}"}}'
        if waiting.token is None:
            cure = (
                f"This host cannot ask a person. Ask the user to type this on a terminal:\n{self.command} {run_id}\n"
                f"Then {then}: it runs exactly this, once. The question is open for {DECISION_S / 60:g} minutes."
            )
        else:
            cure = (
                "Show this to the user. Only if they agree, call orchestrate with "
                f'{{"run_id": "{run_id}", "approval": "{waiting.token}"}}: it runs exactly this, once.'
            )
        return f"{_state(waiting.approval)}: a person decides.\n\n{waiting.approval.text()}\n\n{cure}"

    async def _decision(self, run_id: str, waiting: Waiting) -> Verdict | None:
        """Take what a person has decided on a terminal."""
        if waiting.token is not None:
            return None
        with anyio.CancelScope(shield=True):  # it is given out once: nobody may take it and leave
            return await self.approvals.decision(run_id, waiting.approval.digest)

    def _pending(self, run_id: str, approval: Approval) -> Pending:
        now = time.time()
        return Pending(
            run_id=run_id,
            digest=approval.digest,
            query=approval.query,
            text=self.discretion.text(approval.text()),
            tools=tuple(tool.qualified for tool in approval.tools),
            asked_at=now,
            expires_at=now + DECISION_S,
        )


def _state(approval: Approval) -> str:
    if approval.begun:
        return "Some of its steps have run"
    return "Nothing but reads of it was run yet" if approval.ahead else "Nothing was run yet"
