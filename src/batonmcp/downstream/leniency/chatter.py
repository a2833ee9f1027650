"""The notifications of a server: what is wrong or too much of them is dropped before it costs anything."""

import math
from collections.abc import Callable, Container
from typing import Any

from mcp_types import JSONRPCNotification

from batonmcp.core.plain_text import plain
from batonmcp.downstream.leniency.notes import Notes

__all__ = ["LIST_CHANGED", "Chatter"]

LIST_CHANGED = "notifications/tools/list_changed"

_LOGS_PER_SECOND = 10
_PROGRESS_PER_SECOND = 50
_OTHERS_PER_SECOND = 100
_LONGEST_MESSAGE = 1_000
_ESSENTIAL = frozenset({"notifications/cancelled", "notifications/subscriptions/acknowledged", LIST_CHANGED})
"""What is never too much: it answers, or it is thinned out elsewhere."""


class Chatter:
    """Judges notifications one by one."""

    def __init__(self, notes: Notes, clock: Callable[[], float], pending: Container[object]) -> None:
        """Take where to note what is dropped, a clock in seconds, and the ids of the requests that wait."""
        self._notes = notes
        self._pending = pending
        self._rates = {
            "notifications/message": _Rate(_LOGS_PER_SECOND, clock),
            "notifications/progress": _Rate(_PROGRESS_PER_SECOND, clock),
        }
        self._others = _Rate(_OTHERS_PER_SECOND, clock)

    def passes(self, message: JSONRPCNotification) -> bool:
        """Whether a notification may go on; one of progress is put right on the way."""
        method = message.method
        if method in _ESSENTIAL:
            return True
        if method == "notifications/progress" and not self._is_progress(message.params or {}):
            return False
        if not self._rates.get(method, self._others).allows():
            self._notes.drop(f"Notifications {method!r} came too fast; some were dropped.")
            return False
        return True

    def _is_progress(self, params: dict[str, Any]) -> bool:
        token, done = params.get("progressToken"), params.get("progress")
        if isinstance(token, bool) or not isinstance(token, str | int) or token not in self._pending:
            self._notes.drop("Progress of a call that nobody waits for was dropped.")
            return False
        if not _is_amount(done):
            self._notes.drop("Progress that is no number was dropped.")
            return False
        if "total" in params and not _is_amount(params["total"]):
            del params["total"]
        message = params.pop("message", None)
        if isinstance(message, str):
            params["message"] = plain(message[:_LONGEST_MESSAGE])
        return True


class _Rate:
    """So many in any second, counted from the first."""

    def __init__(self, most: int, clock: Callable[[], float]) -> None:
        self._most = most
        self._clock = clock
        self._since = -math.inf
        self._count = 0

    def allows(self) -> bool:
        now = self._clock()
        if now - self._since >= 1:
            self._since, self._count = now, 0
        self._count += 1
        return self._count <= self._most


def _is_amount(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0
