"""The questions of servers in one run: passed on to whoever the run is for, while its time stands still."""

from collections.abc import Callable
from dataclasses import replace

from batonmcp.core.caller import Answer, Caller, Declined, Progress, Question
from batonmcp.core.events import Emit, Noted
from batonmcp.core.printable import printable
from batonmcp.downstream.deadline import Deadline

__all__ = ["Questions"]

_MOST_NOTES = 20
_LONGEST_NOTE = 600
_LONGEST_NAME = 100


class Questions:
    """Asks on behalf of the calls of one run.

    A question may come from the task of a connection, not of the run, and after the run is over.

    Args:
        caller: Who the run is for.
        deadline: The run's time.
        emit: Gets a note for each refusal.
    """

    def __init__(self, caller: Caller, deadline: Deadline, emit: Emit) -> None:
        self._caller = caller
        self._deadline = deadline
        self._emit = emit
        self._noted: set[str] = set()
        self._closed = False

    def caller(self, progressed: Callable[[Progress], None]) -> Caller:
        """Return the caller for one call."""
        return replace(self._caller, ask=self._ask, progressed=progressed)

    def close(self) -> None:
        """Decline whatever comes from now on: the run is over."""
        self._closed = True

    async def _ask(self, question: Question) -> Answer | Declined:
        if self._closed:
            return Declined(because="the run that called its tool is over", over=True)
        with self._deadline.held():
            answer = await self._caller.ask(question)
        if isinstance(answer, Declined):
            self._note(question, answer)
        return answer

    def _note(self, question: Question, declined: Declined) -> None:
        wanted = {"elicitation": "a person's answer", "sampling": "a model's answer", "roots": "a list of folders"}
        name = printable(question.agent, _LONGEST_NAME)
        because = printable(declined.because, _LONGEST_NOTE)
        text = f"{name} ({question.server}) asked for {wanted[question.about]}, which was declined because {because}."
        if not self._closed and text not in self._noted and len(self._noted) < _MOST_NOTES:
            self._noted.add(text)
            self._emit(Noted(text=text))
