"""The questions that a server asks, in both eras and from real sessions."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.dispatcher import ProgressFnT
from mcp_types import (
    CallToolRequestParams,
    CallToolResult,
    CreateMessageRequestParams,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    ErrorData,
    InputRequiredResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
)

from batonmcp.core.caller import NOBODY, Answer, Caller, Declined, Question
from batonmcp.downstream.call import Call
from batonmcp.downstream.deadline import Deadline
from batonmcp.downstream.questions import Questions

pytestmark = pytest.mark.anyio

TIME_S = 10.0
FORM = ElicitRequestFormParams(message="Sure?", requested_schema={"type": "object", "properties": {}})
ASKED: dict[str, Any] = {"mode": "form", "message": "Sure?", "requestedSchema": {"type": "object", "properties": {}}}
NO_CONTEXT: Any = None


@dataclass(frozen=True)
class Named:
    """Knows a display name."""

    title: str = "Weather"


class Person:
    """Answers every question alike, and keeps them."""

    def __init__(self, principal: str, reply: Answer | Declined | None = None) -> None:
        self.heard: list[Question] = []
        self._reply = reply or Answer({"action": "accept", "content": {"by": principal}})
        self.caller = Caller(principal=principal, ask=self._ask, progressed=NOBODY.progressed)

    async def _ask(self, question: Question) -> Answer | Declined:
        self.heard.append(question)
        await anyio.lowlevel.checkpoint()
        return self._reply


async def asking(context: ServerRequestContext[Any], params: CallToolRequestParams) -> Any:  # noqa: ANN401
    """Ask for a confirmation in the way of the era, and say what it was."""
    if context.protocol_version >= "2026-07-28":
        if not params.input_responses:
            return InputRequiredResult(input_requests={"sure": ElicitRequest(params=FORM)}, request_state="s")
        answer = params.input_responses["sure"]
    else:
        answer = await context.session.send_request(ElicitRequest(params=FORM), ElicitResult)
    assert isinstance(answer, ElicitResult)
    return CallToolResult(content=[TextContent(text=f"{answer.action} {answer.content}")])


async def no_tools(_context: ServerRequestContext[Any], _params: PaginatedRequestParams | None) -> ListToolsResult:
    """List nothing."""
    return ListToolsResult(tools=[])


def call_of(person: Person) -> Call[CallToolResult]:
    """Return a call of a person's run."""

    def send(client: Client, progressed: ProgressFnT) -> Awaitable[CallToolResult]:
        return client.call_tool("ask", {}, progress_callback=progressed)

    return Call(send, person.caller)


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_question_reaches_the_caller_in_both_eras(mode: str) -> None:
    """The caller hears who asks what, and its answer is what the tool gets."""
    person = Person("me")
    call = call_of(person)
    questions = Questions("w", Named(), [call])
    server = Server("w", on_list_tools=no_tools, on_call_tool=asking)
    with anyio.fail_after(TIME_S):
        async with (
            Client(server, mode=mode, cache=None, elicitation_callback=questions.elicit) as client,
            anyio.create_task_group() as tasks,
        ):
            tasks.start_soon(call.perform, client)
            await call.done.wait()
    assert call.result is not None, call.error
    assert call.result.content == [TextContent(text="accept {'by': 'me'}")]
    assert person.heard == [Question(server="w", agent="Weather", about="elicitation", params=ASKED)]


async def test_question_of_the_older_era_goes_to_the_newest_call_of_the_same_user() -> None:
    """There is no sign of the call in it; as long as one user made them all, any of them will do."""
    first, second = Person("me"), Person("me")
    questions = Questions("w", Named(), [call_of(first), call_of(second)])
    result = await questions.elicit(NO_CONTEXT, FORM)
    assert isinstance(result, ElicitResult)
    assert result.action == "accept"
    assert (len(first.heard), len(second.heard)) == (0, 1)


async def test_questions_of_the_older_era_are_spread_over_the_calls_of_a_user() -> None:
    """While one is open, the next goes to a call without any; the clock of each call stands still, as it may be its."""
    heard, answered = list[str](), anyio.Event()

    def thinker(name: str) -> Call[CallToolResult]:
        async def think(_question: Question) -> Answer:
            heard.append(name)
            await answered.wait()
            return Answer({"action": "decline"})

        return replace(call_of(Person("me")), caller=replace(NOBODY, ask=think), clock=Deadline(TIME_S))

    calls = [thinker(name) for name in "abc"]
    questions = Questions("w", Named(), calls)
    with anyio.fail_after(TIME_S):
        async with anyio.create_task_group() as tasks:
            for number in range(1, 4):
                tasks.start_soon(questions.elicit, NO_CONTEXT, FORM)
                await anyio.wait_all_tasks_blocked()
                assert len(heard) == number
                assert [call.clock.scope.deadline for call in calls] == [float("inf")] * 3
            answered.set()
    assert heard == ["c", "b", "a"]
    assert all(call.clock.scope.deadline < float("inf") for call in calls)


async def test_question_outlives_the_run_it_was_put_to() -> None:
    """It may have been another call's: when the newest one's run is over, the next is asked, and then nobody."""
    over = Declined("the run is over", over=True)
    first, second = Person("me"), Person("me", over)
    calls = [call_of(first), call_of(second)]
    result = await Questions("w", Named(), calls).elicit(NO_CONTEXT, FORM)
    alone = await Questions("w", Named(), calls[1:]).elicit(NO_CONTEXT, FORM)
    assert isinstance(result, ElicitResult)
    assert isinstance(alone, ElicitResult)
    assert (result.action, len(first.heard), len(second.heard)) == ("accept", 1, 2)
    assert alone.meta == {"batonmcp/because": "the run is over"}


async def test_nobody_is_asked_what_may_be_another_ones_run() -> None:
    """With calls of two users in flight, or with none, the question is declined and the reason told."""
    people = [Person("me"), Person("you")]
    several = await Questions("w", Named(), [call_of(person) for person in people]).elicit(NO_CONTEXT, FORM)
    none = await Questions("w", Named(), []).elicit(NO_CONTEXT, FORM)
    assert isinstance(several, ElicitResult)
    assert isinstance(none, ElicitResult)
    assert (several.action, none.action) == ("decline", "decline")
    assert [len(person.heard) for person in people] == [0, 0]
    assert none.meta == {"batonmcp/because": "no tool of the server is being called"}


SAMPLE = CreateMessageRequestParams.model_validate(
    {"messages": [{"role": "user", "content": {"type": "text", "text": "Hi"}}], "maxTokens": 5}
)
Put = Callable[[Questions], Awaitable[Any]]
PUT: dict[str, Put] = {
    "sampling": lambda questions: questions.sample(NO_CONTEXT, SAMPLE),
    "roots": lambda questions: questions.list_roots(NO_CONTEXT),
}


@pytest.mark.parametrize(
    ("about", "answer"),
    [
        ("sampling", {"role": "assistant", "content": {"type": "text", "text": "Hello"}, "model": "m"}),
        ("roots", {"roots": [{"uri": "file:///home/me", "name": "home"}]}),
    ],
)
async def test_sampling_and_roots_are_passed_on(about: str, answer: dict[str, Any]) -> None:
    """What the host answers is what the server gets."""
    person = Person("me", Answer(answer))
    result = await PUT[about](Questions("w", Named(), [call_of(person)]))
    document = result.model_dump(mode="json", by_alias=True, exclude_none=True)
    assert {key: document[key] for key in answer} == answer
    assert [question.about for question in person.heard] == [about]


@pytest.mark.parametrize(
    ("about", "message"),
    [("sampling", "Sampling was declined because why."), ("roots", "Listing roots was declined because why.")],
)
async def test_what_nobody_can_answer_is_an_error_with_the_reason(about: str, message: str) -> None:
    """A server must not take silence for an empty answer."""
    person = Person("me", Declined("why"))
    result = await PUT[about](Questions("w", Named(), [call_of(person)]))
    assert isinstance(result, ErrorData)
    assert result.message == message


async def test_answer_that_is_none_is_an_error() -> None:
    """A host that answers nonsense is not believed."""
    person = Person("me", Answer({"action": "perhaps"}))
    result = await Questions("w", Named(), [call_of(person)]).elicit(NO_CONTEXT, FORM)
    assert isinstance(result, ErrorData)
    assert result.message.startswith("The answer of the host is no ElicitResult")


async def test_clock_of_the_call_stands_still_while_a_person_thinks() -> None:
    """A question that takes longer than the call has does not end it."""
    thought, still = anyio.Event(), list[float]()

    async def think(_question: Question) -> Declined:
        still.append(call.clock.scope.deadline)
        thought.set()
        await anyio.lowlevel.checkpoint()
        return Declined("enough")

    call = replace(call_of(Person("me")), caller=replace(NOBODY, ask=think), clock=Deadline(TIME_S))
    with call.clock.scope:
        await Questions("w", Named(), [call]).elicit(NO_CONTEXT, FORM)
        assert thought.is_set()
        assert still == [float("inf")]
        assert call.clock.scope.deadline < float("inf")
