"""The command `approve`: a person decides about what a host asked for."""

import json as json_text
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from batonmcp.cli.echo import Echo
from batonmcp.cli.person import is_there
from batonmcp.cli.storage import open_store
from batonmcp.cli.verdict import typed_verdict
from batonmcp.config.settings import Settings
from batonmcp.core.errors import BatonError
from batonmcp.core.plain_text import plain
from batonmcp.core.printable import printable
from batonmcp.store.approvals import Approvals, Pending, Verdict

__all__ = ["decide_question", "list_questions"]

_DECIDED, _UNDECIDED, _NEEDS_DECISION = 0, 1, 3
_SHORTEST_PREFIX: Final = 4
_LONGEST_ID: Final = 64
_LONGEST_QUERY: Final = 60
_LONGEST_TOOLS: Final = 100
_THEN: Final[Mapping[Verdict, str]] = {
    "once": "the host's next call with run_id {run_id} runs it",
    "always": "the host's next call with run_id {run_id} runs it; later runs of these tools, as they are defined now, "
    "are not asked about",
    "no": "none of this runs, and the host's next call with run_id {run_id} is told so",
}

_UNSEEN: Final = "No question can be seen from here: the store is in memory only."
_CURE: Final = 'Write "store": "sqlite" under "batonmcp" in the servers.json that the host starts batonmcp with.'
_TOO_LATE: Final = (
    "Nothing was decided: the question was decided elsewhere, withdrawn by its run or has expired meanwhile. "
    "If the run still needs a decision, the host's next call with its run_id asks again."
)
_NOT_KEPT: Final = (
    "The decision could not be kept for the process that waits for it, so that nothing runs. "
    "Mend what is said above; the host's next call with the run_id asks again."
)


async def list_questions(settings: Settings, echo: Echo, *, json: bool) -> None:
    """Print the questions that wait for a decision, the newest first."""
    async with open_store(settings, echo.discretion) as store:
        waiting = await Approvals(store).pending()
        seen = store.shared
    if json:
        echo.out(json_text.dumps(list(map(_as_json, waiting)), indent=2, ensure_ascii=True))
    elif waiting:
        echo.out("\n".join(map(_line, waiting)))
    else:
        echo.out(f"No question waits for a decision in {settings.store.path}." if seen else f"{_UNSEEN} {_CURE}")


async def decide_question(settings: Settings, run_id: str, echo: Echo) -> int:
    """Show one question, take the person's decision, and return the exit code: 3 if it is still to be decided.

    Raises:
        BatonError: No question waits under this id, or several do.
    """
    if not is_there():
        echo.err(
            "batonmcp: A person decides this, on a terminal: input or output of this command is none. "
            f"Run `batonmcp approve {printable(run_id, _LONGEST_ID)}` in one."
        )
        return _NEEDS_DECISION
    async with open_store(settings, echo.discretion) as store:
        approvals = Approvals(store)
        asked = _meant(run_id, await approvals.pending(), shared=store.shared)
        echo.err(_as_text(asked))
        verdict = await typed_verdict(echo)
        if verdict is None:
            echo.err(f"Nothing is decided; the question waits until {_time(asked.expires_at)}.")
            return _NEEDS_DECISION
        sound = len(store.warnings)
        decided = await approvals.decide(asked, verdict)
        kept = store.shared and len(store.warnings) == sound
    if decided and kept:
        echo.out(f"decided: {verdict}; {_THEN[verdict].format(run_id=asked.run_id)}")
        return _DECIDED
    echo.err(f"batonmcp: {_TOO_LATE if kept else _NOT_KEPT}")
    return _UNDECIDED


def _meant(run_id: str, waiting: Sequence[Pending], *, shared: bool) -> Pending:
    """Return the question of a run, named by its id or the beginning of it."""
    if not shared:
        raise BatonError(kind="unknown_run", message=_UNSEEN, cure=_CURE)
    if len(run_id) < _SHORTEST_PREFIX:
        raise BatonError(
            kind="bad_arguments",
            message=f"{run_id!r} is too short for the beginning of a run's id.",
            cure=f"Give at least {_SHORTEST_PREFIX} characters; `batonmcp approve` lists the runs that wait.",
        )
    found = [asked for asked in waiting if asked.run_id.startswith(run_id)]
    exact = [asked for asked in found if asked.run_id == run_id]
    if len(exact or found) == 1:
        return (exact or found)[0]
    if found:
        ids = ", ".join(printable(asked.run_id, _LONGEST_ID) for asked in found)
        raise BatonError(
            kind="bad_arguments", message=f"{run_id!r} is the beginning of {ids}.", cure="Give more characters."
        )
    raise BatonError(
        kind="unknown_run",
        message=f"No question of a run {run_id!r} waits: there is none, or it was decided, withdrawn or has expired.",
        cure="`batonmcp approve` lists those that wait.",
    )


def _as_text(asked: Pending) -> str:
    """Return the question as a whole: whoever decides sees all of it."""
    ago = _span(time.time() - asked.asked_at)
    return f"The run {printable(asked.run_id, _LONGEST_ID)} asked {ago} ago:\n{plain(asked.text)}"


def _line(asked: Pending) -> str:
    now = time.time()
    parts = [
        printable(asked.run_id, _LONGEST_ID),
        f"asked {_span(now - asked.asked_at)} ago",
        f"expires in {_span(asked.expires_at - now)}",
        printable(", ".join(asked.tools), _LONGEST_TOOLS),
        printable(asked.query, _LONGEST_QUERY),
    ]
    return "  ".join(filter(None, parts))


def _as_json(asked: Pending) -> dict[str, Any]:
    return {
        "run_id": asked.run_id,
        "asked": _time(asked.asked_at),
        "expires": _time(asked.expires_at),
        "query": asked.query,
        "tools": list(asked.tools),
        "text": asked.text,
    }


def _span(seconds: float) -> str:
    """Return a length of time in one unit, rounded down."""
    whole = max(0, int(seconds))
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if whole >= 2 * size:
            return f"{whole // size} {unit}"
    return f"{whole} s"


def _time(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().isoformat(" ", "seconds")
