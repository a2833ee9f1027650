"""What a person at the terminal decides about a plan."""

from collections.abc import Mapping
from typing import Final

from batonmcp.cli.echo import Echo
from batonmcp.cli.person import forget_typed, typed_line
from batonmcp.store.approvals import Verdict

__all__ = ["typed_verdict"]

_VERDICTS: Final[Mapping[str, Verdict]] = {
    "o": "once",
    "once": "once",
    "a": "always",
    "always": "always",
    "n": "no",
    "no": "no",
}


async def typed_verdict(echo: Echo) -> Verdict | None:
    """Ask until the answer is one; an empty line and the end of the input are none."""
    forget_typed()
    while True:
        line = (await typed_line("Run it? [o]nce, [a]lways for these tools, [n]o: ") or "").lower()
        if not line or line in _VERDICTS:
            return _VERDICTS.get(line)
        echo.err("Please answer o, a or n.")
