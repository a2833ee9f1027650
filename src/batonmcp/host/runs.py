"""The runs of this process: which are at work, which wait for their host, and which can still be read."""

import secrets
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup
from mcp_types import CallToolResult, InputRequests, InputRequiredResult, InputResponse, TextContent
from pydantic import JsonValue

from batonmcp.core.limits import Limits, size_of
from batonmcp.host.capacity import Capacity
from batonmcp.host.run import Attendant, Interim, Run, Work

__all__ = ["PATIENCE", "Parked", "Runs", "open_runs"]

PATIENCE: Final = 600.0
"""Seconds for which a run waits for its host to come back with answers."""

_MOST_PARKED: Final = 100
_PUSHED_OUT: Final = f"The run was cancelled, as {_MOST_PARKED} others have been waiting for their host since."


@dataclass(slots=True, eq=False)
class Parked:
    """A run that waits for its host to come back with the answers of a round.

    Attributes:
        run: The run.
        keys: What was asked in the round.
    """

    run: Run
    keys: Collection[str]
    timer: anyio.CancelScope = field(default_factory=anyio.CancelScope)

    def answers(self, responses: Mapping[str, InputResponse] | None) -> Mapping[str, InputResponse | None]:
        """Return what a host brings for each question of the round, and for no other."""
        return {key: (responses or {}).get(key) for key in self.keys}


@dataclass(slots=True, eq=False)
class _Ended:
    """How long a run can still be read that has ended, and what it takes."""

    until: float
    weight: int = 0


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
        self._parked: dict[str, Parked] = {}
        self._known: dict[str, Run] = {}
        self._ended: dict[str, _Ended] = {}
        self._weight = 0

    @property
    def is_full(self) -> bool:
        """Whether so many runs are at work, and wait to be, that one more would do nobody good."""
        return self._capacity.is_full

    def start(self, work: Work, *, principal: str | None, inputs: Mapping[str, JsonValue] | None = None) -> Run:
        """Start a run, when its turn comes."""
        place = self._capacity.reserve()
        run = Run(work, principal=principal, place=place, inputs=inputs, patience=self._patience)
        self._known[run.id] = run
        self._tasks.start_soon(self._perform, run)
        return run

    def find(self, run_id: str, *, principal: str | None) -> Run | None:
        """Return a run by its id; None if there is none any more, or it is somebody else's."""
        self._expire_ended()
        run = self._known.get(run_id)
        return run if run and run.principal == principal else None

    def knows(self, run_id: str) -> bool:
        """Whether there is such a run, whoever it belongs to."""
        return run_id in self._known

    def resume(self, state: str, *, principal: str | None) -> Parked | None:
        """Return the run that was parked with this state; None if there is none, or it is somebody else's."""
        parked = self._parked.get(state)
        if parked is None or parked.run.principal != principal:
            return None
        self._unpark(state)
        return parked

    async def attend(
        self,
        run: Run,
        guest: Attendant,
        answers: Mapping[str, InputResponse | None] | None = None,
        *,
        within: float | None = None,
    ) -> CallToolResult | InputRequiredResult | Interim:
        """Wait for a run's reply, or so many seconds; park it if it has questions for which the host has to return.

        A host that comes without answers is asked again: what the run was parked with is good no more.
        """
        if answers is None:
            self._unpark_all(run)
        outcome = await run.attend(guest, answers, within=within)
        return outcome if isinstance(outcome, CallToolResult | Interim) else self._park(run, outcome)

    async def _perform(self, run: Run) -> None:
        try:
            await run.perform()
        except BaseException:
            del self._known[run.id]
            raise
        ended = self._ended[run.id] = _Ended(until=anyio.current_time() + self._limits.kept_seconds)
        self._make_room()
        weight = await anyio.to_thread.run_sync(_weight, run)  # a large one takes its time
        if self._ended.get(run.id) is ended:
            ended.weight = weight
            self._weight += weight
            self._make_room()

    def _make_room(self) -> None:
        """Keep what runs gave readable, in place of older ones where there is no room."""
        while len(self._ended) > self._limits.kept_runs or self._weight > self._limits.kept_bytes:
            self._drop(next(iter(self._ended)))
        self._expire_ended()

    def _expire_ended(self) -> None:
        now = anyio.current_time()
        while self._ended and next(iter(self._ended.values())).until <= now:
            self._drop(next(iter(self._ended)))

    def _drop(self, run_id: str) -> None:
        self._weight -= self._ended.pop(run_id).weight
        self._unpark_all(self._known.pop(run_id))

    def _park(self, run: Run, questions: InputRequests) -> InputRequiredResult:
        if len(self._parked) >= _MOST_PARKED:
            self._unpark(next(iter(self._parked))).run.cancel(_PUSHED_OUT)
        state, parked = secrets.token_urlsafe(32), Parked(run, [*questions])
        self._parked[state] = parked
        self._tasks.start_soon(self._expire, state, parked)
        return InputRequiredResult(input_requests=questions, request_state=state)

    def _unpark(self, state: str) -> Parked:
        parked = self._parked.pop(state)
        parked.timer.cancel()
        return parked

    def _unpark_all(self, run: Run) -> None:
        for state in [state for state, parked in self._parked.items() if parked.run is run]:
            self._unpark(state)

    async def _expire(self, state: str, parked: Parked) -> None:
        """End a run whose host has not come back; if it is over, its state stays, to tell a late host how it ended."""
        with parked.timer:
            await anyio.sleep(self._patience)
        run = parked.run
        if self._parked.get(state) is not parked:
            return  # its host has come in the meantime
        if run.attended:
            self._unpark(state)
            run.ask_again()
            return
        run.cancel(f"The run was cancelled, as its host did not come back with answers within {self._patience:g} s.")
        if run.reply is None:
            self._unpark(state)


def _weight(run: Run) -> int:
    """Return about how many bytes a run takes that has ended: what it got, what it gave, and its reply."""
    steps = run.recorder.record.steps
    values = sum(size_of(step.value) for step in steps)
    along = sum(a.contents.size for step in steps for a in step.attachments if a.contents)
    said = sum(len(block.text) for block in run.reply.content if isinstance(block, TextContent)) if run.reply else 0
    return values + along + said + size_of(dict(run.inputs))


@asynccontextmanager
async def open_runs(*, limits: Limits | None = None, patience: float = PATIENCE) -> AsyncGenerator[Runs]:
    """Yield an empty table; on leaving, all runs are cancelled."""
    async with anyio.create_task_group() as tasks:
        try:
            yield Runs(tasks, limits=limits, patience=patience)
        finally:
            tasks.cancel_scope.cancel()
