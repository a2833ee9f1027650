"""A change that a person is asked about before it is made."""

from collections.abc import Sequence

from batonmcp.cli.echo import Echo
from batonmcp.cli.person import agreed, is_there
from batonmcp.config.change import Change, Made, make
from batonmcp.config.journal import Journal, Record
from batonmcp.core.errors import ConfigError

__all__ = ["NEEDS_DECISION", "accepted", "make_all", "remember", "show"]

NEEDS_DECISION = 3


def show(changes: Sequence[Change], echo: Echo) -> None:
    """Print what would change, without secrets."""
    for change in changes:
        echo.out(f"{change.diff()}\n")


async def accepted(question: str, *, yes: bool) -> bool | None:
    """Return the person's decision; None where there is nobody to ask and `yes` was not said before."""
    if yes:
        return True
    return await agreed(question) if is_there() else None


def make_all(changes: Sequence[Change], made: list[Made], echo: Echo) -> None:
    """Make changes and say so; `made` has those that were made, also when one fails.

    Raises:
        ConfigError: One cannot be made.
    """
    for change in changes:
        done = make(change)
        made.append(done)
        echo.out(f"{change.path} is written{f'; what it was is in {done.copy}' if done.copy else ''}.")


def remember(record: Record, echo: Echo) -> None:
    """Keep a record of what was changed, so that it can be taken back; where that fails, say so."""
    try:
        Journal().add(record)
    except ConfigError as error:
        echo.err(f"batonmcp: --undo will not know of this, but the copies are there: {error}")
