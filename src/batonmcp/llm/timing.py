"""How time passes for those who wait for an endpoint."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import anyio

__all__ = ["REAL", "Timing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Where time comes from.

    Attributes:
        pause: Waits so many seconds.
        clock: Seconds, never going back, whatever happens to the time of day.
        jitter: From 0 to 1, at random.
    """

    pause: Callable[[float], Awaitable[None]]
    clock: Callable[[], float]
    jitter: Callable[[], float]


REAL = Timing(pause=anyio.sleep, clock=anyio.current_time, jitter=random.random)
"""As it passes."""
