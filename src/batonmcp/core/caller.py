"""The caller of a tool, as the connection to its server sees it: who answers questions, who hears of progress.

A server may ask for something while a call of its tool runs: a person's answer (elicitation), a model's (sampling), or
which folders it may use (roots). The question goes to whoever made that call, and to nobody else.
"""

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from pydantic import JsonValue

from batonmcp.core.printable import printable

__all__ = ["NOBODY", "Answer", "Ask", "Asked", "Caller", "Declined", "Progress", "Question"]

Asked: TypeAlias = Literal["elicitation", "sampling", "roots"]

_LONGEST_MESSAGE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a server asks.

    Attributes:
        server: The server's key in servers.json.
        agent: Its display name.
        about: Which request of the protocol it is.
        params: The request's parameters, as JSON.
    """

    server: str
    agent: str
    about: Asked
    params: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of the protocol's request, as JSON."""

    result: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Declined:
    """There is nobody who could or may answer; `because` ends a sentence that begins "declined because".

    Attributes:
        because: Why.
        over: Whether it is because the run has ended that the question was put to; then it says nothing of others.
    """

    because: str
    over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a call is: `done` of `total` parts (None: nobody knows of how many), and in words where it has any."""

    done: float
    total: float | None = None
    message: str = ""

    def tidied(self) -> "Progress":
        """Return it with numbers that are numbers, none below zero or above its total, and a short message."""
        total = _number(self.total) if self.total is not None else None
        done = _number(self.done) or 0.0
        if total is not None:
            done = min(done, total)
        return Progress(done=done, total=total, message=printable(self.message, _LONGEST_MESSAGE))


Ask: TypeAlias = Callable[[Question], Awaitable[Answer | Declined]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Caller:
    """On whose behalf a tool is called.

    Attributes:
        principal: Whose run it is. A question that cannot be matched to one call is answered only if all calls in
            flight have the same principal.
        ask: Passes a question on. The clock of the call stands still meanwhile.
        progressed: Hears how far the call is. Must not fail.
        chain: The processes of ours through which its call came, the first one first.
    """

    principal: str
    ask: Ask
    progressed: Callable[[Progress], None]
    chain: tuple[str, ...] = ()


def _number(value: float) -> float | None:
    """Return a number that can be shown and counted with; None for one that cannot."""
    try:
        number = float(value)
    except OverflowError:
        return None
    return max(number, 0.0) if math.isfinite(number) else None


async def _decline(_question: Question) -> Declined:
    return Declined(because="there is nobody to ask here")


def _ignore(_progress: Progress) -> None:
    """Take no note."""


NOBODY: Final = Caller(principal="", ask=_decline, progressed=_ignore)
"""A caller who answers nothing and hears nothing."""
