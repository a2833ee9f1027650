"""Progress as a host sees it, in virtual time."""

from dataclasses import dataclass, field
from itertools import pairwise

import anyio
import pytest
from pydantic import JsonValue
from trio.testing import MockClock

from batonmcp.core.caller import Progress
from batonmcp.core.events import (
    AnswerGrew,
    Emit,
    Noted,
    PlanReady,
    RouteStarted,
    RunFinished,
    StepFinished,
    StepProgressed,
    StepStarted,
    SynthesisStarted,
)
from batonmcp.core.outcome import Succeeded
from batonmcp.host.progress import HEARTBEAT, PAUSE, reporting
from builders import plan_of, registry, tool

pytestmark = pytest.mark.anyio

TIME_S = 100_000.0  # virtual
TOOLS = registry(tool("a__x"), tool("b__y"))
ROUTING = RouteStarted(tools=2, agents=["A", "B"])
STARTED = StepStarted(step_id="s1", arguments=[{}], per_item=False)


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, MockClock]]:
    """A clock that jumps to the next deadline when nothing else is left to do."""
    return "trio", {"clock": MockClock(autojump_threshold=0)}


@dataclass
class Host:
    """Keeps what is reported, with the time."""

    reports: list[tuple[float, float | None, str]] = field(default_factory=list[tuple[float, float | None, str]])
    times: list[float] = field(default_factory=list[float])

    async def report(self, progress: float, total: float | None, message: str) -> None:
        """Take one notification."""
        self.reports.append((progress, total, message))
        self.times.append(anyio.current_time())

    @property
    def lines(self) -> list[str]:
        """What was said."""
        return [message for _, _, message in self.reports]

    def check(self) -> None:
        """Hold the numbers against the protocol: each above the one before, none above its total."""
        numbers = [number for number, _, _ in self.reports]
        assert all(before < after for before, after in pairwise(numbers))
        assert all(total is None or number <= total for number, total, _ in self.reports)


def ready(steps: int = 1) -> PlanReady:
    """Return the event of a plan with so many steps."""
    documents: list[JsonValue] = [{"id": f"s{number}", "tool": "a__x"} for number in range(1, steps + 1)]
    return PlanReady(plan=plan_of({"steps": documents}, TOOLS))


def finished(step: str = "s1") -> StepFinished:
    """Return the event of a step that succeeded."""
    return StepFinished(step_id=step, outcome=Succeeded(value=1))


async def test_each_line_is_reported() -> None:
    """Every event with a line is one notification, in order, and all are out before the run's reply."""
    host = Host()
    with anyio.fail_after(TIME_S):
        async with reporting(host.report) as emit:
            for event in (ROUTING, Noted(text="not told"), ready(), STARTED, finished(), SynthesisStarted()):
                emit(event)
    assert host.lines == [
        "Choosing among 2 tools of A, B",
        "Single: a__x",
        "a__x: running",
        "a__x: succeeded",
        "Writing the answer",
    ]
    host.check()


async def test_answer_is_shown_while_it_is_written() -> None:
    """Of what grows faster than a host is told, only the last counts; at its end nothing is left to tell of it."""
    host = Host()
    with anyio.fail_after(TIME_S):
        async with reporting(host.report) as emit:
            emit(SynthesisStarted())
            await anyio.wait_all_tasks_blocked()
            for number in range(100):
                emit(AnswerGrew(text=f"word{number}"))
                await anyio.sleep(PAUSE / 20)
            emit(AnswerGrew(text="the end"))
            emit(RunFinished(status="ok", answer="..."))
    assert host.lines[0] == "Writing the answer"
    assert len(host.lines) in range(4, 9)
    assert "Writing the answer: …word99" not in host.lines[1:-1]
    assert all(pause > PAUSE * 0.99 for pause in (after - before for before, after in pairwise(host.times[1:])))
    host.check()


async def test_numbers_follow_the_steps() -> None:
    """The number grows with every step that is over, towards the total."""
    host = Host()
    with anyio.fail_after(TIME_S):
        async with reporting(host.report) as emit:
            for event in (ROUTING, ready(2), finished("s1"), finished("s2"), SynthesisStarted()):
                emit(event)
                await anyio.wait_all_tasks_blocked()
    assert [int(number) for number, _, _ in host.reports] == [0, 1, 2, 3, 3]
    assert [total for _, total, _ in host.reports] == [None, 4, 4, 4, 4]
    host.check()


async def test_silence_repeats_the_last_line() -> None:
    """After every ten seconds without news the last line is said again, with a higher number."""
    host = Host()
    began = anyio.current_time()
    with anyio.fail_after(TIME_S):
        async with reporting(host.report) as emit:
            emit(ROUTING)
            await anyio.sleep(35)
    assert HEARTBEAT == 10
    assert host.lines == ["Choosing among 2 tools of A, B"] * 4
    assert [round(time - began) for time in host.times] == [0, 10, 20, 30]
    host.check()


async def test_silence_names_what_runs() -> None:
    """What is said again is what goes on, also if the last news was of something else."""
    host = Host()
    with anyio.fail_after(TIME_S):
        async with reporting(host.report) as emit:
            for event in (ready(2), STARTED, StepStarted(step_id="s2", arguments=[{}], per_item=False)):
                emit(event)
            await anyio.sleep(15)
            emit(finished())
            await anyio.sleep(15)
    assert host.lines[3:] == [
        "Running: a__x (step s1), a__x (step s2)",
        "a__x (step s1): succeeded",
        "a__x (step s2): running",
    ]
    host.check()


async def test_silence_from_the_start_is_broken_too() -> None:
    """While servers are still coming up there is something to say."""
    host = Host()
    with anyio.fail_after(TIME_S):
        async with reporting(host.report):
            await anyio.sleep(11)
    assert host.lines == ["Starting"]


async def test_news_restart_the_silence() -> None:
    """A line that was just said is not repeated before ten more seconds."""
    host = Host()
    began = anyio.current_time()
    with anyio.fail_after(TIME_S):
        async with reporting(host.report) as emit:
            await anyio.sleep(9)
            emit(ROUTING)
            await anyio.sleep(9)
            emit(ready())
            await anyio.sleep(2)
    assert [round(time - began) for time in host.times] == [9, 18]


async def test_a_very_long_run_stays_below_its_total() -> None:
    """However long a step takes, the numbers grow and none passes what is to come."""
    host = Host()
    with anyio.fail_after(TIME_S):
        async with reporting(host.report) as emit:
            emit(ready())
            emit(STARTED)
            await anyio.sleep(23 * 3_600)
            emit(finished())
    assert len(host.reports) > 8_000
    assert {total for _, total, _ in host.reports} == {3}
    host.check()


async def test_a_host_that_takes_no_progress_does_not_hold_the_run_up() -> None:
    """If a notification never gets through, thousands of events are taken all the same, and the run ends soon."""

    async def stuck(_progress: float, _total: float | None, _message: str) -> None:
        await anyio.sleep_forever()

    began = anyio.current_time()
    with anyio.fail_after(TIME_S):
        async with reporting(stuck) as emit:
            emit(ROUTING)
            await anyio.wait_all_tasks_blocked()
            for _ in range(5_000):
                emit(ROUTING)
            assert anyio.current_time() == began
    assert anyio.current_time() - began <= 2


async def test_a_slow_host_gets_the_lines_that_fit() -> None:
    """A host that is slow for a while gets what it was sent before the backlog was full, and later news again."""
    host = Host()
    gate = anyio.Event()

    async def slow(progress: float, total: float | None, message: str) -> None:
        await gate.wait()
        await host.report(progress, total, message)

    with anyio.fail_after(TIME_S):
        async with reporting(slow) as emit:
            for _ in range(3_000):
                emit(ROUTING)
            gate.set()
            await anyio.wait_all_tasks_blocked()
            emit(ready())
    assert 1_000 <= len(host.reports) < 3_000
    assert host.lines[-1] == "Single: a__x"
    host.check()


async def test_events_after_a_cancel_are_taken() -> None:
    """A run that is cancelled still tells how its steps ended; nobody hears it, and nothing fails."""
    host = Host()
    told = anyio.Event()

    async def run(emit: Emit) -> None:
        emit(ready())
        emit(STARTED)
        try:
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.wait_all_tasks_blocked()
            emit(finished())
            told.set()

    with anyio.CancelScope() as scope:
        async with reporting(host.report) as emit, anyio.create_task_group() as tasks:
            tasks.start_soon(run, emit)
            await anyio.wait_all_tasks_blocked()
            scope.cancel()
    assert scope.cancelled_caught
    assert told.is_set()
    assert host.lines == ["Single: a__x", "a__x: running"]


async def test_an_error_of_the_run_goes_up() -> None:
    """An error inside ends the reports at once and is not swallowed."""
    host = Host()
    with anyio.fail_after(TIME_S), pytest.RaisesGroup(LookupError):
        async with reporting(host.report) as emit:
            emit(ROUTING)
            raise LookupError


def progressed(done: float, step: str = "s1", message: str = "") -> StepProgressed:
    """Return the event of a call that tells how far it is."""
    return StepProgressed(step_id=step, progress=Progress(done=done, total=100, message=message))


async def test_progress_of_a_call_is_told() -> None:
    """How far a call is is told with its step, in numbers that go on growing."""
    host = Host()
    with anyio.fail_after(TIME_S):
        async with reporting(host.report) as emit:
            for event in (ready(2), STARTED, progressed(40, message="copying")):
                emit(event)
            await anyio.sleep(1)
            emit(finished())
    assert host.lines[2:] == ["a__x (step s1): 40 of 100, copying", "a__x (step s1): succeeded"]
    host.check()


async def test_a_flood_of_progress_is_thinned_out() -> None:
    """A call may tell as often as it likes: ten times a second is passed on, and no other line is lost."""
    host = Host()
    with anyio.fail_after(TIME_S):
        async with reporting(host.report) as emit:
            emit(ready())
            emit(STARTED)
            for tick in range(1_000):
                for part in range(10):
                    emit(progressed(tick / 10 + part / 100))
                await anyio.sleep(0.01)
            emit(SynthesisStarted())
            await anyio.sleep(1)
    told = [line for line in host.lines if "of 100" in line]
    assert 95 <= len(told) <= 105
    assert told[-1] == "a__x: 100 of 100"
    assert host.lines[-2:] in (["Writing the answer", told[-1]], [told[-1], "Writing the answer"])
    assert "Writing the answer" in host.lines
    host.check()


async def test_steps_take_turns() -> None:
    """Where several calls tell how far they are, each is heard."""
    host = Host()
    with anyio.fail_after(TIME_S):
        async with reporting(host.report) as emit:
            emit(ready(2))
            for number in range(100):
                emit(progressed(number, "s1"))
                emit(progressed(number, "s2"))
                await anyio.sleep(0.05)
    heard = [line.partition(":")[0] for line in host.lines[1:]]
    assert abs(heard.count("a__x (step s1)") - heard.count("a__x (step s2)")) <= 1
    host.check()


async def test_nothing_is_told_of_a_step_that_is_over() -> None:
    """How far it was is not said after how it ended."""
    host = Host()
    with anyio.fail_after(TIME_S):
        async with reporting(host.report) as emit:
            for event in (ready(2), STARTED, progressed(1), progressed(2), finished()):
                emit(event)
            await anyio.sleep(1)
    assert host.lines[-1] == "a__x (step s1): succeeded"


@pytest.mark.slow
async def test_long_progress() -> None:
    """After ten thousand notifications the numbers still grow, and none passes what is to come."""
    host = Host()
    with anyio.fail_after(TIME_S):
        async with reporting(host.report) as emit:
            emit(ready())
            emit(STARTED)
            for number in range(3 * 3_600):
                emit(progressed(number % 100))
                await anyio.sleep(0.1)
    assert len(host.reports) > 10_000
    host.check()
