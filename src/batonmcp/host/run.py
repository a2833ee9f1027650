"""A run that goes on by itself, while one request of its host after another attends it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeAlias

import anyio
from mcp_types import CallToolResult, ClientCapabilities, InputRequests, InputResponse

from batonmcp.core.caller import Answer, Caller, Declined, Question
from batonmcp.host.question import Request, answer_of, request_of
from batonmcp.host.reply import reply_error

__all__ = ["MOST_ROUNDS", "Attendant", "Run", "Work"]

MOST_ROUNDS: Final = 10
"""Rounds of questions that one call of a host may have: clients give up after that many."""

_MOST_QUESTIONS = 50
_GATHERING = 0.05
"""Seconds in which further questions may join a round, as there are few rounds."""

_OVER = Declined(because="the run that called its tool is over", over=True)
_ROUNDS_USED = Declined(because=f"a host can be asked {MOST_ROUNDS} times in one call, and has been")


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


class Run:
    """One run.

    Questions come from the tasks of connections, answers from the host's requests: everything meets here.

    Args:
        work: Does it, told of the run, and makes the reply.
        principal: Whose run it is.

    Attributes:
        principal: Whose run it is.
        caller: Who is asked what servers want to know.
    """

    def __init__(self, work: "Work", *, principal: str) -> None:
        self.principal = principal
        self.caller = Caller(principal=principal, ask=self._ask, progressed=lambda _progress: None)
        self._work = work
        self._scope = anyio.CancelScope()
        self._reply: CallToolResult | None = None
        self._over = False
        self._guest: Attendant | None = None
        self._last: Attendant | None = None
        self._news = anyio.Event()
        self._open: dict[str, _Open] = {}
        self._live: set[anyio.CancelScope] = set()
        self._asked = 0
        self._rounds = 0

    async def perform(self) -> None:
        """Do the work, attended or not."""
        try:
            with self._scope:
                self._reply = await self._work(self)
        finally:
            self._end()

    def cancel(self) -> None:
        """End the run, and so every call it makes."""
        self._scope.cancel()
        self._end()
        self._decline(_OVER)

    async def attend(
        self, guest: Attendant, responses: Mapping[str, InputResponse] | None = None
    ) -> CallToolResult | InputRequests:
        """Wait for the reply, or for questions that only a new request of the host can answer.

        A host that gives the request up cancels the run.
        """
        self._guest = self._last = guest
        self._take(responses or {})
        try:
            while not self._over:
                if guest.way == "rounds" and any(not waiting.posed for waiting in self._open.values()):
                    await anyio.sleep(_GATHERING)
                    if requests := self._pose():
                        return requests
                else:
                    await self._news.wait()
        except anyio.get_cancelled_exc_class():
            self.cancel()
            raise
        finally:
            self._guest = None
        return self._reply or reply_error("The run was cancelled.")

    async def report(self, progress: float, total: float | None, message: str) -> None:
        """Tell the host how far the run is, if a request of it attends."""
        if self._guest:
            await self._guest.report(progress, total, message)

    def _take(self, responses: Mapping[str, InputResponse]) -> None:
        """Settle the questions of the last round."""
        for key, waiting in self._open.items():
            if waiting.posed:
                response = responses.get(key)
                unanswered = Declined(because="the host sent no answer")
                waiting.settle(answer_of(waiting.question, response) if response else unanswered)

    def _pose(self) -> InputRequests:
        """Put all questions that wait into a round; none if there is no round left for them."""
        if self._over or self._rounds == MOST_ROUNDS:
            self._decline(_ROUNDS_USED)
            return {}
        fresh = {key: waiting for key, waiting in self._open.items() if not waiting.posed}
        self._rounds += bool(fresh)
        for waiting in fresh.values():
            waiting.posed = True
        return {key: waiting.request for key, waiting in fresh.items()}

    async def _ask(self, question: Question) -> Answer | Declined:
        self._asked += 1
        if self._over or self._last is None:
            return _OVER
        if self._asked > _MOST_QUESTIONS:
            return Declined(because=f"{_MOST_QUESTIONS} questions in one run are enough")
        request = request_of(question, self._last.capabilities)
        if isinstance(request, Declined):
            return request
        match self._last.way:
            case "live":
                return await self._ask_live(self._last, question, request)
            case "rounds":
                return await self._ask_in_round(question, request)
            case _:
                return Declined(because="this host cannot be asked over its connection")

    async def _ask_live(self, guest: Attendant, question: Question, request: Request) -> Answer | Declined:
        with anyio.CancelScope() as scope:
            self._live.add(scope)
            try:
                return await guest.ask(question, request)
            finally:
                self._live.remove(scope)
        return _OVER

    async def _ask_in_round(self, question: Question, request: Request) -> Answer | Declined:
        key, waiting = f"q{self._asked}", _Open(question, request)
        self._open[key] = waiting
        self._tell()
        try:
            await waiting.settled.wait()
        finally:
            del self._open[key]
        return waiting.answer or _OVER

    def _decline(self, because: Declined, *, posed: bool = True) -> None:
        """Decline the questions that wait for a round and, unless told otherwise, those that are in one."""
        for waiting in self._open.values():
            if posed or not waiting.posed:
                waiting.settle(because)

    def _end(self) -> None:
        """Let nobody wait for anything any more, except for the answers with which a host will come for its reply.

        They may be for another run of the same host: not every question tells which call it belongs to.
        """
        self._over = True
        self._decline(_OVER, posed=self._reply is None)
        for scope in list(self._live):
            scope.cancel()
        self._tell()

    def _tell(self) -> None:
        news, self._news = self._news, anyio.Event()
        news.set()


Work: TypeAlias = Callable[[Run], Awaitable[CallToolResult]]
"""Does what a run is for and makes the reply."""
