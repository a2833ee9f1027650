"""The shelves of questions and decisions, on both kinds of store and over several processes."""

import signal
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import get_args

import anyio
import anyio.to_thread
import pytest
from pydantic import JsonValue

from batonmcp.store.approvals import Approvals, Verdict
from batonmcp.store.port import Store
from batonmcp.store.sqlite import SqliteStore
from doubles.store_process import DIGEST, argv, question, race

pytestmark = pytest.mark.anyio

TIME_S = 120.0
OTHER = "e" * 64
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)

Make = Callable[..., Store]


class Clock:
    """The time, which goes on when it is told."""

    now = 1_000_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The time."""
    return Clock()


@pytest.fixture
def approvals(make: Make, clock: Clock) -> Approvals:
    """The shelves of a store of either kind."""
    return Approvals(make(clock=clock), clock=clock)


@pytest.mark.parametrize("verdict", VERDICTS)
async def test_a_decision_is_given_out_once(approvals: Approvals, verdict: Verdict) -> None:
    """What is asked can be read, decided once, and its decision used once."""
    asked = question("r1")
    with anyio.fail_after(TIME_S):
        assert await approvals.decision("r1", DIGEST) is None
        await approvals.ask(asked)
        assert await approvals.pending() == [asked]
        assert await approvals.decision("r1", DIGEST) is None
        assert await approvals.decide(asked, verdict)
        assert not await approvals.decide(asked, "always")
        assert await approvals.pending() == []
        assert await approvals.decision("r1", DIGEST) == verdict
        assert await approvals.decision("r1", DIGEST) is None


async def test_a_decision_is_about_what_was_read(approvals: Approvals) -> None:
    """One for another digest is dropped: it counts neither for that nor, later, for its own; other runs have theirs."""
    with anyio.fail_after(TIME_S):
        for run_id in ("r1", "r2"):
            await approvals.ask(question(run_id))
            assert await approvals.decide(question(run_id), "once")
        assert await approvals.decision("r1", OTHER) is None
        assert await approvals.decision("r1", DIGEST) is None
        assert await approvals.decision("r2", DIGEST) == "once"


async def test_a_question_that_was_replaced(approvals: Approvals) -> None:
    """A run has one question: who has read the former one decides nothing, and the new one stays."""
    former, new = question("r1"), question("r1", digest=OTHER)
    with anyio.fail_after(TIME_S):
        await approvals.ask(question("r10"))
        await approvals.ask(former)
        await approvals.ask(new)
        assert await approvals.pending() == [new, question("r10")]
        assert not await approvals.decide(former, "always")
        assert await approvals.pending() == [new, question("r10")]
        assert await approvals.decision("r1", DIGEST) is None
        assert await approvals.decide(new, "no")
        assert await approvals.decision("r1", OTHER) == "no"


async def test_a_question_that_was_withdrawn(approvals: Approvals) -> None:
    """When a run is over nobody can decide about it, and a decision that nobody used is gone; other runs go on."""
    with anyio.fail_after(TIME_S):
        await approvals.withdraw("never")
        for run_id in ("r1", "r2", "r10"):
            await approvals.ask(question(run_id))
        assert await approvals.decide(question("r2"), "once")
        await approvals.withdraw("r1")
        await approvals.withdraw("r2")
        assert not await approvals.decide(question("r1"), "once")
        assert await approvals.decision("r2", DIGEST) is None
        assert await approvals.pending() == [question("r10")]


async def test_a_question_that_expired(approvals: Approvals, clock: Clock) -> None:
    """From the moment it expires it is neither listed nor decided, whatever the one who decides believes."""
    asked = question("r1", expires_at=clock.now + 60)
    with anyio.fail_after(TIME_S):
        await approvals.ask(asked)
        clock.now += 59
        assert await approvals.pending() == [asked]
        clock.now += 1
        assert await approvals.pending() == []
        assert not await approvals.decide(replace(asked, expires_at=1e12), "once")
        assert await approvals.decision("r1", DIGEST) is None


async def test_the_newest_question_comes_first(approvals: Approvals, clock: Clock) -> None:
    """Questions come with all they say, by the time they were asked last."""
    asked = [question(run_id, asked_at=clock.now) for run_id in ("r1", "r2", "r3", "r1")]
    with anyio.fail_after(TIME_S):
        for pending in asked:
            clock.now += 1
            await approvals.ask(pending)
        assert await approvals.pending() == [asked[3], asked[2], asked[1]]


async def test_what_is_no_question_is_passed_over(make: Make) -> None:
    """What another version may have put there is neither listed, nor decided, nor a decision."""
    store = make()
    approvals = Approvals(store)
    others: list[JsonValue] = [None, 1, "once", [], {}, {"run_id": "r1"}, {"digest": DIGEST, "verdict": "yes"}]
    with anyio.fail_after(TIME_S):
        for other in others:
            await store.put("approval", f"r1/{DIGEST}", other)
            await store.put("decision", "r1", other)
            assert await approvals.pending() == []
            assert not await approvals.decide(question("r1"), "once")
            assert await approvals.decision("r1", DIGEST) is None


async def test_one_of_a_thousand_in_one_process(approvals: Approvals) -> None:
    """Of a thousand who decide at once one does; of a thousand who use the decision one may."""
    decided: list[bool] = []
    used: list[Verdict | None] = []

    async def decide() -> None:
        decided.append(await approvals.decide(question("r1"), "once"))

    async def use() -> None:
        used.append(await approvals.decision("r1", DIGEST))

    with anyio.fail_after(TIME_S):
        await approvals.ask(question("r1"))
        for one in (decide, use):
            async with anyio.create_task_group() as tasks:
                for _ in range(1_000):
                    tasks.start_soon(one)
    assert (len(decided), sum(decided)) == (1_000, 1)
    assert (len(used), [verdict for verdict in used if verdict]) == (1_000, ["once"])


@pytest.mark.slow
async def test_one_of_a_thousand_in_several_processes(path: Path) -> None:
    """The same of four processes with 250 each; what is printed is what counted."""
    store = SqliteStore(path)
    with anyio.fail_after(TIME_S):
        await Approvals(store).ask(question("r1"))
        assert await anyio.to_thread.run_sync(race, "decide", path, "r1") == b"decided\n"
        assert await anyio.to_thread.run_sync(race, "use", path, "r1") == b"once\n"
        assert await Approvals(store).decision("r1", DIGEST) is None
        await store.aclose()


async def test_who_asked_is_killed(path: Path) -> None:
    """A question outlives the process that asked it, killed without a word; it is decided, and the decision used."""
    with anyio.fail_after(TIME_S):
        assert await anyio.to_thread.run_sync(_ask_and_be_killed, path) == -signal.SIGKILL
        store = SqliteStore(path)
        approvals = Approvals(store)
        assert await approvals.pending() == [question("r1")]
        assert await approvals.decide(question("r1"), "always")
        await store.aclose()
        another = SqliteStore(path)
        assert await Approvals(another).decision("r1", DIGEST) == "always"
        assert another.warnings == ()
        await another.aclose()


def _ask_and_be_killed(path: Path) -> int:
    """Kill a process as soon as it has asked, and return how it ended."""
    with subprocess.Popen(argv("ask", str(path), "r1"), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as asking:
        assert asking.stdout
        assert asking.stdout.readline() == b"asked\n"
        asking.kill()
    return asking.returncode
