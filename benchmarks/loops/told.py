"""What each way to answer does: it is asked, and tells how long that took."""

from dataclasses import dataclass
from typing import Protocol

__all__ = ["Told", "Way"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An answer.

    Attributes:
        answer: The text.
        seconds: From the question to the answer.
        tool_calls: How many tools batonmcp called; None where the model itself asked for each.
        planner: Who made batonmcp's plan.
    """

    answer: str
    seconds: float
    tool_calls: int | None = None
    planner: str | None = None


class Way(Protocol):
    """A way to answer, with its servers connected."""

    async def ask(self, query: str) -> Told:
        """Answer a question."""
        ...
