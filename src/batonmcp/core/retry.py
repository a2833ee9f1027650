"""Retries: whether a call that failed is made again, and after which pause."""

from batonmcp.core.outcome import Failed
from batonmcp.core.tool import Tool

__all__ = ["RetryBudget", "pause_before", "repeatable"]

_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0
_LEAST = 10
_SHARE = 0.2


def repeatable(tool: Tool, failed: Failed) -> bool:
    """Whether making the call again cannot have a second effect, and may end better.

    A tool that itself reports an error is not asked again. A call that went under with its connection is, if the tool
    is read-only or idempotent; one that provably never left, always.
    """
    match failed.again:
        case "never":
            return False
        case "if harmless":
            return tool.effect.idempotent
        case "always":
            return True


def pause_before(attempt: int, jitter: float) -> float:
    """Return the pause before an attempt, in seconds.

    It doubles from attempt to attempt, up to a limit, and is cut by up to half, so that calls which failed together do
    not come again together.

    Args:
        attempt: The number of the attempt, 2 for the first repetition.
        jitter: From 0 to 1, at random.
    """
    return min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** (attempt - 2)) * (1 - jitter / 2)


class RetryBudget:
    """How many repetitions a run affords: ten, and a fifth of its calls.

    Without it, a run over a server that is failing would multiply its load just then.
    """

    def __init__(self) -> None:
        self._calls = 0
        self._spent = 0

    def called(self) -> None:
        """Take note of a first attempt."""
        self._calls += 1

    def spend(self) -> bool:
        """Take one repetition; False if none is left."""
        left = self._spent < _LEAST + self._calls * _SHARE
        self._spent += left
        return left
