"""The questions of servers in a run."""

import anyio.lowlevel
import pytest

from batonmcp.core.caller import Answer, Caller, Declined, Progress, Question
from batonmcp.core.events import Event, Noted
from batonmcp.downstream.deadline import Deadline
from batonmcp.stages.questions import Questions

pytestmark = pytest.mark.anyio

SURE = Question(server="github", agent="Git\x1bHub", about="elicitation", params={"message": "Sure?"})


class Person:
    """Answers everything in the same way."""

    def __init__(self, answer: Answer | Declined) -> None:
        self.asked: list[Question] = []
        self.answer = answer
        self.caller = Caller(principal="ada", ask=self._ask, progressed=lambda _progress: None)

    async def _ask(self, question: Question) -> Answer | Declined:
        await anyio.lowlevel.checkpoint()
        self.asked.append(question)
        return self.answer


async def test_a_question_is_passed_on() -> None:
    """The call's caller is the run's: same principal, same answers; progress is the call's own."""
    person, heard, events = Person(Answer({"action": "accept"})), list[Progress](), list[Event]()
    caller = Questions(person.caller, Deadline(10), events.append).caller(heard.append)
    caller.progressed(Progress(done=1))
    assert await caller.ask(SURE) == Answer({"action": "accept"})
    assert (caller.principal, person.asked, heard, events) == ("ada", [SURE], [Progress(done=1)], [])


async def test_a_refusal_is_noted_once() -> None:
    """The record says who asked for what and why it was declined, however often it is asked again."""
    events: list[Event] = []
    questions = Questions(Person(Declined(because="nobody is here")).caller, Deadline(10), events.append)
    for _ in range(3):
        assert await questions.caller(lambda _progress: None).ask(SURE) == Declined(because="nobody is here")
    assert events == [
        Noted(text="GitHub (github) asked for a person's answer, which was declined because nobody is here.")
    ]


async def test_after_the_run_nobody_is_asked() -> None:
    """A connection that asks late is declined, and nothing is noted."""
    person, events = Person(Answer({})), list[Event]()
    questions = Questions(person.caller, Deadline(10), events.append)
    caller = questions.caller(lambda _progress: None)
    questions.close()
    assert await caller.ask(SURE) == Declined(because="the run that called its tool is over", over=True)
    assert (person.asked, events) == ([], [])
