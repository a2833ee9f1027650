"""The runs of this process: which are at work, which wait for their host, and which can still be read."""

import secrets
from collections import OrderedDict
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup
from mcp_types import CallToolResult, InputRequests, InputRequiredResult, InputResponse
from pydantic import JsonValue

from batonmcp.core.limits import Limits, size_of
from batonmcp.core.record import RunRecord
from batonmcp.host.capacity import Capacity
from batonmcp.host.run import Attendant, Interim, Run, Work

__all__ = ["PATIENCE", "Runs", "open_runs"]

PATIENCE: Final = 600.0
"""Seconds for which a run waits for its host to come back with answers."""

_MOST_PARKED = 100


@dataclass(slots=True, eq=False)
class _Parked:
    run: Run
    timer: anyio.CancelScope = field(default_factory=anyio.CancelScope)


@dataclass(slots=True, eq=False)
class _Ended:
    """A run that can still be read."""

    run: Run
    weight: int
    until: float


class Runs:
    """Starts runs, parks those whose questions a host takes away, and finds them again.

    A parked run goes on with all that its questions do not hold up. It is found by a state that nobody can guess, once,
    by whoever it belongs to; any run is found by its id, as often as it is asked for.

    Args:
        tasks: Where runs live.
        limits: How many may be at work, and how much of what they gave stays readable.
        patience: Seconds after which a run is cancelled whose host has not come back.
    """

    def __init__(self, tasks: TaskGroup, *, limits: Limits | None = None, patience: float = PATIENCE) -> None:
        self._tasks = tasks
        self._limits = limits or Limits()
        self._patience = patience
        self._capacity = Capacity(places=self._limits.runs, queue=self._limits.waiting_runs)
        self._parked: dict[str, _Parked] = {}
        self._working: dict[str, Run] = {}
        self._ended: OrderedDict[str, _Ended] = OrderedDict()
        self._weight = 0

    @property
    def is_full(self) -> bool:
        """Whether so many runs are at work, and wait to be, that one more would do nobody good."""
        return self._capacity.is_full

    def start(self, work: Work, *, principal: str | None, inputs: Mapping[str, JsonValue] | None = None) -> Run:
        """Start a run, when its turn comes."""
        run = Run(work, principal=principal, inputs=inputs, lent=self._capacity.lent, patience=self._patience)
        self._working[run.id] = run
        self._tasks.start_soon(self._perform, run)
        return run

    def find(self, run_id: str, *, principal: str | None) -> Run | None:
        """Return a run by its id; None if there is none any more, or it is somebody else's.

        What it was parked with is good no more: the host has come back another way.
        """
        self._expire_ended()
        ended = self._ended.get(run_id)
        run = ended.run if ended else self._working.get(run_id)
        if run is None or run.principal != principal:
            return None
        self._unpark(run)
        return run

    def resume(self, state: str, *, principal: str | None) -> Run | None:
        """Return the run that was parked with this state; None if there is none, or it is somebody else's."""
        parked = self._parked.get(state)
        if parked is None or parked.run.principal != principal:
            return None
        del self._parked[state]
        parked.timer.cancel()
        return parked.run

    async def attend(
        self,
        run: Run,
        guest: Attendant,
        responses: Mapping[str, InputResponse] | None = None,
        *,
        within: float | None = None,
    ) -> CallToolResult | InputRequiredResult | Interim:
        """Wait for a run's reply, or so many seconds; park it if it has questions for which the host has to return."""
        outcome = await run.attend(guest, responses, within=within)
        return outcome if isinstance(outcome, CallToolResult | Interim) else self._park(run, outcome)

    async def _perform(self, run: Run) -> None:
        try:
            async with self._capacity.place():
                await run.perform()
        finally:
            del self._working[run.id]
        await self._keep(run)

    async def _keep(self, run: Run) -> None:
        """Keep what a run gave readable, in place of older ones where there is no room."""
        weight = await anyio.to_thread.run_sync(partial(_weight, run.recorder.record))
        self._ended[run.id] = _Ended(run, weight, anyio.current_time() + self._limits.kept_seconds)
        self._weight += weight
        while len(self._ended) > self._limits.kept_runs or self._weight > self._limits.kept_bytes:
            self._drop(next(iter(self._ended)))
        self._expire_ended()

    def _expire_ended(self) -> None:
        now = anyio.current_time()
        for run_id in [run_id for run_id, ended in self._ended.items() if ended.until <= now]:
            self._drop(run_id)

    def _drop(self, run_id: str) -> None:
        self._weight -= self._ended.pop(run_id).weight

    def _park(self, run: Run, questions: InputRequests) -> InputRequiredResult:
        if len(self._parked) >= _MOST_PARKED:
            oldest = self._parked.pop(next(iter(self._parked)))
            oldest.timer.cancel()
            oldest.run.cancel()
        state, parked = secrets.token_urlsafe(32), _Parked(run)
        self._parked[state] = parked
        self._tasks.start_soon(self._expire, state, parked)
        return InputRequiredResult(input_requests=questions, request_state=state)

    def _unpark(self, run: Run) -> None:
        for state in [state for state, parked in self._parked.items() if parked.run is run]:
            self._parked.pop(state).timer.cancel()

    async def _expire(self, state: str, parked: _Parked) -> None:
        with parked.timer:
            await anyio.sleep(self._patience)
            del self._parked[state]
            parked.run.cancel()


def _weight(record: RunRecord) -> int:
    """Return about how many bytes the values of a record take."""
    return sum(
        size_of(step.value) + sum(a.contents.size for a in step.attachments if a.contents) for step in record.steps
    )


@asynccontextmanager
async def open_runs(*, limits: Limits | None = None, patience: float = PATIENCE) -> AsyncGenerator[Runs]:
    """Yield an empty table; on leaving, all runs are cancelled."""
    async with anyio.create_task_group() as tasks:
        try:
            yield Runs(tasks, limits=limits, patience=patience)
        finally:
            tasks.cancel_scope.cancel()
