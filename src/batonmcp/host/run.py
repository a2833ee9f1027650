"""A run that goes on by itself, while one request of its host after another attends it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import anyio
import anyio.lowlevel
from mcp_types import CallToolResult, InputRequests, InputResponse
from pydantic import JsonValue

from batonmcp.core.approval import Approval, Refused, Ruling
from batonmcp.core.caller import Answer, Caller, Declined, Question
from batonmcp.core.recorder import Recorder
from batonmcp.host.ballot import ballot, ruling_of
from batonmcp.host.capacity import Place
from batonmcp.host.elsewhere import DECISION_S, LATE, Desk, Waiting
from batonmcp.host.inbox import MOST_ROUNDS, Attendant, Inbox
from batonmcp.host.question import can_fill_forms, request_of
from batonmcp.host.reply import reply_error

__all__ = ["MOST_ROUNDS", "Attendant", "Interim", "Run", "Work"]

_MOST_QUESTIONS = 50
_GATHERING = 0.05
"""Seconds in which further questions may join a round, as there are few rounds."""

_LOOKING = 0.5
"""Seconds between two looks at whether a person has decided on a terminal."""

_NOBODY_YET: Final = Declined(because="no request of the host has come yet that could be asked")
_NO_PERSON: Final = Refused(because="this host cannot ask a person")
_CANCELLED: Final = "The run was cancelled."


@dataclass(frozen=True, slots=True)
class Interim:
    """What a host gets while the run goes on: its time is over, or a decision is needed that it cannot ask for."""

    status: Literal["running", "approval_required"]
    waiting: Waiting | None = None


class Run:
    """One run.

    Questions come from the tasks of connections, answers from the host's requests: everything meets here.

    Args:
        work: Does it, told of the run, and makes the reply.
        principal: Whose run it is; None: of whoever knows its id.
        place: Where it is at work, once it is its turn; lent to others while it waits for a person.
        inputs: What was passed in with its query.
        patience: Seconds for which a question waits for the host to come.

    Attributes:
        id: Its name, which nobody can guess.
        principal: Whose run it is.
        recorder: Its record as far as it has come.
        caller: Who is asked what servers want to know.
        inputs: What was passed in with its query.
        desk: Where decisions come from when the host cannot ask; None: from nowhere.
        over: Whether it has ended.
    """

    def __init__(
        self,
        work: "Work",
        *,
        principal: str | None,
        place: Place,
        inputs: Mapping[str, JsonValue] | None = None,
        patience: float = 600.0,
    ) -> None:
        self.principal = principal
        self.recorder = Recorder()
        self.id = self.recorder.record.run_id
        self.caller = Caller(principal=principal or self.id, ask=self._ask, progressed=lambda _progress: None)
        self.over = False
        self.inputs = inputs or {}
        self.desk: Desk | None = None
        self._work = work
        self._place = place
        self._scope = anyio.CancelScope()
        self._reply: CallToolResult | None = None
        self._because = _CANCELLED
        self._inbox = Inbox(patience=patience)
        self._guests: list[Attendant] = []
        self._last: Attendant | None = None
        self._waiting: Waiting | None = None
        self._asked = 0

    @property
    def reply(self) -> CallToolResult | None:
        """What it came to; None as long as it goes on, and where it was cancelled."""
        return self._reply

    @property
    def cancelled(self) -> str:
        """Why it was cancelled, in a sentence; empty if it was not."""
        return self._because if self._reply is None and self._scope.cancel_called else ""

    @property
    def attended(self) -> bool:
        """Whether a request of the host waits for it."""
        return bool(self._guests)

    async def perform(self) -> None:
        """Do the work when there is a place for it, attended or not."""
        try:
            with self._scope:
                async with self._place.held():
                    self._reply = await self._work(self)
        finally:
            self.over = True
            self._inbox.close(posed=self._reply is None)  # a host that comes for the reply may bring other answers

    def cancel(self, because: str = _CANCELLED) -> None:
        """End the run, and so every call it makes; nobody is asked any more."""
        if not self._scope.cancel_called:
            self._because = because
        self._scope.cancel()
        self._inbox.close(posed=True)

    async def attend(
        self,
        guest: Attendant,
        answers: Mapping[str, InputResponse | None] | None = None,
        *,
        within: float | None = None,
    ) -> CallToolResult | InputRequests | Interim:
        """Wait for the reply, for questions that only a new request of the host can answer, or so many seconds.

        Args:
            guest: The request.
            answers: What it brings for each question of a round; None if it is a call of its own.
            within: How long it can wait, in seconds; None: for as long as it takes.

        A host that gives the request up cancels the run, unless another one of its requests attends it too.
        """
        self._enter(guest)
        if answers is None:
            self._inbox.begin_call()
        else:
            self._inbox.take(answers)
        try:
            with anyio.move_on_after(within):
                if (found := await self._outcome(guest)) is not None:
                    return found
        except anyio.get_cancelled_exc_class():
            self._leave(guest)
            if not self._guests:
                self.cancel()
            raise
        finally:
            self._leave(guest)
        if self.over:
            return self._reply or reply_error(self._because)
        return Interim("approval_required", self._waiting) if self._undecided else Interim("running")

    def ask_again(self) -> None:
        """Put what was in a round to the requests that attend now."""
        self._inbox.begin_call()
        self._inbox.tell()

    @property
    def is_asking(self) -> bool:
        """Whether the host has been asked something, and has not answered."""
        return self._inbox.is_asking

    def present(self, token: str) -> bool:
        """Approve what waits with a token; False if it is not the one, or nothing waits."""
        return bool(self.desk and self._waiting and self.desk.present(self._waiting, token))

    async def report(self, progress: float, total: float | None, message: str) -> None:
        """Tell every request of the host that attends how far the run is."""
        for guest in list(self._guests):
            await guest.report(progress, total, message)

    async def decide(self, approval: Approval) -> Ruling:
        """Have the host's person decide, or whoever else may where it has none."""
        async with self._place.lent():
            ruling: Ruling | None = LATE
            with anyio.move_on_after(DECISION_S):
                ruling = await self._asked_of_host(approval)
            return ruling or await self._decided_elsewhere(approval)

    async def _outcome(self, guest: Attendant) -> CallToolResult | InputRequests | Interim | None:
        """Wait for something to answer this request with; None at the run's end."""
        while not self.over:
            if guest.way == "rounds" and self._inbox.has_unposed:
                await anyio.sleep(_GATHERING)
                if requests := self._inbox.pose():
                    return requests
            elif waiting := self._undecided:
                if interim := await self._looked(waiting):
                    return interim
            else:
                await self._inbox.news.wait()
        return None

    async def _looked(self, waiting: Waiting) -> Interim | None:
        """Tell the host once what waits for a decision; after that, wait with it for one on a terminal."""
        if not waiting.told or waiting.token or self.desk is None:
            waiting.told = True
            return Interim("approval_required", waiting)
        await self.desk.look(self.id, waiting)
        if waiting.ruling is None:
            with anyio.move_on_after(_LOOKING):
                await self._inbox.news.wait()
        else:
            await anyio.lowlevel.checkpoint()
        return None

    async def _ask(self, question: Question) -> Answer | Declined:
        self._asked += 1
        if self._last is None:
            return _NOBODY_YET
        if self._asked > _MOST_QUESTIONS:
            return Declined(because=f"{_MOST_QUESTIONS} questions in one run are enough")
        request = request_of(question, self._last.capabilities)
        if isinstance(request, Declined):
            return request
        async with self._place.lent():
            return await self._inbox.ask(self._last, question, request)

    async def _asked_of_host(self, approval: Approval) -> Ruling | None:
        """Return what the host's person decides; None if it has none that could be asked."""
        if self._last is None or not can_fill_forms(self._last.capabilities):
            return None
        text = approval.text()
        question, request = ballot(self.desk.discretion.text(text) if self.desk else text)
        return ruling_of(await self._inbox.ask(self._last, question, request))

    async def _decided_elsewhere(self, approval: Approval) -> Ruling:
        """Wait for a decision that comes from a terminal, or with a token."""
        waiting = self.desk.open(approval) if self.desk else _NO_PERSON
        if self.desk is None or isinstance(waiting, Refused):
            return _NO_PERSON if isinstance(waiting, Waiting) else waiting
        async with self.desk.shown(self.id, waiting) as hindrance:
            if hindrance:
                return hindrance
            self._waiting = waiting
            self._inbox.tell()
            try:
                return await self.desk.wait(self.id, waiting)
            finally:
                self._waiting = None
                self._inbox.tell()

    @property
    def _undecided(self) -> Waiting | None:
        """What waits for a decision that does not come over the host's connection."""
        return self._waiting if self._waiting and self._waiting.ruling is None else None

    def _enter(self, guest: Attendant) -> None:
        self._guests.append(guest)
        self._inbox.guest = self._last = guest
        self._inbox.tell()

    def _leave(self, guest: Attendant) -> None:
        if guest in self._guests:
            self._guests.remove(guest)
        self._inbox.guest = self._guests[-1] if self._guests else None


Work: TypeAlias = Callable[[Run], Awaitable[CallToolResult]]
"""Does what a run is for and makes the reply."""
