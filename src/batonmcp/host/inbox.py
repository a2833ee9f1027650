"""The questions of one run that wait for its host: put to it live, or in rounds, each of which ends a request."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

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
    """A question that waits for a round, or in one."""

    question: Question
    request: Request
    posed: bool = False
    answer: Answer | Declined | None = None
    settled: anyio.Event = field(default_factory=anyio.Event)

    def settle(self, answer: Answer | Declined) -> None:
        self.answer = answer
        self.settled.set()


class Inbox:
    """Takes questions from the run's tasks, and answers from the host's requests.

    Args:
        patience: Seconds for which a question waits for a request of the host to be put to.

    Attributes:
        guest: The request that attends the run, where there is one.
        news: Set, and replaced, when there is something to look at.
    """

    def __init__(self, *, patience: float) -> None:
        self.guest: Attendant | None = None
        self.news = anyio.Event()
        self._patience = patience
        self._open: dict[str, _Open] = {}
        self._live: set[anyio.CancelScope] = set()
        self._closed = False
        self._asked = 0
        self._rounds = 0

    @property
    def has_unposed(self) -> bool:
        """Whether questions wait for a round."""
        return any(not waiting.posed for waiting in self._open.values())

    def tell(self) -> None:
        """Wake whoever waits for news."""
        news, self.news = self.news, anyio.Event()
        news.set()

    async def ask(self, guest: Attendant, question: Question, request: Request) -> Answer | Declined:
        """Put a question to the host, in the way that its last request can be asked."""
        match guest.way:
            case "live":
                return await self._ask_live(question, request)
            case "rounds":
                return await self._ask_in_round(question, request)
            case _:
                return Declined(because="this host cannot be asked over its connection")

    def begin_call(self) -> None:
        """Count rounds anew, and put into one again what waits: the host makes another call."""
        self._rounds = 0
        for waiting in self._open.values():
            waiting.posed = False

    def take(self, responses: Mapping[str, InputResponse]) -> None:
        """Settle the questions of the last round."""
        for key, waiting in self._open.items():
            if response := responses.get(key):
                waiting.settle(answer_of(waiting.question, response))
            elif waiting.posed:
                waiting.settle(Declined(because="the host sent no answer"))

    def pose(self) -> InputRequests:
        """Put all questions that wait into a round; none if there is no round left for them."""
        if self._closed or self._rounds == MOST_ROUNDS:
            self.decline(_ROUNDS_USED)
            return {}
        fresh = {key: waiting for key, waiting in self._open.items() if not waiting.posed}
        self._rounds += bool(fresh)
        for waiting in fresh.values():
            waiting.posed = True
        return {key: waiting.request for key, waiting in fresh.items()}

    def decline(self, because: Declined = _OVER, *, posed: bool = True) -> None:
        """Decline the questions that wait for a round and, unless told otherwise, those that are in one."""
        for waiting in self._open.values():
            if posed or not waiting.posed:
                waiting.settle(because)

    def close(self, *, posed: bool) -> None:
        """Take no more questions, and decline those that wait."""
        self._closed = True
        self.decline(posed=posed)
        for scope in list(self._live):
            scope.cancel()
        self.tell()

    async def _ask_live(self, question: Question, request: Request) -> Answer | Declined:
        with anyio.CancelScope() as scope:
            self._live.add(scope)
            try:
                guest = await self._attended()
                return await guest.ask(question, request) if guest else _NOBODY_CAME
            finally:
                self._live.remove(scope)
        return _OVER

    async def _attended(self) -> Attendant | None:
        """Wait until a request of the host attends the run: outside of one, no host expects a question."""
        with anyio.move_on_after(self._patience):
            while self.guest is None:
                await self.news.wait()
        return self.guest

    async def _ask_in_round(self, question: Question, request: Request) -> Answer | Declined:
        self._asked += 1
        key, waiting = f"q{self._asked}", _Open(question, request)
        self._open[key] = waiting
        self.tell()
        try:
            await waiting.settled.wait()
        finally:
            del self._open[key]
        return waiting.answer or _OVER
