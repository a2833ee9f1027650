"""The time of a run, in virtual time: one deadline for all its stages, and what was done comes back in any case."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import anyio
import pytest
import trio
from pydantic import JsonValue
from trio.testing import MockClock

from batonmcp.core.approval import Approval, Approved, Ruling
from batonmcp.core.caller import Answer, Caller, Declined, Question
from batonmcp.core.limits import Limits
from batonmcp.core.record import RunRecord
from batonmcp.core.registry import Registry
from batonmcp.llm.port import LLM, Reply, Request
from batonmcp.stages.audience import Audience
from batonmcp.stages.orchestrate import orchestrate
from batonmcp.stages.ports import Ports
from batonmcp.stages.task import Output, Task
from builders import registry, tool
from doubles.ports import Dialogue, InProcessTools, calling, saying

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", ["virtual"], indirect=True)]

HOUR = 3_600.0
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
KNOWN = registry(tool("a__x"), tool("b__slow"), tool("mail__send", effect="write"))
X: dict[str, Any] = {"id": "x", "tool": "a__x", "arguments": {"city": "Oslo"}}
SLOW: dict[str, Any] = {"id": "s", "tool": "b__slow"}
SEND: dict[str, Any] = {"id": "m", "tool": "mail__send", "arguments": {"what": {"$from": "x"}}}


class SlowLLM(LLM):
    """Takes its time for each stage.

    Args:
        route: Seconds to plan a call of `a__x`.
        synthesize: Seconds to write the answer.
    """

    def __init__(self, *, route: float = 0.0, synthesize: float = 0.0) -> None:
        self.asked: list[tuple[str, float]] = []
        self._seconds = {"route": route, "synthesize": synthesize}

    async def complete(self, request: Request, heard: object = None) -> Reply:
        """Reply, some time."""
        del heard
        _jumps(let=True)
        self.asked.append((request.stage, anyio.current_time()))
        await anyio.sleep(self._seconds[request.stage])
        return calling(("a__x", {"city": "Oslo"})) if request.stage == "route" else saying("It rains.")


def _jumps(*, let: bool) -> None:
    """Have the clock jump to what is next, or stand: it takes a thread that is at work for nothing to do."""
    clock = trio.lowlevel.current_clock()
    assert isinstance(clock, MockClock)
    clock.autojump_threshold = 0 if let else math.inf


class LateTools(InProcessTools):
    """Tools whose servers take their time to start.

    Args:
        seconds: How long.
        routed: Whether a model is asked then: what it is asked is prepared in a thread, and no time passes meanwhile.
    """

    def __init__(self, seconds: float = 0.0, *, routed: bool = False) -> None:
        super().__init__(KNOWN)
        self._seconds = seconds
        self._routed = routed

    async def registry(self, servers: Sequence[str] | None = None) -> Registry:
        """Return what is known, some time."""
        await anyio.sleep(self._seconds)
        found = await super().registry(servers)
        _jumps(let=not self._routed)
        return found


async def lasting(seconds: float) -> JsonValue:
    """Take so long, and be done."""
    await anyio.sleep(seconds)
    return "done"


@dataclass
class Story:
    """A run of 100 seconds unless told otherwise, and how long it took."""

    llm: LLM | None = None
    tools: InProcessTools = field(default_factory=lambda: InProcessTools(KNOWN))
    seconds: float = 100.0
    thinks: float = 0.0
    took: float = 0.0

    async def run(self, *steps: dict[str, Any], output: Output = "answer") -> RunRecord:
        """Run these steps, or what the model plans."""
        ports = Ports(
            tools=self.tools,
            planner="llm",
            llm=self.llm,
            limits=Limits(run_timeout=self.seconds, call_timeout=10 * HOUR),
            clock=anyio.current_time,
            now=lambda: NOW,
        )
        plan: JsonValue = {"steps": list(steps)} if steps else None
        audience = Audience(decide=self._decide, caller=Caller(principal="ada", ask=self._ask, progressed=_ignored))
        began = anyio.current_time()
        with anyio.fail_after(100 * HOUR):
            record = await orchestrate(Task(query="How is Oslo?", plan=plan, output=output), ports, audience)
        self.took = anyio.current_time() - began
        return record

    async def _decide(self, _approval: Approval) -> Ruling:
        await anyio.sleep(self.thinks)
        return Approved()

    async def _ask(self, _question: Question) -> Answer | Declined:
        await anyio.sleep(self.thinks)
        return Declined(because="they thought better of it")


def _ignored(_progress: object) -> None:
    """Pass over progress."""


def slow(seconds: float) -> InProcessTools:
    """Return tools of which one takes so long."""
    return InProcessTools(KNOWN, {"b__slow": lambda _arguments: lasting(seconds)})


async def test_routing_that_never_ends() -> None:
    """The run fails with a sentence when only the reserve is left, and no tool was called."""
    story = Story(SlowLLM(route=10 * HOUR), LateTools(routed=True))
    record = await story.run()
    assert record.status == "failed"
    assert record.error == {
        "kind": "timeout",
        "message": "The run has 100 s, and its plan took too long.",
        "cure": 'Try again, or raise "run_timeout" under "limits" in servers.json.',
    }
    assert story.took == pytest.approx(85)
    assert story.tools.calls == []


async def test_routing_that_never_ends_for_data() -> None:
    """Where no answer is written, nothing is kept for it."""
    story = Story(SlowLLM(route=10 * HOUR), LateTools(routed=True))
    assert (await story.run(output="data")).status == "failed"
    assert story.took == pytest.approx(100)


async def test_servers_that_never_start() -> None:
    """Waiting for servers is a part of the plan's time, for a host's plan as well."""
    story = Story(SlowLLM(), LateTools(10 * HOUR))
    record = await story.run(X)
    assert (record.status, story.took) == ("failed", pytest.approx(85))
    assert record.error is not None
    assert record.error["message"] == "The run has 100 s, and its plan took too long."


async def test_all_stages_share_one_time() -> None:
    """What servers and routing took is not there for the steps; what is kept for the answer is there."""
    llm = SlowLLM(route=20)
    story = Story(llm, LateTools(30, routed=True))
    story.tools.hold("a__x")
    record = await story.run()
    assert (record.status, story.took) == ("failed", pytest.approx(85))
    assert [step.status for step in record.steps] == ["cancelled"]
    assert llm.asked == [("route", pytest.approx(30))]


async def test_slow_steps_leave_time_for_the_answer() -> None:
    """What was done is written about, and what was cut off is told."""
    llm = SlowLLM(synthesize=14)
    story = Story(llm, slow(10 * HOUR))
    record = await story.run(X, SLOW)
    assert (record.status, record.error, story.took) == ("partial", None, pytest.approx(99))
    assert llm.asked == [("synthesize", pytest.approx(85))]
    assert record.answer == (
        "It rains.\n\nNot done:\n- b__slow (step `s`) was cancelled because the run reached its limit of 100 s."
    )


@pytest.mark.parametrize(("seconds", "kept"), [(600, 15), (100, 15), (60, 15), (40, 10), (4, 1), (0.4, 0.1)])
async def test_what_is_kept(seconds: float, kept: float) -> None:
    """A quarter of the time, but never more than 15 s."""
    llm = SlowLLM()
    story = Story(llm, slow(10 * HOUR), seconds=seconds)
    assert (await story.run(X, SLOW)).status == "partial"
    assert llm.asked == [("synthesize", pytest.approx(seconds - kept))]


async def test_nothing_is_kept_where_no_model_writes() -> None:
    """Code needs no time: the steps have all of it."""
    by_code, data = Story(None, slow(99)), Story(SlowLLM(), slow(99))
    for story, record in ((by_code, await by_code.run(X, SLOW)), (data, await data.run(X, SLOW, output="data"))):
        assert (record.status, story.took) == ("ok", pytest.approx(99))


async def test_an_answer_may_use_what_the_steps_left() -> None:
    """What is not spent is not lost."""
    story = Story(SlowLLM(synthesize=89), slow(10))
    record = await story.run(X, SLOW)
    assert (record.status, record.answer, story.took) == ("ok", "It rains.", pytest.approx(99))


async def test_an_answer_that_never_comes() -> None:
    """The results come back as code writes them, with the reason; nothing that was done is lost."""
    story = Story(SlowLLM(synthesize=10 * HOUR), slow(10))
    record = await story.run(X, SLOW)
    assert (record.status, story.took) == ("partial", pytest.approx(100))
    assert record.answer == (
        "A: x\n  city: Oslo\n\nB: slow\n  done\n\nNot done:\n"
        "- The answer could not be written, so these are the plain results: "
        "The run has 100 s, and its answer took too long. "
        'Try again, or raise "run_timeout" under "limits" in servers.json.'
    )
    assert record.error is not None
    assert record.error["kind"] == "timeout"
    assert [step.status for step in record.steps] == ["succeeded", "succeeded"]


async def test_a_limit_below_everything() -> None:
    """However little time there is, what was done in it comes back."""
    story = Story(SlowLLM(synthesize=1), slow(1), seconds=0.001)
    record = await story.run(X, SLOW)
    assert record.status == "partial"
    assert record.answer is not None
    assert record.answer.startswith("A: x\n  city: Oslo\n\nNot done:\n- b__slow (step `s`) was cancelled")
    assert story.took < 1


async def test_time_in_which_a_person_decides_does_not_count() -> None:
    """Before the plan runs, and for arguments that hang on results: an hour each, and the steps have their time."""
    story = Story(SlowLLM(synthesize=20), slow(70), thinks=HOUR)
    record = await story.run(X, SEND, {**SLOW, "after": ["m"]})
    assert (record.status, record.answer) == ("ok", "It rains.")
    assert story.took == pytest.approx(2 * HOUR + 90, abs=1)


async def test_time_in_which_a_server_asks_a_person_does_not_count() -> None:
    """What a server wants to know while it is called stops the clock as well."""

    async def ask(caller: Caller) -> JsonValue:
        await caller.ask(Question(server="b", agent="B", about="elicitation", params={}))
        return await lasting(70)

    story = Story(SlowLLM(synthesize=20), InProcessTools(KNOWN, {"b__slow": Dialogue(ask)}), thinks=HOUR)
    record = await story.run(X, SLOW)
    assert (record.status, record.answer) == ("ok", "It rains.")
    assert story.took == pytest.approx(HOUR + 90)


async def test_a_dry_run_takes_no_time_of_anybody() -> None:
    """The plan is told; nothing runs, and nobody is asked, however long they would think."""
    story = Story(SlowLLM(), slow(70), thinks=HOUR)
    record = await story.run(X, SEND, SLOW, output="plan")
    assert (record.status, story.took, story.tools.calls) == ("planned", 0, [])
    assert record.answer is not None
    told = record.answer.splitlines()
    assert told[told.index("A person would be asked first:") :][:3] == [
        "A person would be asked first:",
        "- mail__send (step `m`) may change something (as its server declares).",
        "It would take 3 tool calls and one call of the model, for the answer.",
    ]
