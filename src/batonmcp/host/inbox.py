"""The questions of one run that wait for its host: put to it live, or in rounds, each of which ends a request."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

import anyio
from mcp_types import ClientCapabilities, InputRequests, InputResponse

from batonmcp.core.caller import Answer, Declined, Question
from batonmcp.host.question import Request, answer_of

__all__ = ["MOST_ROUNDS", "Attendant", "Inbox"]

MOST_ROUNDS: Final = 10
"""Rounds of questions that one call of a host may have: clients give up after that many."""

_OVER: Final = Declined(because="the run that called its tool is over", over=True)
_ROUNDS_USED: Final = Declined(because=f"a host can be asked {MOST_ROUNDS} times in one call, and has been")
_NOBODY_CAME: Final = Declined(because="the host did not come back to be asked")
_NOBODY_ANSWERED: Final = Declined(because="nobody answered in time")
_LEFT_OUT: Final = Declined(because="the host sent no answer")


class Attendant(Protocol):
    """A request of the host that waits for the run; see `batonmcp.host.guest.Guest`."""

    @property
    def way(self) -> str | None:
        """How the host is asked: `live`, in `rounds`, or not at all."""
        ...

    @property
    def capabilities(self) -> ClientCapabilities | None:
        """What it can be asked."""
        ...

    async def report(self, progress: float, total: float | None, message: str) -> None:
        """Tell how far the run is."""
        ...

    async def ask(self, question: Question, request: Request) -> Answer | Declined:
        """Ask, and wait for the answer."""
        ...


@dataclass(slots=True, eq=False)
class _Open:
    """A question without an answer.

    Attributes:
        at: Where it is: it waits for a request of the host, is in a round, or is asked live.
        time: Ends the waiting, when its time is over or there is an answer.
    """

    question: Question
    request: Request
    at: Literal["nowhere", "round", "live"] = "nowhere"
    answer: Answer | Declined | None = None
    time: anyio.CancelScope = field(default_factory=anyio.CancelScope)

    def settle(self, answer: Answer | Declined) -> None:
        """Answer it; the first answer stays."""
        if self.answer is None:
            self.answer = answer
            self.time.cancel()

    def move(self, at: Literal["nowhere", "round", "live"], patience: float) -> None:
        """Put it somewhere, for so many seconds."""
        self.at = at
        self.time.deadline = anyio.current_time() + patience


class Inbox:
    """Takes questions from the run's tasks, and answers from the host's requests.

    Args:
        patience: Seconds for which a question waits for a request of the host to be put to, or live for its answer.

    Attributes:
        guest: The request that attends the run, where there is one.
        news: Set, and replaced, when there is something to look at.
    """

    def __init__(self, *, patience: float) -> None:
        self.guest: Attendant | None = None
        self.news = anyio.Event()
        self._patience = patience
        self._open: dict[str, _Open] = {}
        self._closed = False
        self._asked = 0
        self._rounds = 0

    @property
    def is_asking(self) -> bool:
        """Whether a question waits for an answer."""
        return bool(self._open)

    @property
    def has_unposed(self) -> bool:
        """Whether questions wait for a round."""
        return any(waiting.at == "nowhere" for waiting in self._open.values())

    def tell(self) -> None:
        """Wake whoever waits for news."""
        news, self.news = self.news, anyio.Event()
        news.set()

    async def ask(self, guest: Attendant, question: Question, request: Request) -> Answer | Declined:
        """Put a question to the host: live, or in a round, as the request can be asked that attends then.

        Args:
            guest: The last request that attended; where that cannot be asked, nothing can.
            question: What is asked, and by whom.
            request: The same as the protocol has it.
        """
        if self._closed:
            return _OVER
        if guest.way is None:
            return Declined(because="this host cannot be asked over its connection")
        self._asked += 1
        key, waiting = f"q{self._asked}", _Open(question, request)
        self._open[key] = waiting
        waiting.move("nowhere", self._patience)
        self.tell()
        try:
            with waiting.time:
                live = await self._live_guest(waiting)
                waiting.move("live", self._patience)
                waiting.answer = await live.ask(question, request)
        finally:
            del self._open[key]
        return waiting.answer or (_NOBODY_CAME if waiting.at == "nowhere" else _NOBODY_ANSWERED)

    def begin_call(self) -> None:
        """Count rounds anew, and put into one again what was in one: the host makes another call."""
        self._rounds = 0
        if self._closed:
            self._decline(_OVER, "round")
        for waiting in self._open.values():
            if waiting.at == "round":
                waiting.move("nowhere", self._patience)

    def take(self, answers: Mapping[str, InputResponse | None]) -> None:
        """Settle the questions of a round: by their keys the answers, None for one that the host has left out.

        What was in no round, or in another one, is not settled: nobody has been shown it.
        """
        for key, response in answers.items():
            waiting = self._open.get(key)
            if waiting and waiting.at == "round":
                waiting.settle(answer_of(waiting.question, response) if response else _LEFT_OUT)

    def pose(self) -> InputRequests:
        """Put all questions that wait into a round; none if there is no round left for them."""
        if self._closed or self._rounds == MOST_ROUNDS:
            self._decline(_ROUNDS_USED, "nowhere")
            return {}
        fresh = {key: waiting for key, waiting in self._open.items() if waiting.at == "nowhere"}
        self._rounds += bool(fresh)
        for waiting in fresh.values():
            waiting.move("round", math.inf)  # whoever parks the run knows how long
        return {key: waiting.request for key, waiting in fresh.items()}

    def close(self, *, posed: bool) -> None:
        """Take no more questions, and decline those that wait; unless told otherwise, not those in a round."""
        self._closed = True
        self._decline(_OVER, *(("nowhere", "live", "round") if posed else ("nowhere", "live")))
        self.tell()

    def _decline(self, because: Declined, *where: str) -> None:
        for waiting in list(self._open.values()):
            if waiting.at in where:
                waiting.settle(because)

    async def _live_guest(self, waiting: _Open) -> Attendant:
        """Wait until a request attends that is asked live: outside of one, no host expects a question."""
        while not (waiting.at == "nowhere" and self.guest and self.guest.way == "live"):
            await self.news.wait()
        return self.guest
