"""Where a connection stands, for those who wait for it and for those who are told of it."""

from collections.abc import Callable
from typing import Final

import anyio

from batonmcp.downstream.catalogue import Catalogue
from batonmcp.downstream.offer import Offer
from batonmcp.downstream.phase import Connecting, Down, Idle, Phase, Up

__all__ = ["Standing"]

_MOMENT: Final = 3.0


class Standing:
    """Holds the phase of a connection, and wakes whoever waits for another one.

    Args:
        phase: The first.
        offer: What the server offers, as far as that is known.
        tell: Called when the phase, or what is offered, may be different from before.

    Attributes:
        phase: The phase that it is in now.
    """

    def __init__(self, phase: Phase, offer: Offer, tell: Callable[[], None]) -> None:
        self.phase = phase
        self._offer = offer
        self._tell = tell
        self._changed = anyio.Event()

    @property
    def catalogue(self) -> Catalogue | None:
        """What the server offers, or offered when it was last connected; None while it cannot be reached."""
        return None if isinstance(self.phase, Down) else self._offer.catalogue

    @property
    def trouble(self) -> str | None:
        """Why it is not connected, or what is wrong although it is."""
        match self.phase:
            case Up() | Idle():
                return self._offer.catalogue and self._offer.catalogue.trouble
            case Down(trouble=trouble):
                return trouble
            case Connecting(trouble=trouble):
                known = self._offer.catalogue
                return trouble or (known.trouble if known else self._starting)

    @property
    def reason(self) -> str:
        """Why there is no connection for a call."""
        starts = isinstance(self.phase, Connecting)
        return self.trouble or (self._starting if starts else f"{self._offer.title} is back.")

    def become(self, phase: Phase) -> None:
        """Enter a phase."""
        self.phase = phase
        self.changed()

    def changed(self) -> None:
        """Wake all who wait, and tell."""
        before, self._changed = self._changed, anyio.Event()
        before.set()
        self._tell()

    async def known(self) -> None:
        """Wait until it is known what the server offers, if only from last time, or that it cannot be reached."""
        while isinstance(self.phase, Connecting) and self._offer.catalogue is None:
            await self._changed.wait()

    async def settled(self) -> None:
        """Wait until the server is connected, or has failed to, or will only be tried again after a while."""
        while isinstance(self.phase, Connecting):
            await self._changed.wait()

    async def wanted(self) -> None:
        """Wait until somebody needs a server that is idle; at once for any other."""
        while isinstance(self.phase, Idle):
            await self._changed.wait()

    async def ready(self) -> Up | None:
        """Return the connection once there is one, None if there is none; a server that is idle is started."""
        if isinstance(self.phase, Idle):
            self.become(Connecting())
        await self.settled()
        return self.phase if isinstance(self.phase, Up) else None

    async def is_over(self, up: Up) -> bool:
        """Give the owner task a moment to find out that a connection has gone, and why; tell whether it has."""
        with anyio.move_on_after(_MOMENT):
            while self.phase is up or (isinstance(self.phase, Connecting) and self.phase.trouble is None):
                await self._changed.wait()
        return self.phase is not up

    @property
    def _starting(self) -> str:
        return f"{self._offer.settings.name} is still starting."
