"""Giving way to others in the event loop, between two pieces of work that both take a while."""

from typing import Final

from anyio.lowlevel import checkpoint

__all__ = ["give_way"]

_ROUNDS: Final = 3
"""So many rounds of the event loop pass until a task runs whose time has come: its timer, its wake-up, itself."""


async def give_way() -> None:
    """Let all others run that can, so that they wait twice for a short time and not once for a long one."""
    for _ in range(_ROUNDS):
        await checkpoint()
