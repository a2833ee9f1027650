"""The lane of calls to one server: its owner's task makes them, and whoever wants one waits beside it."""

from typing import TypeVar

from batonmcp.downstream.call import Call, CallTimeout, Changed, Lost, rejected
from batonmcp.downstream.offer import Offer
from batonmcp.downstream.phase import Up
from batonmcp.downstream.standing import Standing
from batonmcp.downstream.traffic import Traffic

__all__ = ["Lane"]

_Result = TypeVar("_Result")


class Lane:
    """Hands calls to the task that owns the connection.

    A caller who gives up, or a write that never ends, leaves the connection and its other calls alone.

    Args:
        standing: Where the connection stands.
        traffic: Gets to know every call.
        offer: How the server is called.
    """

    def __init__(self, standing: Standing, traffic: Traffic, offer: Offer) -> None:
        self._standing = standing
        self._traffic = traffic
        self._offer = offer

    async def make(self, call: Call[_Result], within: float) -> _Result:
        """Have a call made, and wait for what comes of it.

        Raises:
            Changed: The tool is no longer what it was when the call was planned.
            Lost: There is no connection, or it ended under the call, or the server rests after calls without an answer.
            CallTimeout: No answer came within so many seconds.
            Rejected: The answer was an error of the protocol, or no result.
        """
        up: Up | None = None
        try:
            with call.clock.scope:
                up = await self._standing.ready()
                if up:
                    with self._traffic.carrying(call, self._offer.title):
                        up.calls.start_soon(call.perform, up.client, name=self._offer.settings.name)
                        await call.done.wait()
        finally:
            call.scope.cancel()
        if up is None:
            raise Lost(self._standing.reason, sent=False)
        if call.result is not None:
            return call.result
        if not call.done.is_set():
            if up.evidence.process:
                up.evidence.process.give_up(patience=within / 2)
            raise CallTimeout
        raise await self._why_none(call, up)

    async def _why_none(self, call: Call[_Result], up: Up) -> Exception:
        """Return what stands for the result of a call that is over."""
        if isinstance(call.error, Changed):
            return call.error
        if wanted := up.evidence.rest_wanted_by(call.error):
            self._traffic.rest(wanted)
        if (call.cut_off or up.evidence.forgotten) and await self._standing.is_over(up):
            return Lost(self._standing.reason, sent=call.cut_off)
        return rejected(call.error, up.evidence, self._offer.title)
