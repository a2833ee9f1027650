"""The progress of a run, as a host shows it."""

import math
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio

from batonmcp.core.events import AnswerGrew, Emit, Event, RunFinished, StepFinished, StepProgressed
from batonmcp.stages.narrate import Narrator

__all__ = ["HEARTBEAT", "PAUSE", "Report", "reporting"]

Report = Callable[[float, float | None, str], Awaitable[None]]
"""Sends one progress notification: how much is done, of how much, and in words."""

HEARTBEAT = 10.0
"""Longest silence, in seconds: what goes on is then said again, so that no host thinks the run dead."""

PAUSE = 0.1
"""Shortest time in seconds between two notifications of how far a call is."""

_ANSWER = ""
"""What stands for the answer among the steps, none of which is called so."""

_BACKLOG = 1_000
_LAST_WORDS = 1.0
_STRIDE = 100_000
"""Into how many strides the way to the next part is divided: each notification goes one, and so none arrives."""


@asynccontextmanager
async def reporting(report: Report) -> AsyncGenerator[Emit]:
    """Yield a listener whose events become progress notifications."""
    narrator = Narrator()
    lines = _Lines()

    def listen(event: Event) -> None:
        line = narrator.tell(event)
        if isinstance(event, StepFinished):
            lines.forget(event.step_id)
        elif isinstance(event, RunFinished):
            lines.forget(_ANSWER)
        if line and isinstance(event, StepProgressed):
            lines.replace(event.step_id, line)
        elif line and isinstance(event, AnswerGrew):
            lines.replace(_ANSWER, line)
        elif line:
            lines.add(line)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_send, report, narrator, lines)
        try:
            yield listen
        finally:
            lines.close()
        tasks.cancel_scope.deadline = anyio.current_time() + _LAST_WORDS


class _Lines:
    """What there is to tell: every line in its order, but of a call's progress only the last word."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque()
        self._progress: dict[str, str] = {}
        self._progress_at = -math.inf
        self._closed = False
        self._news = anyio.Event()

    def add(self, line: str) -> None:
        """Take a line; past the backlog it is lost: a host that takes no progress must not hold the run up."""
        if len(self._lines) < _BACKLOG:
            self._lines.append(line)
            self._tell()

    def replace(self, step: str, line: str) -> None:
        """Take how far a step is."""
        self._progress[step] = line
        self._tell()

    def forget(self, step: str) -> None:
        """Tell no more how far a step is."""
        self._progress.pop(step, None)

    def close(self) -> None:
        """Take nothing more; what is left of the lines is still told."""
        self._closed = True
        self._tell()

    async def next(self) -> str | None:
        """Wait for something to tell; None at the end."""
        while True:
            if self._lines:
                return self._lines.popleft()
            if self._closed:
                return None
            pause = self._progress_at + PAUSE - anyio.current_time() if self._progress else math.inf
            if pause <= 0:
                self._progress_at = anyio.current_time()
                return self._progress.pop(next(iter(self._progress)))
            with anyio.move_on_after(pause):
                await self._news.wait()

    def _tell(self) -> None:
        news, self._news = self._news, anyio.Event()
        news.set()


async def _send(report: Report, narrator: Narrator, lines: _Lines) -> None:
    """Send what there is to tell, in numbers that always grow, as the protocol asks."""
    sent = 0.0
    while True:
        line = ""
        with anyio.move_on_after(HEARTBEAT):
            told = await lines.next()
            if told is None:
                return
            line = told
        number = max(float(narrator.done), sent + (narrator.done + 1 - sent) / _STRIDE)  # never the next part
        if number > sent:
            sent = number
            await report(sent, narrator.total, line or narrator.now)
