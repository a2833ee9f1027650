"""The clocks that engine.py measures by: the wall clock, and one that leaves out what others do to the machine."""

import asyncio
import selectors
import time
from collections.abc import Awaitable, Callable
from selectors import SelectorKey
from typing import Literal, TypeAlias, TypeVar

import anyio

__all__ = ["Clock", "SteadyLoop", "run_by"]

Clock: TypeAlias = Literal["processor", "wall"]
_T = TypeVar("_T")


def run_by(clock: Clock, function: Callable[[], Awaitable[_T]]) -> _T:
    """Run a function in a loop whose time, `anyio.current_time`, is that of a clock."""
    return anyio.run(function, backend_options={"loop_factory": SteadyLoop} if clock == "processor" else {})


class _SkippingSelector(selectors.DefaultSelector):
    """A selector that does not wait for a timer but notes that the time has passed."""

    skipped = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        """Return what is ready now; without a timer, wait for it."""
        if timeout is None:
            return super().select(None)
        ready = super().select(0)
        if not ready:
            self.skipped += max(timeout, 0.0)
        return ready


class SteadyLoop(asyncio.SelectorEventLoop):
    """A loop in which a sleep takes exactly its time, and everything else the processor time of this thread.

    It does not sleep, its clock jumps; so a busy machine shows in no measurement.
    """

    def __init__(self) -> None:
        self._skipping = _SkippingSelector()
        super().__init__(self._skipping)

    def time(self) -> float:
        """Return seconds."""
        return time.thread_time() + self._skipping.skipped
