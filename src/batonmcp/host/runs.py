"""The runs of this process, and which of them wait for their host to come back with answers."""

import secrets
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import anyio
from anyio.abc import TaskGroup
from mcp_types import CallToolResult, InputRequests, InputRequiredResult, InputResponse

from batonmcp.host.run import Attendant, Run, Work

__all__ = ["PATIENCE", "Runs", "open_runs"]

PATIENCE: Final = 600.0
"""Seconds for which a run waits for its host to come back with answers."""

_MOST_PARKED = 100


@dataclass(slots=True, eq=False)
class _Parked:
    run: Run
    timer: anyio.CancelScope = field(default_factory=anyio.CancelScope)


class Runs:
    """Starts runs, parks those whose questions a host takes away, and finds them again.

    A parked run goes on with all that its questions do not hold up. It is found by a state that nobody can guess, once,
    by whoever it belongs to.

    Args:
        tasks: Where runs live.
        patience: Seconds after which a run is cancelled whose host has not come back.
    """

    def __init__(self, tasks: TaskGroup, *, patience: float = PATIENCE) -> None:
        self._tasks = tasks
        self._patience = patience
        self._parked: dict[str, _Parked] = {}

    def start(self, work: Work, *, principal: str) -> Run:
        """Start a run."""
        run = Run(work, principal=principal)
        self._tasks.start_soon(run.perform)
        return run

    def resume(self, state: str, *, principal: str | None) -> Run | None:
        """Return the run that was parked with this state; None if there is none, or it is somebody else's.

        A principal of None has nothing but the state to show for it.
        """
        parked = self._parked.get(state)
        if parked is None or principal not in {None, parked.run.principal}:
            return None
        del self._parked[state]
        parked.timer.cancel()
        return parked.run

    async def attend(
        self, run: Run, guest: Attendant, responses: Mapping[str, InputResponse] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """Wait for a run's reply. If it has questions for which the host has to come back, it is parked."""
        outcome = await run.attend(guest, responses)
        if isinstance(outcome, CallToolResult):
            return outcome
        return self._park(run, outcome)

    def _park(self, run: Run, questions: InputRequests) -> InputRequiredResult:
        if len(self._parked) >= _MOST_PARKED:
            oldest = self._parked.pop(next(iter(self._parked)))
            oldest.timer.cancel()
            oldest.run.cancel()
        state, parked = secrets.token_urlsafe(32), _Parked(run)
        self._parked[state] = parked
        self._tasks.start_soon(self._expire, state, parked)
        return InputRequiredResult(input_requests=questions, request_state=state)

    async def _expire(self, state: str, parked: _Parked) -> None:
        with parked.timer:
            await anyio.sleep(self._patience)
            del self._parked[state]
            parked.run.cancel()


@asynccontextmanager
async def open_runs(*, patience: float = PATIENCE) -> AsyncGenerator[Runs]:
    """Yield an empty table; on leaving, all runs are cancelled."""
    async with anyio.create_task_group() as tasks:
        try:
            yield Runs(tasks, patience=patience)
        finally:
            tasks.cancel_scope.cancel()
