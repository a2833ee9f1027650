"""Early start: reads that begin while their plan is being written."""

import itertools
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import anyio
import anyio.lowlevel
import pytest
from pydantic import JsonValue

from batonmcp.core.approval import Approval, Approved, Decide, Refused, Ruling
from batonmcp.core.caller import Answer, Caller, Progress, Question
from batonmcp.core.effect import Effect
from batonmcp.core.errors import ErrorInfo, LlmError
from batonmcp.core.events import Event, Noted, PlanReady, RunFinished, StepFinished, StepProgressed, StepStarted
from batonmcp.core.limits import Limits
from batonmcp.core.outcome import Failed
from batonmcp.core.policy import Policy
from batonmcp.core.record import RunRecord, StepRecord
from batonmcp.llm.port import ArgumentsGrew, CallBegun, StreamLost
from batonmcp.stages.audience import Audience, cannot_ask
from batonmcp.stages.early import Early
from batonmcp.stages.orchestrate import orchestrate
from batonmcp.stages.ports import Ports
from batonmcp.stages.route import PLAN_FUNCTION
from batonmcp.stages.task import Output, Task
from builders import registry, tool
from doubles.ports import Dialogue, InProcessTools, ScriptedLLM, Streamed, calling, failed, saying, streamed

pytestmark = pytest.mark.anyio

TIME_S = 10.0
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
WIDE = Effect(kind="read", source="declared", idempotent=True, open_world=True)
TOOLS = registry(
    tool("weather__today"), tool("trains__find"), tool("mail__send", effect="write"), tool("web__get", effect=WIDE)
)
WEATHER: tuple[str, dict[str, JsonValue]] = ("weather__today", {"city": "Oslo"})
TRAINS: tuple[str, dict[str, JsonValue]] = ("trains__find", {"to": "Oslo"})
MAIL: tuple[str, dict[str, JsonValue]] = ("mail__send", {"text": "Hi"})
DOWN = LlmError(kind="llm_unreachable", message="The LLM endpoint llm.test cannot be reached.", cure="Check base_url.")


async def agree(_approval: Approval) -> Ruling:
    """Let everything run."""
    return Approved()


@dataclass
class Story:
    """One run with everything around it."""

    llm: ScriptedLLM
    tools: InProcessTools = field(default_factory=lambda: InProcessTools(TOOLS))
    policy: Policy = field(default_factory=Policy)
    limits: Limits = field(default_factory=Limits)
    decide: Decide = agree
    caller: Caller | None = None
    events: list[Event] = field(default_factory=list[Event])
    result: RunRecord | None = None

    @property
    def record(self) -> RunRecord:
        """What the run came to."""
        assert self.result is not None
        return self.result

    @property
    def notes(self) -> str:
        """What was noted."""
        return "\n".join(event.text for event in self.events if isinstance(event, Noted))

    def step(self, name: str) -> StepRecord:
        """Return the record of the step with this tool."""
        return next(step for step in self.record.steps if step.tool == name)

    async def run(self, *, output: Output = "data") -> RunRecord:
        """Run a task to its end."""
        ticks = itertools.count()
        ports = Ports(
            tools=self.tools,
            planner="llm",
            llm=self.llm,
            limits=self.limits,
            clock=lambda: next(ticks) / 1000,
            now=lambda: NOW,
            policy=self.policy,
        )
        audience = Audience(listen=self.events.append, decide=self.decide)
        if self.caller:
            audience = Audience(listen=self.events.append, decide=self.decide, caller=self.caller)
        self.result = await orchestrate(Task(query="q", output=output), ports, audience)
        return self.result

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[anyio.CancelScope]:
        """Run beside the test, which goes on when it can; it ends before this does."""
        with anyio.fail_after(TIME_S):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self.run)
                yield tasks.cancel_scope


def planned(*steps: tuple[str, dict[str, JsonValue]], **result: JsonValue) -> Streamed:
    """Return a plan that is written in one call, which comes character by character."""
    entries: list[JsonValue] = [
        {"id": f"s{number}", "tool": name, "arguments": arguments} for number, (name, arguments) in enumerate(steps, 1)
    ]
    reply = calling((PLAN_FUNCTION, {"steps": entries, **result}))
    whole = streamed(reply)
    text = "".join(part.text for part in whole.parts if isinstance(part, ArgumentsGrew))
    return Streamed([CallBegun(0, PLAN_FUNCTION), *(ArgumentsGrew(0, sign) for sign in text)], reply)


def called(story: Story) -> list[tuple[str, dict[str, JsonValue]]]:
    """Return the calls that were made, in order of arrival."""
    return [(call.tool, call.arguments) for call in story.tools.calls]


async def test_read_starts_before_the_reply_ends_and_a_write_does_not() -> None:
    """The read is answered while the model still writes; the write waits for the plan, and each is called once."""
    gate = anyio.Event()
    story = Story(ScriptedLLM(streamed(calling(WEATHER, MAIL), gates={2: gate})))
    async with story.running():
        await story.tools.arrived("weather__today")
        assert story.tools.called == ["weather__today"], "the call of mail__send is whole too, and waits"
        assert not any(isinstance(event, PlanReady) for event in story.events)
        gate.set()
    assert called(story) == [WEATHER, MAIL]
    assert story.record.status == "ok"
    assert [step.value for step in story.record.steps] == [WEATHER[1], MAIL[1]]


async def test_times_are_those_of_the_call() -> None:
    """It is told when there is a plan that has it, with the times at which it began and ended."""
    gate = anyio.Event()
    story = Story(ScriptedLLM(streamed(calling(WEATHER, TRAINS), gates={1: gate})))
    async with story.running():
        await story.tools.arrived("weather__today")
        gate.set()
    kinds = [type(event) for event in story.events]
    assert kinds.index(PlanReady) < kinds.index(StepStarted)
    early = story.step("weather__today")
    assert early.started_ms is not None
    assert early.ended_ms is not None
    assert early.started_ms < early.ended_ms
    assert early.started_ms < story.record.timings_ms.route
    assert (early.attempts, early.status, early.arguments) == (1, "succeeded", WEATHER[1])
    assert [event.step_id for event in story.events if isinstance(event, StepStarted)] == ["s1", "s2"]


async def test_steps_of_a_plan_start_as_they_close() -> None:
    """Each object of a plan is a step as soon as it is whole, and taken over with the id that the plan gives it."""
    story = Story(ScriptedLLM(planned(WEATHER, TRAINS, WEATHER)))
    with anyio.fail_after(TIME_S):
        await story.run()
    assert called(story) == [WEATHER, TRAINS, WEATHER]
    assert [step.status for step in story.record.steps] == ["succeeded"] * 3
    assert not story.notes


async def test_running_calls_are_taken_over() -> None:
    """A call that has no answer when the plan is whole goes on for its step, and tells it how far it is."""

    async def talk(caller: Caller) -> JsonValue:
        caller.progressed(Progress(done=1))
        await told.wait()
        caller.progressed(Progress(done=2))
        return "sunny"

    told = anyio.Event()
    tools = InProcessTools(TOOLS, {"weather__today": Dialogue(talk)})
    story = Story(ScriptedLLM(streamed(calling(WEATHER, TRAINS))), tools=tools)
    async with story.running():
        await tools.arrived("trains__find")
        while not any(isinstance(event, StepStarted) and event.step_id == "s1" for event in story.events):
            await anyio.lowlevel.checkpoint()
        await anyio.wait_all_tasks_blocked()
        told.set()
    assert story.step("weather__today").value == "sunny"
    assert [event.progress.done for event in story.events if isinstance(event, StepProgressed)] == [2]
    assert tools.called == ["weather__today", "trains__find"]


async def test_write_order_is_kept() -> None:
    """A read after a write of the same server waits, whatever it is."""
    tools = InProcessTools(registry(tool("a__put", effect="write"), tool("a__get"), tool("b__get")))
    gate = anyio.Event()
    story = Story(
        ScriptedLLM(streamed(calling(("a__put", {}), ("a__get", {"n": 1}), ("b__get", {"n": 1})), gates={3: gate}))
    )
    story.tools = tools
    async with story.running():
        await tools.arrived("b__get")
        await anyio.wait_all_tasks_blocked()
        assert tools.called == ["b__get"]
        gate.set()
    assert tools.called == ["b__get", "a__put", "a__get"]


async def test_chain_of_reads_runs_while_the_plan_is_written() -> None:
    """A read that takes another's data starts once that has been answered, and only the write waits for the plan."""
    steps: list[JsonValue] = [
        {"id": "w", "tool": WEATHER[0], "arguments": WEATHER[1]},
        {"id": "t", "tool": "trains__find", "arguments": {"to": {"$from": "w.city"}}},
        {"id": "u", "tool": "trains__find", "arguments": {"to": {"$from": "t.to"}, "back": True}, "after": ["w"]},
        {"id": "m", "tool": "mail__send", "arguments": {"text": {"$from": "w.city"}}},
        {"id": "v", "tool": "weather__today", "arguments": {"city": {"$from": "m.text"}}},
    ]
    gate = anyio.Event()
    reply = calling((PLAN_FUNCTION, {"steps": steps}))
    story = Story(ScriptedLLM(streamed(reply, gates={1: gate})))
    hold = story.tools.hold("weather__today")
    async with story.running():
        await story.tools.arrived("weather__today")
        await anyio.wait_all_tasks_blocked()
        assert story.tools.called == ["weather__today"]
        hold.set()
        await story.tools.arrived("trains__find", "trains__find")
        await anyio.wait_all_tasks_blocked()
        assert called(story) == [WEATHER, TRAINS, ("trains__find", {"to": "Oslo", "back": True})]
        gate.set()
    assert called(story)[3:] == [("mail__send", {"text": "Oslo"}), WEATHER]
    assert [step.status for step in story.record.steps] == ["succeeded"] * 5
    assert [step.attempts for step in story.record.steps] == [1] * 5
    assert not story.notes


async def test_step_after_a_failed_one_is_not_begun() -> None:
    """What it would take its data from has none; the plan decides what becomes of both."""
    steps: list[JsonValue] = [
        {"id": "w", "tool": WEATHER[0], "arguments": WEATHER[1]},
        {"id": "t", "tool": "trains__find", "arguments": {"to": {"$from": "w.city"}}},
    ]
    reply = calling((PLAN_FUNCTION, {"steps": steps}))
    story = Story(ScriptedLLM(streamed(reply)), tools=InProcessTools(TOOLS, {"weather__today": failed()}))
    with anyio.fail_after(TIME_S):
        await story.run()
    assert [step.status for step in story.record.steps] == ["failed", "skipped"]
    assert story.tools.called == ["weather__today"]


# A plan that ends otherwise than it began.


async def test_plan_that_cannot_run_stops_what_began() -> None:
    """Nothing of it counts, and what began for it is said."""
    wrong = streamed(calling(WEATHER, TRAINS, ("a__unknown", {})))
    story = Story(ScriptedLLM(wrong, wrong))
    held = story.tools.hold("trains__find")
    with anyio.fail_after(TIME_S):
        await story.run()
    assert not held.is_set()
    assert (story.record.status, story.record.steps) == ("failed", [])
    assert [(call.tool, call.end) for call in story.tools.calls] == [
        ("weather__today", "answered"),
        ("trains__find", "left"),
    ], "the second reply begins the same, and nothing is called twice"
    assert "does not hold them after all: weather__today answered, trains__find stopped." in story.notes


async def test_mended_plan_takes_over_what_still_fits() -> None:
    """What the mended plan calls as well is not called again; the rest is stopped."""
    story = Story(ScriptedLLM(planned(WEATHER, TRAINS, ("a__unknown", {})), planned(WEATHER, MAIL)))
    story.tools.hold("trains__find")
    with anyio.fail_after(TIME_S):
        await story.run()
    assert called(story) == [WEATHER, TRAINS, MAIL]
    assert story.tools.calls[1].end == "left"
    assert [step.status for step in story.record.steps] == ["succeeded", "succeeded"]
    assert "trains__find stopped" in story.notes
    assert "weather__today" not in story.notes.partition("does not hold")[2]


async def test_calls_before_a_plan_are_taken_over_where_it_has_them() -> None:
    """A model that goes on from calls to a plan takes them back; the plan decides."""
    reply = calling(
        WEATHER, TRAINS, (PLAN_FUNCTION, {"steps": [{"id": "a", "tool": TRAINS[0], "arguments": TRAINS[1]}]})
    )
    story = Story(ScriptedLLM(streamed(reply)))
    with anyio.fail_after(TIME_S):
        await story.run()
    assert called(story) == [WEATHER, TRAINS]
    assert [(step.id, step.value) for step in story.record.steps] == [("a", TRAINS[1])]
    assert "weather__today answered" in story.notes


async def test_step_that_has_come_to_wait_is_called_in_its_turn() -> None:
    """What began early is not taken for a step that the plan has wait for a write."""
    whole = calling(
        (
            PLAN_FUNCTION,
            {
                "steps": [
                    {"id": "m", "tool": "mail__send", "arguments": {}},
                    {"id": "w", "tool": WEATHER[0], "arguments": WEATHER[1], "after": ["m"]},
                ]
            },
        )
    )
    begins = streamed(calling(WEATHER)).parts
    story = Story(ScriptedLLM(Streamed(begins, whole)))
    with anyio.fail_after(TIME_S):
        await story.run()
    assert story.tools.called == ["weather__today", "mail__send", "weather__today"]


async def test_failed_reply_stops_what_began() -> None:
    """An error of the model ends the run, and what began with it."""
    story = Story(ScriptedLLM(Streamed(streamed(calling(WEATHER, TRAINS)).parts, DOWN)))
    story.tools.hold("weather__today", "trains__find")
    with anyio.fail_after(TIME_S):
        record = await story.run()
    assert record.status == "failed"
    assert record.error is not None
    assert record.error["kind"] == "llm_unreachable"
    assert {call.end for call in story.tools.calls} <= {"left"}
    assert "weather__today stopped" in story.notes


async def test_lost_stream_repeats_nothing() -> None:
    """What the first attempt at a reply began stands for the same steps of the second."""
    first, second = streamed(calling(WEATHER)), streamed(calling(WEATHER, TRAINS, WEATHER))
    story = Story(ScriptedLLM(Streamed([*first.parts, StreamLost(), *second.parts], second.end)))
    with anyio.fail_after(TIME_S):
        await story.run()
    assert called(story) == [WEATHER, TRAINS, WEATHER]


# What a policy or a person says.


async def test_refused_by_policy_says_which_reads_ran() -> None:
    """The whole plan may not run; the record and the answer have what had begun."""
    gate = anyio.Event()
    llm = ScriptedLLM(streamed(calling(WEATHER, TRAINS, MAIL), gates={3: gate}))
    story = Story(llm, policy=Policy(profile="read_only"))
    story.tools.hold("trains__find")
    async with story.running():
        await story.tools.arrived("weather__today", "trains__find")
        await anyio.wait_all_tasks_blocked()
        gate.set()
    record = story.record
    assert record.status == "refused"
    assert story.tools.called == ["weather__today", "trains__find"]
    assert (record.answer or "").startswith(
        "Nothing was run but reads that began while the plan was being written (weather__today answered, "
        "trains__find stopped), because"
    )
    assert [step.status for step in record.steps] == ["succeeded", "cancelled", "pending"]
    assert story.step("trains__find").because == "the plan was not run"


async def test_refused_by_a_person_says_so_too() -> None:
    """A person is told that reads have begun, and what is refused is not called."""
    asked: list[str] = []

    async def refuse(approval: Approval) -> Ruling:
        asked.append(approval.text())
        return Refused(because="a person refused it")

    story = Story(ScriptedLLM(streamed(calling(WEATHER, MAIL))), decide=refuse)
    with anyio.fail_after(TIME_S):
        record = await story.run()
    assert record.status == "refused"
    assert "(weather__today answered) because a person refused it" in (record.answer or "")
    assert "nothing but reads of it has begun" in asked[0]
    assert story.tools.called == ["weather__today"]


async def test_undecided_plan_says_so_too() -> None:
    """Where nobody can decide, the reads that ran are named."""
    story = Story(ScriptedLLM(streamed(calling(WEATHER, MAIL))), decide=cannot_ask)
    with anyio.fail_after(TIME_S):
        record = await story.run()
    assert record.status == "approval_required"
    assert "(weather__today answered): a person decides" in (record.answer or "")


async def test_agreed_plan_goes_on_with_what_began() -> None:
    """The decision is about the rest; what was read stands."""
    story = Story(ScriptedLLM(streamed(calling(WEATHER, MAIL))))
    with anyio.fail_after(TIME_S):
        record = await story.run()
    assert record.status == "ok"
    assert called(story) == [WEATHER, MAIL]


@pytest.mark.parametrize("case", ["off", "always", "plan", "no tool"])
async def test_nothing_is_heard_where_nothing_can_be_early(case: str) -> None:
    """The reply is then asked for as ever, in one piece."""
    llm = ScriptedLLM(streamed(calling(("web__get", {}))))
    story = Story(llm)
    match case:
        case "off":
            story.limits = Limits(early_start=False)
        case "always":
            story.policy = Policy(profile="always")
        case "no tool":
            story.tools = InProcessTools(registry(tool("web__get", effect=WIDE), tool("mail__send", effect="write")))
        case _:
            pass
    with anyio.fail_after(TIME_S):
        record = await story.run(output="plan" if case == "plan" else "data")
    assert record.status in {"ok", "planned"}
    assert llm.listened == [False]


async def test_answer_is_not_written_early() -> None:
    """With early start the run has the same two calls of the model."""
    story = Story(ScriptedLLM(streamed(calling(WEATHER)), saying("Sunny.")))
    with anyio.fail_after(TIME_S):
        record = await story.run(output="answer")
    assert (record.status, record.answer, record.usage.llm_calls) == ("ok", "Sunny.", 2)
    assert story.llm.listened == [True, False]


# What may happen to a call.


async def test_failed_call_is_made_again_by_the_plan() -> None:
    """A read that failed early is tried again as any other, and its second attempt is the step's second."""
    attempts = iter(
        [
            Failed(error=ErrorInfo(kind="tool_error", message="Busy."), again="always"),
            Failed(error=ErrorInfo(kind="x", message="No.")),
        ]
    )

    async def answer(_arguments: dict[str, JsonValue]) -> JsonValue | Failed:
        return next(attempts)

    story = Story(ScriptedLLM(streamed(calling(WEATHER))), tools=InProcessTools(TOOLS, {"weather__today": answer}))
    with anyio.fail_after(TIME_S):
        await story.run()
    step = story.step("weather__today")
    assert (step.status, step.attempts) == ("failed", 2)
    assert len(story.tools.calls) == 2


async def test_question_of_a_server_waits_for_the_plan() -> None:
    """Nobody is asked for a plan that may come to nothing; then it is put, and the call goes on with the answer."""
    order: list[str] = []

    async def ask(_question: Question) -> Answer:
        order.append("asked")
        return Answer({"action": "accept"})

    async def talk(caller: Caller) -> JsonValue:
        order.append("wants to ask")
        asking.set()
        given = await caller.ask(Question(server="weather", agent="Weather", about="elicitation", params={}))
        return dict(given.result) if isinstance(given, Answer) else None

    asking, gate = anyio.Event(), anyio.Event()
    tools = InProcessTools(TOOLS, {"weather__today": Dialogue(talk)})
    caller = Caller(principal="p", ask=ask, progressed=lambda _progress: None)
    story = Story(ScriptedLLM(streamed(calling(WEATHER, TRAINS), gates={2: gate})), tools=tools, caller=caller)
    async with story.running():
        await asking.wait()
        await anyio.wait_all_tasks_blocked()
        assert order == ["wants to ask"]
        gate.set()
    assert order == ["wants to ask", "asked"]
    assert story.step("weather__today").value == {"action": "accept"}
    assert tools.calls[0].caller.principal == "p"


async def test_cancelled_run_leaves_its_calls() -> None:
    """A cancel while the model writes reaches what began."""
    gate = anyio.Event()
    story = Story(ScriptedLLM(streamed(calling(WEATHER, TRAINS), gates={1: gate})))
    story.tools.hold("weather__today")
    async with story.running() as scope:
        await story.tools.arrived("weather__today")
        scope.cancel()
    assert [call.end for call in story.tools.calls] == ["left"]
    assert [event.status for event in story.events if isinstance(event, RunFinished)] == ["cancelled"]


async def test_run_out_of_time_stops_what_was_taken_over() -> None:
    """Past the deadline of the steps a call that began early is cancelled as any other."""
    story = Story(ScriptedLLM(streamed(calling(WEATHER, TRAINS))), limits=Limits(run_timeout=0.2, call_timeout=0.2))
    story.tools.hold("weather__today")
    with anyio.fail_after(TIME_S):
        record = await story.run()
    assert story.step("weather__today").status in {"cancelled", "failed"}
    assert story.step("trains__find").status == "succeeded"
    assert record.status == "partial"


async def test_calls_at_a_time_are_bounded() -> None:
    """Early or not, a run makes no more calls at a time than it may."""
    many: list[tuple[str, dict[str, JsonValue]]] = [("weather__today", {"n": number}) for number in range(6)]
    story = Story(ScriptedLLM(streamed(calling(*many))), limits=Limits(parallel_run=2))
    release = story.tools.hold("weather__today")
    async with story.running():
        await story.tools.arrived("weather__today", "weather__today")
        await anyio.wait_all_tasks_blocked()
        release.set()
    assert story.tools.most_at_once["weather__today"] == 2
    assert len(story.tools.calls) == 6


async def test_nothing_began() -> None:
    """A run without early calls says nothing of them."""
    ports = Ports(
        tools=InProcessTools(TOOLS), planner="llm", llm=None, limits=Limits(), clock=lambda: 0.0, now=lambda: NOW
    )
    events: list[Event] = []
    caller = Caller(principal="", ask=_nobody, progressed=lambda _p: None)
    early = Early(Task(query="q"), ports, caller, events.append, None)
    with early.beginning(TOOLS) as beginning:
        assert beginning is None
    assert (early.note, early.has_begun, early.ended_with_nothing()) == (None, False, "Nothing was run")
    assert early.admitted(DOWN.info) == DOWN.info
    assert events == []


async def _nobody(_question: Question) -> Answer:
    raise AssertionError


def test_step_events_told_late_are_the_only_ones() -> None:
    """The records of both events have a time of their own only where it is given."""
    assert StepStarted(step_id="a", arguments=[], per_item=False).at is None
    assert StepFinished(step_id="a", outcome=Failed(error=ErrorInfo(kind="x", message="No."))).at is None
