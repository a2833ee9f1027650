"""A run whose servers ask, with an SDK client of either era as the host."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from mcp import Client
from mcp.client.session import ClientRequestContext
from mcp_types import (
    CallToolResult,
    CreateMessageRequestParams,
    CreateMessageResult,
    ElicitRequestFormParams,
    ElicitRequestParams,
    ElicitRequestURLParams,
    ElicitResult,
    ErrorData,
    ListRootsResult,
    Root,
    TextContent,
)
from pydantic import FileUrl, JsonValue

from batonmcp.core.caller import Answer, Caller, Declined, Question
from batonmcp.core.events import Emit
from batonmcp.core.limits import Limits
from batonmcp.host.capacity import Capacity
from batonmcp.host.question import Request
from batonmcp.host.reply import reply_error
from batonmcp.host.run import MOST_ROUNDS, Interim, Run, Work
from batonmcp.host.server import Front
from batonmcp.stages.task import Task
from doubles.asking import AskingBackend, Play, form, question, said
from reading import answer_in

pytestmark = pytest.mark.anyio

TIME_S = 20.0
QUERY = {"query": "q"}
YES = "accept {'ok': True}"


@pytest.fixture(params=["legacy", "auto"])
def mode(request: pytest.FixtureRequest) -> str:
    """Both eras of hosts: those with a back channel, and those that are asked in rounds."""
    return request.param


class Person:
    """Who sits at the host and answers."""

    def __init__(self, action: str = "accept") -> None:
        self.seen: list[str] = []
        self.action = action
        self.gate: anyio.Event | None = None
        self.asked = anyio.Event()

    async def answer(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult | ErrorData:
        """Answer a form with a tick, a page with consent."""
        del context
        self.seen.append(params.message)
        self.asked.set()
        if self.gate:
            await self.gate.wait()
        accepted = self.action == "accept" and isinstance(params, ElicitRequestFormParams)
        return ElicitResult.model_validate({"action": self.action, "content": {"ok": True} if accepted else None})


def front_of(play: Play, *, patience: float = 600.0) -> Front:
    """Return a server in front of runs of this kind."""
    return Front(AskingBackend(play).open, agents=[], limits=Limits(), patience=patience)


@asynccontextmanager
async def host_of(play: Play, mode: str, person: Person | None = None, **more: Any) -> AsyncGenerator[Client]:  # noqa: ANN401
    """Connect a host."""
    callback = person.answer if person else None
    with anyio.fail_after(TIME_S):
        async with Client(front_of(play).server, mode=mode, elicitation_callback=callback, **more) as host:
            yield host


def text_of(result: CallToolResult) -> str:
    """Return the text of a result."""
    (block,) = result.content
    assert isinstance(block, TextContent)
    return answer_in(block.text)


async def ask_once(_task: Task, _listen: Emit, caller: Caller) -> str:
    """Ask for a tick."""
    return said(await caller.ask(form("Go on?")))


# One person.


@pytest.mark.parametrize(
    ("action", "answer"), [("accept", "accept {'ok': True}"), ("decline", "decline"), ("cancel", "cancel")]
)
async def test_a_person_is_asked(mode: str, action: str, answer: str) -> None:
    """The question reaches the person with the name of who asks, and the answer the server, whatever it is."""
    person = Person(action)
    async with host_of(ask_once, mode, person) as host:
        assert text_of(await host.call_tool("orchestrate", QUERY)) == answer
    assert person.seen == ["GitHub (github) asks: Go on?"]


async def test_one_after_the_other(mode: str) -> None:
    """A second question comes once the first has its answer."""

    async def twice(_task: Task, _listen: Emit, caller: Caller) -> str:
        first = said(await caller.ask(form("One?")))
        return f"{first}, {said(await caller.ask(form('Two?')))}"

    person = Person()
    async with host_of(twice, mode, person) as host:
        assert text_of(await host.call_tool("orchestrate", QUERY)) == "accept {'ok': True}, accept {'ok': True}"
    assert [message.rpartition(" ")[2] for message in person.seen] == ["One?", "Two?"]


async def test_several_at_a_time(mode: str) -> None:
    """Questions of steps that run side by side are open side by side: none waits for the other's answer."""
    answers: dict[str, str] = {}

    async def both(_task: Task, _listen: Emit, caller: Caller) -> str:
        async def ask(words: str) -> None:
            answers[words] = said(await caller.ask(form(words)))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask, "One?")
            tasks.start_soon(ask, "Two?")
        return "done"

    met, missing = anyio.Event(), 2

    async def meet(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        del context
        nonlocal missing
        missing -= 1
        if not missing:
            met.set()
        await met.wait()
        return ElicitResult(action="accept", content={"said": params.message})

    with anyio.fail_after(TIME_S):
        async with Client(front_of(both).server, mode=mode, elicitation_callback=meet) as host:
            assert text_of(await host.call_tool("orchestrate", QUERY)) == "done"
    assert {words: words in answer for words, answer in answers.items()} == {"One?": True, "Two?": True}


async def test_runs_do_not_mix(mode: str) -> None:
    """Three runs of one host, each of which asks twice, get their own answers and progress."""

    async def run(task: Task, _listen: Emit, caller: Caller) -> str:
        answers = [await caller.ask(form(f"{task.query} {number}")) for number in range(2)]
        return f"{task.query}: {[said(answer) for answer in answers]}"

    async def repeat(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        del context
        await anyio.lowlevel.checkpoint()
        return ElicitResult(action="accept", content={"it": params.message.partition(": ")[2]})

    def expected(query: str) -> list[dict[str, str]]:
        return [{"it": f"{query} {number}"} for number in range(2)]

    results: dict[str, str] = {}
    with anyio.fail_after(TIME_S):
        async with Client(front_of(run).server, mode=mode, elicitation_callback=repeat) as host:

            async def call(query: str) -> None:
                results[query] = text_of(await host.call_tool("orchestrate", {"query": query}))

            async with anyio.create_task_group() as tasks:
                for query in "abc":
                    tasks.start_soon(call, query)
    assert results == {q: f"{q}: {[f'accept {answer}' for answer in expected(q)]}" for q in "abc"}


async def test_a_host_without_people_is_not_asked(mode: str) -> None:
    """A host that has no elicitation declines at once, and the reason says so."""
    async with host_of(ask_once, mode) as host:
        answer = text_of(await host.call_tool("orchestrate", QUERY))
    assert answer == "declined because this host cannot ask a person to fill in a form"


async def test_a_host_that_fails_to_ask(mode: str) -> None:
    """An error instead of an answer: a live request is declined with it; the round's ends the host's own call."""

    async def fail(context: ClientRequestContext, params: ElicitRequestParams) -> ErrorData:
        del context, params
        await anyio.lowlevel.checkpoint()
        return ErrorData(code=-1, message="no window")

    with anyio.fail_after(TIME_S):
        async with Client(front_of(ask_once).server, mode=mode, elicitation_callback=fail) as host:
            if mode == "legacy":
                result = await host.call_tool("orchestrate", QUERY)
                assert text_of(result) == "declined because the host answered: no window"
            else:
                with pytest.raises(Exception, match="no window"):
                    await host.call_tool("orchestrate", QUERY)


# Pages, models, folders.


async def test_a_page_is_opened(mode: str) -> None:
    """A host that can open pages gets the address as it is."""
    opened: list[str] = []

    async def consent(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        del context
        await anyio.lowlevel.checkpoint()
        assert isinstance(params, ElicitRequestURLParams)
        opened.append(params.url)
        return ElicitResult(action="accept")

    async def page(_task: Task, _listen: Emit, caller: Caller) -> str:
        wanted = question(mode="url", message="Sign in", url="https://x.example/in?a=1", elicitationId="e1")
        return said(await caller.ask(wanted))

    with anyio.fail_after(TIME_S):
        async with Client(front_of(page).server, mode=mode, elicitation_callback=consent) as host:
            assert text_of(await host.call_tool("orchestrate", QUERY)) == "accept"
    assert opened == ["https://x.example/in?a=1"]


async def sample(_task: Task, _listen: Emit, caller: Caller) -> str:
    """Ask for a model's words."""
    words: JsonValue = {"role": "user", "content": {"type": "text", "text": "Hi"}}
    answer = await caller.ask(question("sampling", messages=[words], maxTokens=10, includeContext="thisServer"))
    return said(answer)


async def test_a_host_lends_its_model(mode: str) -> None:
    """Sampling reaches the host's model with a word on who asks, and no wish for the context of our server."""
    asked: list[CreateMessageRequestParams] = []

    async def model(context: ClientRequestContext, params: CreateMessageRequestParams) -> CreateMessageResult:
        del context
        await anyio.lowlevel.checkpoint()
        asked.append(params)
        return CreateMessageResult(role="assistant", content=TextContent(text="Hello"), model="m")

    async with host_of(sample, mode, sampling_callback=model) as host:
        assert "Hello" in text_of(await host.call_tool("orchestrate", QUERY))
    assert [params.system_prompt for params in asked] == ["GitHub (github) asks this, through batonmcp."]
    assert asked[0].include_context is None


async def folders(_task: Task, _listen: Emit, caller: Caller) -> str:
    """Ask for the roots."""
    answer = await caller.ask(question("roots"))
    return said(answer) if not hasattr(answer, "result") else str(answer)


async def test_a_host_tells_its_folders(mode: str) -> None:
    """The host's roots reach the server."""

    async def roots(context: ClientRequestContext) -> ListRootsResult:
        del context
        await anyio.lowlevel.checkpoint()
        return ListRootsResult(roots=[Root(uri=FileUrl("file:///work"), name="w")])

    async with host_of(folders, mode, list_roots_callback=roots) as host:
        assert "file:///work" in text_of(await host.call_tool("orchestrate", QUERY))


@pytest.mark.parametrize(
    ("play", "reason"), [(sample, "does not lend its model"), (folders, "has no list of folders to give")]
)
async def test_a_host_that_has_neither(mode: str, play: Play, reason: str) -> None:
    """A host that can only ask people declines the others at once."""
    async with host_of(play, mode, Person()) as host:
        assert text_of(await host.call_tool("orchestrate", QUERY)) == f"declined because this host {reason}"


# How it ends.


async def test_rounds_run_out() -> None:
    """A host that is asked in rounds is asked as often as its client takes, and the run goes on without the rest."""

    async def often(_task: Task, _listen: Emit, caller: Caller) -> str:
        answers = [said(await caller.ask(form(str(number)))) for number in range(MOST_ROUNDS + 2)]
        return f"{answers.count(YES)}; {answers[-1]}"

    async with host_of(often, "auto", Person()) as host:
        text = text_of(await host.call_tool("orchestrate", QUERY))
    assert text == f"{MOST_ROUNDS}; declined because a host can be asked {MOST_ROUNDS} times in one call, and has been"


async def test_a_server_cannot_ask_for_ever() -> None:
    """After fifty questions the others of the run are declined."""

    async def endless(_task: Task, _listen: Emit, caller: Caller) -> str:
        answers = [said(await caller.ask(form(str(number)))) for number in range(60)]
        return f"{answers.count(YES)}; {answers[-1]}"

    async with host_of(endless, "legacy", Person()) as host:
        text = text_of(await host.call_tool("orchestrate", QUERY))
    assert text == "50; declined because 50 questions in one run are enough"


async def test_a_host_that_gives_up_while_a_person_thinks() -> None:
    """A live question of a call that the host cancels is declined, although another task than the run's asked it."""
    person, declined = Person(), anyio.Event()
    person.gate = anyio.Event()
    with anyio.fail_after(TIME_S):
        async with anyio.create_task_group() as connection:

            async def ask_elsewhere(caller: Caller) -> None:
                assert said(await caller.ask(form("Go on?"))) == "declined because the run that called its tool is over"
                declined.set()

            async def run(_task: Task, _listen: Emit, caller: Caller) -> str:
                connection.start_soon(ask_elsewhere, caller)
                await anyio.sleep_forever()
                return ""

            async with host_of(run, "legacy", person) as host, anyio.create_task_group() as tasks:
                tasks.start_soon(host.call_tool, "orchestrate", QUERY)
                await person.asked.wait()
                tasks.cancel_scope.cancel()
            await declined.wait()


async def test_a_question_after_the_run() -> None:
    """A server that asks when the run is over asks nobody."""
    callers: list[Caller] = []

    async def run(_task: Task, _listen: Emit, caller: Caller) -> str:
        await anyio.lowlevel.checkpoint()
        callers.append(caller)
        return "done"

    person = Person()
    async with host_of(run, "legacy", person) as host:
        await host.call_tool("orchestrate", QUERY)
        assert said(await callers[0].ask(form("Late?"))) == "declined because the run that called its tool is over"
    assert person.seen == []


# Attending.


class Passer:
    """A request of a host that cannot be asked, and hears of progress."""

    way = None
    capabilities = None

    def __init__(self) -> None:
        self.heard: list[str] = []

    async def report(self, progress: float, total: float | None, message: str) -> None:
        """Hear it."""
        del progress, total
        await anyio.lowlevel.checkpoint()
        self.heard.append(message)

    async def ask(self, question: Question, request: Request) -> Answer | Declined:
        """Never be asked."""
        raise AssertionError(question, request)


@asynccontextmanager
async def performed(work: Work) -> AsyncGenerator[Run]:
    """Have a run at work; at the end it is over, one way or the other."""
    run = Run(work, principal=None, place=Capacity(places=1, queue=0).reserve())
    with anyio.fail_after(TIME_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run.perform)
            yield run
            run.cancel()


async def test_all_who_attend_hear_and_get_the_reply() -> None:
    """Several requests wait for one run: each hears of its progress, and each gets its reply."""
    go_on = anyio.Event()

    async def work(run: Run) -> CallToolResult:
        await go_on.wait()
        await run.report(1, None, "half")
        return reply_error("done")

    guests, replies = [Passer() for _ in range(3)], list[str]()
    async with performed(work) as run, anyio.create_task_group() as tasks:

        async def attend(guest: Passer) -> None:
            outcome = await run.attend(guest)
            assert isinstance(outcome, CallToolResult)
            replies.append(text_of(outcome))

        for guest in guests:
            tasks.start_soon(attend, guest)
        await anyio.wait_all_tasks_blocked()
        assert run.attended
        go_on.set()
    assert [guest.heard for guest in guests] == [["half"]] * 3
    assert replies == ["done"] * 3
    assert not run.attended
    await run.report(2, None, "nobody hears it")


async def test_the_time_of_a_request() -> None:
    """A request that has no more time leaves with what there is; the run goes on."""
    go_on = anyio.Event()

    async def work(_run: Run) -> CallToolResult:
        await go_on.wait()
        return reply_error("done")

    async with performed(work) as run:
        assert await run.attend(Passer(), within=0.01) == Interim("running")
        assert (run.over, run.attended, run.reply, run.cancelled) == (False, False, None, "")
        go_on.set()
        outcome = await run.attend(Passer(), within=TIME_S)
        assert outcome is run.reply
        assert await run.attend(Passer(), within=0) is run.reply


async def test_why_a_run_was_cancelled() -> None:
    """The first reason stays, and is what a later request is told; a run that is over cannot be cancelled any more."""

    async def forever(_run: Run) -> CallToolResult:
        await anyio.sleep_forever()
        return reply_error("never")

    async with performed(forever) as run:
        run.cancel("It took too long.")
        run.cancel()
        outcome = await run.attend(Passer())
        assert isinstance(outcome, CallToolResult)
        assert text_of(outcome) == run.cancelled == "It took too long."

    async def at_once(_run: Run) -> CallToolResult:
        await anyio.lowlevel.checkpoint()
        return reply_error("done")

    async with performed(at_once) as run:
        await run.attend(Passer())
        run.cancel()
        assert run.cancelled == ""
        assert await run.attend(Passer()) is run.reply


async def test_a_question_before_anybody_has_come() -> None:
    """A run that no request has attended yet has nobody to ask, and nothing to be decided by."""
    answers: list[object] = []

    async def work(run: Run) -> CallToolResult:
        answers.append(said(await run.caller.ask(form("Go on?"))))
        return reply_error("done")

    async with performed(work) as run:
        await anyio.wait_all_tasks_blocked()
        assert run.over
        assert not run.present("anything")
    assert answers == ["declined because no request of the host has come yet that could be asked"]
