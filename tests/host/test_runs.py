"""Runs that are parked while their host is away with questions: who finds them again, and who does not."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from itertools import pairwise

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest
import trio
from mcp import Client
from mcp.client.session import ClientRequestContext
from mcp_types import (
    CallToolResult,
    ClientCapabilities,
    ElicitationCapability,
    ElicitRequestParams,
    ElicitResult,
    InputRequiredResult,
    InputResponses,
    TextContent,
)
from trio.testing import MockClock

from batonmcp.core.caller import Answer, Caller, Declined, Question
from batonmcp.core.events import Emit, Noted, RouteStarted
from batonmcp.core.limits import Limits
from batonmcp.core.record import StepRecord
from batonmcp.host.question import Request
from batonmcp.host.reply import reply_error
from batonmcp.host.run import Interim, Run
from batonmcp.host.runs import PATIENCE, Runs, open_runs
from batonmcp.host.server import Front
from batonmcp.stages.task import Task
from doubles.asking import AskingBackend, Play, form, said
from reading import answer_in

pytestmark = pytest.mark.anyio

TIME_S = 20.0
QUERY = {"query": "q"}
YES = ElicitResult(action="accept", content={"ok": True})
VIRTUAL = ("trio", {"clock": MockClock(autojump_threshold=0)})


async def consent(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
    """Say yes to everything."""
    del context, params
    return YES


@asynccontextmanager
async def host_of(play: Play) -> AsyncGenerator[Client]:
    """Connect a host that is asked in rounds."""
    front = Front(AskingBackend(play).open, agents=[], limits=Limits())
    with anyio.fail_after(TIME_S):
        async with Client(front.server, elicitation_callback=consent) as host:
            yield host


async def step(
    host: Client, arguments: Mapping[str, str], *, answers: InputResponses | None = None, state: str | None = None
) -> CallToolResult | InputRequiredResult:
    """Make one request of a call, without going on by itself."""
    result = await host.session.call_tool(
        "orchestrate", dict(arguments), input_responses=answers, request_state=state, allow_input_required=True
    )
    assert isinstance(result, CallToolResult | InputRequiredResult)
    return result


def round_of(result: CallToolResult | InputRequiredResult | Interim) -> tuple[str, list[str]]:
    """Return the state and the keys of a round of questions."""
    assert isinstance(result, InputRequiredResult), result
    assert result.request_state
    return result.request_state, [*(result.input_requests or {})]


def text_of(result: CallToolResult | InputRequiredResult | Interim) -> str:
    """Return the text of a reply."""
    assert isinstance(result, CallToolResult), result
    (block,) = result.content
    assert isinstance(block, TextContent)
    return answer_in(block.text)


class Asking:
    """Runs that ask once, and are counted.

    Attributes:
        started: How many have begun.
        cancelled: Set when one is cancelled.
    """

    def __init__(self) -> None:
        self.started = 0
        self.cancelled = anyio.Event()

    async def play(self, _task: Task, _listen: Emit, caller: Caller) -> str:
        """Ask."""
        self.started += 1
        try:
            return said(await caller.ask(form("Go on?")))
        except BaseException:
            self.cancelled.set()
            raise


async def test_answers_come_with_the_next_request() -> None:
    """The state finds the run that waits: it is not started again."""
    asking = Asking()
    async with host_of(asking.play) as host:
        state, (key,) = round_of(await step(host, QUERY))
        assert not asking.cancelled.is_set()
        assert text_of(await step(host, QUERY, answers={key: YES}, state=state)) == "accept {'ok': True}"
    assert asking.started == 1


async def test_a_state_is_good_once() -> None:
    """The same answers again run nothing, and a sentence says why."""
    asking = Asking()
    async with host_of(asking.play) as host:
        state, (key,) = round_of(await step(host, QUERY))
        await step(host, QUERY, answers={key: YES}, state=state)
        again = await step(host, QUERY, answers={key: YES}, state=state)
        assert isinstance(again, CallToolResult)
        assert again.is_error
        assert text_of(again).startswith("Nothing was run: these answers belong to no run that waits for answers.")
    assert asking.started == 1


@pytest.mark.parametrize("other", ["state", "arguments"])
async def test_a_state_that_does_not_fit(other: str) -> None:
    """A made-up state, and one that was given for other arguments, run nothing; the run goes on to wait for its own."""
    asking = Asking()
    async with host_of(asking.play) as host:
        state, (key,) = round_of(await step(host, QUERY))
        if other == "state":
            wrong = await step(host, QUERY, answers={key: YES}, state=f"{state[:-4]}AAAA")
        else:
            wrong = await step(host, {"query": "something else"}, answers={key: YES}, state=state)
        assert text_of(wrong).startswith("Nothing was run")
        assert text_of(await step(host, QUERY, answers={key: YES}, state=state)) == "accept {'ok': True}"
    assert asking.started == 1


async def test_an_answer_that_is_missing() -> None:
    """A host that comes back without an answer has declined."""
    async with host_of(Asking().play) as host:
        state, _ = round_of(await step(host, QUERY))
        assert text_of(await step(host, QUERY, state=state)) == "declined because the host sent no answer"


async def test_a_question_that_comes_while_parked() -> None:
    """A run goes on while its host is away; what it asks meanwhile is the next round."""
    asked_first = anyio.Event()

    async def run(_task: Task, _listen: Emit, caller: Caller) -> str:
        answers: dict[str, str] = {}

        async def second() -> None:
            await asked_first.wait()
            answers["second"] = said(await caller.ask(form("Second?")))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(second)
            answers["first"] = said(await caller.ask(form("First?")))
        return f"{answers['first']}, {answers['second']}"

    async with host_of(run) as host:
        state, (first,) = round_of(await step(host, QUERY))
        asked_first.set()
        await anyio.wait_all_tasks_blocked()
        state, (second,) = round_of(await step(host, QUERY, answers={first: YES}, state=state))
        assert first != second
        last = await step(host, QUERY, answers={second: ElicitResult(action="decline")}, state=state)
        assert text_of(last) == "accept {'ok': True}, decline"


async def test_a_request_given_up_cancels_the_run() -> None:
    """A host that cancels the request that attends ends the run; between two requests nothing does."""
    asking, going = Asking(), anyio.Event()

    async def ask_and_wait(task: Task, listen: Emit, caller: Caller) -> str:
        await asking.play(task, listen, caller)
        going.set()
        try:
            await anyio.sleep_forever()
        finally:
            asking.cancelled.set()
        return ""

    async with host_of(ask_and_wait) as host:
        state, (key,) = round_of(await step(host, QUERY))
        await anyio.wait_all_tasks_blocked()
        assert not asking.cancelled.is_set()

        async def come_back() -> None:
            await step(host, QUERY, answers={key: YES}, state=state)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(come_back)
            await going.wait()
            tasks.cancel_scope.cancel()
        await asking.cancelled.wait()


async def test_numbers_grow_across_rounds() -> None:
    """Each request of a call has a progress token of its own; the numbers go on where the last one's ended."""

    async def run(_task: Task, listen: Emit, caller: Caller) -> str:
        for number in range(3):
            listen(RouteStarted(tools=number + 2, agents=["A"]))
            await anyio.wait_all_tasks_blocked()
            await caller.ask(form(str(number)))
        listen(Noted(text="the end"))
        return "done"

    reports: list[tuple[float, str | None]] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        assert total is None
        reports.append((progress, message))

    async with host_of(run) as host:
        assert text_of(await host.call_tool("orchestrate", QUERY, progress_callback=hear)) == "done"
    assert [message for _, message in reports] == [f"Choosing among {n} tools of A" for n in (2, 3, 4)]
    assert all(before < after for (before, _), (after, _) in pairwise(reports))


async def test_they_end_with_the_connection() -> None:
    """A parked run is cancelled when the host disconnects."""
    asking = Asking()
    async with host_of(asking.play) as host:
        round_of(await step(host, QUERY))
    assert asking.cancelled.is_set()


# In virtual time.


class Visitor:
    """A request of a host that is asked in rounds."""

    way = "rounds"
    capabilities = ClientCapabilities(elicitation=ElicitationCapability())

    async def report(self, progress: float, total: float | None, message: str) -> None:
        """Hear nothing."""

    async def ask(self, question: Question, request: Request) -> Answer | Declined:
        """Never be asked live."""
        raise AssertionError(question, request)


async def ask_and_reply(run: Run) -> CallToolResult:
    """Ask, and reply with the answer."""
    return reply_error(said(await run.caller.ask(form("Go on?"))))


@pytest.mark.parametrize("anyio_backend", [VIRTUAL])
async def test_patience_has_an_end() -> None:
    """A run whose host does not come back within ten minutes is cancelled, its question declined, its state unknown."""
    answers: list[str] = []
    with anyio.fail_after(10_000):
        async with anyio.create_task_group() as connection, open_runs() as runs:

            async def ask_elsewhere(caller: Caller) -> None:
                answers.append(said(await caller.ask(form("Go on?"))))

            async def work(run: Run) -> CallToolResult:
                connection.start_soon(ask_elsewhere, run.caller)
                await anyio.sleep_forever()
                return reply_error("never")

            began = anyio.current_time()
            state, _ = round_of(await runs.attend(runs.start(work, principal="me"), Visitor()))
            await anyio.sleep(PATIENCE - 1)
            assert not answers
            await anyio.sleep(2)
            assert answers == ["declined because the run that called its tool is over"]
            assert runs.resume(state, principal="me") is None
            assert anyio.current_time() - began < 602


@pytest.mark.parametrize("anyio_backend", [VIRTUAL])
async def test_a_run_belongs_to_somebody() -> None:
    """Another principal cannot go on with a run, and does not use its state up."""
    with anyio.fail_after(10_000):
        async with open_runs() as runs:
            state, (key,) = round_of(await runs.attend(runs.start(ask_and_reply, principal="me"), Visitor()))
            assert runs.resume(state, principal="you") is None
            parked = runs.resume(state, principal="me")
            assert parked is not None
            assert runs.find(parked.run.id, principal="you") is None
            assert runs.knows(parked.run.id)
            answers = parked.answers({key: YES, "q2": YES})
            assert [*answers] == [key]
            assert text_of(await runs.attend(parked.run, Visitor(), answers)) == "accept {'ok': True}"


@pytest.mark.parametrize("anyio_backend", [VIRTUAL])
async def test_only_so_many_are_parked() -> None:
    """A hundred runs wait; one more ends the oldest."""
    with anyio.fail_after(10_000):
        async with open_runs() as runs:
            states = [
                round_of(await runs.attend(runs.start(ask_and_reply, principal="me"), Visitor()))[0] for _ in range(101)
            ]
            found = [runs.resume(state, principal="me") is not None for state in states]
    assert found == [False] + [True] * 100


async def test_answers_that_come_after_the_run() -> None:
    """A question that another run's server asked is answered all the same by a host that comes for the reply."""
    answers: list[str] = []
    with anyio.fail_after(TIME_S):
        async with anyio.create_task_group() as connection:

            async def ask_elsewhere(caller: Caller) -> None:
                answers.append(said(await caller.ask(form("Go on?"))))

            go_on = anyio.Event()

            async def play(_task: Task, _listen: Emit, caller: Caller) -> str:
                connection.start_soon(ask_elsewhere, caller)
                await go_on.wait()
                return "done"

            async with host_of(play) as host:
                state, (key,) = round_of(await step(host, QUERY))
                go_on.set()
                await anyio.wait_all_tasks_blocked()
                assert answers == []
                assert text_of(await step(host, QUERY, answers={key: YES}, state=state)) == "done"
    assert answers == ["accept {'ok': True}"]


@pytest.mark.parametrize("anyio_backend", [VIRTUAL], ids=["virtual"])
async def test_a_host_that_never_comes_for_the_reply() -> None:
    """What is still open after a run is declined when its host has not come back in time."""
    async with open_runs() as runs, anyio.create_task_group() as connection:
        answers: list[Answer | Declined] = []

        async def ask_elsewhere(caller: Caller) -> None:
            answers.append(await caller.ask(form("Go on?")))

        async def work(run: Run) -> CallToolResult:
            connection.start_soon(ask_elsewhere, run.caller)
            await anyio.sleep(1)
            return reply_error("done")

        run = runs.start(work, principal="me")
        assert isinstance(await runs.attend(run, Visitor()), InputRequiredResult)
        await anyio.sleep(PATIENCE - 1)
        assert answers == []
        await anyio.sleep(2)
        assert answers == [Declined(because="the run that called its tool is over", over=True)]


# What stays readable.


async def give(run: Run) -> CallToolResult:
    """Give a hundred bytes and a few."""
    await anyio.lowlevel.checkpoint()
    step = StepRecord(id="a", tool="s__a", server="s", effect="read", status="succeeded", value="x" * 98)
    run.recorder.record.steps = [step]
    return reply_error("")


SIZE = 102  # with its quotation marks, and no inputs


async def weighed() -> None:
    """Wait until the thread that weighs the last run has ended: there is but one."""
    limiter = anyio.to_thread.current_default_thread_limiter()
    limiter.total_tokens = 1
    await anyio.to_thread.run_sync(int)
    await anyio.wait_all_tasks_blocked()


async def ended(runs: Runs, count: int) -> list[Run]:
    """Let so many runs end, one after the other."""
    found: list[Run] = []
    for _ in range(count):
        found.append(runs.start(give, principal=None))
        await runs.attend(found[-1], Visitor())
        await weighed()
    return found


@pytest.mark.parametrize("count", [2, 3, 4])
async def test_so_many_stay_readable(count: int) -> None:
    """Of one run less than the limit, as many, and one more, all are found but those above it, the oldest first."""
    async with open_runs(limits=Limits(kept_runs=3)) as runs:
        found = [runs.find(run.id, principal=None) is run for run in await ended(runs, count)]
    assert found == [False] * max(count - 3, 0) + [True] * min(count, 3)


@pytest.mark.parametrize(("room", "kept"), [(3 * SIZE - 1, 2), (3 * SIZE, 3), (3 * SIZE + 1, 3), (SIZE - 1, 0)])
async def test_so_much_stays_readable(room: int, kept: int) -> None:
    """Results stay as long as they fit together; one that does not fit by itself is not kept."""
    async with open_runs(limits=Limits(kept_bytes=room)) as runs:
        found = [runs.find(run.id, principal=None) is run for run in await ended(runs, 3)]
    assert found == [False] * (3 - kept) + [True] * kept


@pytest.mark.parametrize("anyio_backend", [VIRTUAL], ids=["virtual"])
@pytest.mark.parametrize(("seconds", "kept"), [(99.0, True), (99.9, True), (100.0, False), (101.0, False)])
async def test_they_stay_so_long(seconds: float, kept: bool) -> None:  # noqa: FBT001 - a column
    """After their time they are gone, with what they were parked with."""
    async with open_runs(limits=Limits(kept_seconds=100)) as runs:
        run = runs.start(give, principal=None)
        await runs.attend(run, Visitor())
        await anyio.sleep(seconds)
        assert (runs.find(run.id, principal=None) is run) is kept


# Timers.


@pytest.mark.parametrize("anyio_backend", [VIRTUAL], ids=["virtual"])
@pytest.mark.parametrize("after", [PATIENCE - 0.001, PATIENCE, PATIENCE + 0.001])
async def test_a_host_that_comes_in_the_last_moment(after: float) -> None:
    """It finds its run or it does not, and nothing breaks."""
    async with open_runs() as runs:
        run = runs.start(ask_and_reply, principal="me")
        state, (key,) = round_of(await runs.attend(run, Visitor()))
        await anyio.sleep(after)
        parked = runs.resume(state, principal="me")
        if parked:
            assert text_of(await runs.attend(run, Visitor(), parked.answers({key: YES}))) == "accept {'ok': True}"
        else:
            assert text_of(await runs.attend(run, Visitor())).startswith("The run was cancelled, as its host did not")
        await anyio.sleep(PATIENCE)


@pytest.mark.parametrize("anyio_backend", [VIRTUAL], ids=["virtual"])
async def test_a_visit_begins_the_time_anew() -> None:
    """A host that comes without answers is asked again, in a round of its own; the first is good no more."""
    async with open_runs() as runs:
        run = runs.start(ask_and_reply, principal="me")
        first, _ = round_of(await runs.attend(run, Visitor()))
        await anyio.sleep(PATIENCE / 2)
        second, (key,) = round_of(await runs.attend(run, Visitor()))
        assert runs.resume(first, principal="me") is None
        await anyio.sleep(PATIENCE - 1)
        parked = runs.resume(second, principal="me")
        assert parked
        assert text_of(await runs.attend(run, Visitor(), parked.answers({key: YES}))) == "accept {'ok': True}"


@pytest.mark.parametrize("anyio_backend", [VIRTUAL], ids=["virtual"])
async def test_another_request_attends_when_the_time_is_over() -> None:
    """A round that nobody has answered is put to it: the run is not cancelled under its eyes."""
    async with open_runs() as runs, anyio.create_task_group() as tasks:
        run, rounds = runs.start(ask_and_reply, principal="me"), list[str]()

        async def attend() -> None:
            state, (key,) = round_of(await runs.attend(run, Visitor()))
            rounds.append(state)
            if len(rounds) == 2:
                parked = runs.resume(state, principal="me")
                assert parked
                assert text_of(await runs.attend(run, Visitor(), parked.answers({key: YES}))) == "accept {'ok': True}"

        for _ in range(2):
            tasks.start_soon(attend)
        await anyio.sleep(PATIENCE - 1)
        assert len(rounds) == 1
        await anyio.sleep(2)
        assert len(rounds) == 2


@pytest.mark.parametrize("anyio_backend", [VIRTUAL], ids=["virtual"])
async def test_a_late_host_is_told_how_it_ended() -> None:
    """A run that has ended without its answers gives its reply to a host that comes too late with them."""
    async with open_runs(patience=50) as runs:

        async def work(run: Run) -> CallToolResult:
            with anyio.move_on_after(40):
                await run.caller.ask(form("Go on?"))
            return reply_error("It is over.")

        state, (key,) = round_of(await runs.attend(runs.start(work, principal="me"), Visitor()))
        await anyio.sleep(60)
        parked = runs.resume(state, principal="me")
        assert parked
        assert text_of(await runs.attend(parked.run, Visitor(), parked.answers({key: YES}))) == "It is over."


async def test_a_work_that_breaks_leaves_nothing() -> None:
    """A run whose work raises is known no more."""

    async def break_down(_run: Run) -> CallToolResult:
        await anyio.lowlevel.checkpoint()
        raise LookupError

    found: list[tuple[Runs, str]] = []
    with pytest.RaisesGroup(LookupError, flatten_subgroups=True):
        async with open_runs() as runs:
            found.append((runs, runs.start(break_down, principal=None).id))
            await anyio.sleep_forever()
    assert [runs.knows(run_id) for runs, run_id in found] == [False]


@pytest.mark.parametrize("anyio_backend", [VIRTUAL], ids=["virtual"])
async def test_nothing_is_left_of_a_hundred_runs() -> None:
    """Runs that were answered, visited, cancelled, or left by their host leave no task and no timer behind."""
    async with open_runs(limits=Limits(runs=2)) as runs:
        await anyio.wait_all_tasks_blocked()
        before = trio.lowlevel.current_statistics().tasks_living
        for number in range(100):
            run = runs.start(ask_and_reply, principal="me")
            state, (key,) = round_of(await runs.attend(run, Visitor()))
            if number % 4 == 0:
                parked = runs.resume(state, principal="me")
                assert parked
                await runs.attend(run, Visitor(), parked.answers({key: YES}))
            elif number % 4 == 1:
                again, _ = round_of(await runs.attend(run, Visitor()))
                parked = runs.resume(again, principal="me")
                assert parked
                await runs.attend(run, Visitor(), parked.answers(None))
            elif number % 4 == 2:
                run.cancel()
        await anyio.sleep(PATIENCE + 1)
        await weighed()
        assert trio.lowlevel.current_statistics().tasks_living == before
