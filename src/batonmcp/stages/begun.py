"""A call that has begun before the plan that it belongs to was whole."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import anyio
import anyio.lowlevel

from batonmcp.core.caller import Answer, Caller, Declined, Progress, Question
from batonmcp.core.early import EarlyCall
from batonmcp.core.outcome import Failed, Succeeded
from batonmcp.core.reads import ReadStatus
from batonmcp.stages.ports import Ports

__all__ = ["Begun", "first"]

_OVER: Final = Declined(because="the run that called its tool is over", over=True)


class Begun:
    """A call that has begun before its plan was whole.

    Until the plan is, its server's questions wait, and nobody hears how far it is.

    Attributes:
        call: The call.
        started: When it began, by the run's clock.
        ended: When it was answered; None while it is not.
        outcome: What came of it; None while nothing has, and where it was stopped.
    """

    def __init__(self, call: EarlyCall, started: float) -> None:
        self.call = call
        self.started = started
        self.ended: float | None = None
        self.outcome: Succeeded | Failed | None = None
        self._caller: Caller | None = None
        self._joined = anyio.Event()
        self._over = anyio.Event()
        self._scope = anyio.CancelScope()

    @property
    def status(self) -> ReadStatus:
        """How far it is."""
        match self.outcome:
            case Succeeded():
                return "answered"
            case Failed():
                return "failed"
            case None:
                return "stopped" if self._scope.cancel_called else "running"

    async def run(self, ports: Ports, caller: Caller) -> None:
        """Make the call."""
        with self._scope:
            await anyio.lowlevel.checkpoint_if_cancelled()  # it may have been stopped before it came to this
            until_joined = replace(caller, ask=self._ask, progressed=self._progressed)
            self.outcome = await ports.tools.call(
                self.call.tool, self.call.arguments, within=ports.limits.call_timeout, caller=until_joined
            )
            self.ended = ports.clock()
        self._over.set()

    async def answer(self, caller: Caller) -> Succeeded | Failed:
        """Wait for what comes of it, on behalf of whom it goes on now. Whoever gives that up stops the call."""
        self._caller = caller
        self._joined.set()
        try:
            await self._over.wait()
        except anyio.get_cancelled_exc_class():
            self.stop()
            raise
        if self.outcome is None:
            message = "a call that was stopped has no answer"
            raise RuntimeError(message)
        return self.outcome

    def stop(self) -> None:
        """End the call, unless it has been answered."""
        self._scope.cancel()
        self._joined.set()

    async def _ask(self, question: Question) -> Answer | Declined:
        await self._joined.wait()
        return await self._caller.ask(question) if self._caller else _OVER

    def _progressed(self, progress: Progress) -> None:
        if self._caller:
            self._caller.progressed(progress)


def first(begun: Sequence[Begun], call: EarlyCall) -> Begun | None:
    """Return the first that makes this call, None if none does."""
    return next((one for one in begun if one.call.key == call.key), None)
