"""Early start: reads that begin while their plan is being written."""

import itertools
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from pydantic import JsonValue

from batonmcp.core.approval import Approval, Approved, Decide, Refused, Ruling
from batonmcp.core.caller import Answer, Caller, Progress, Question
from batonmcp.core.effect import Effect
from batonmcp.core.errors import ErrorInfo, LlmError
from batonmcp.core.events import (
    Event,
    Noted,
    PlanReady,
    ReadsBegun,
    RunFinished,
    StepFinished,
    StepProgressed,
    StepStarted,
)
from batonmcp.core.limits import Limits
from batonmcp.core.outcome import Failed
from batonmcp.core.policy import Policy
from batonmcp.core.record import RunRecord, StepRecord
from batonmcp.core.recorder import Recorder
from batonmcp.llm.port import ArgumentsGrew, CallBegun, StreamLost
from batonmcp.stages.audience import Audience, cannot_ask
from batonmcp.stages.early import Early
from batonmcp.stages.orchestrate import orchestrate
from batonmcp.stages.ports import Ports
from batonmcp.stages.route import PLAN_FUNCTION
from batonmcp.stages.task import Output, Task
from batonmcp.stages.telling import text_of
from builders import registry, tool
from doubles.ports import Answer as InProcessAnswer
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
    listen: Callable[[Event], None] | None = None
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
        audience = Audience(listen=self._hear, decide=self.decide)
        if self.caller:
            audience = replace(audience, caller=self.caller)
        self.result = await orchestrate(Task(query="q", output=output), ports, audience)
        return self.result

    def _hear(self, event: Event) -> None:
        self.events.append(event)
        if self.listen:
            self.listen(event)

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


# Conditions and items.

LOOP: list[JsonValue] = [
    {"id": "w", "tool": "weather__today", "arguments": {"city": "Oslo"}},
    {"id": "t", "tool": "trains__find", "for_each": "w.list", "arguments": {"to": {"$from": "item"}}},
    {"id": "m", "tool": "mail__send", "arguments": {"text": {"$from": "len(t)"}}},
]


def planning(steps: list[JsonValue], *, gate: anyio.Event | None = None) -> Streamed:
    """Return a plan of these steps; its reply ends when the gate opens."""
    return streamed(calling((PLAN_FUNCTION, {"steps": steps})), gates={1: gate} if gate else None)


def gave(tools: dict[str, InProcessAnswer], **story: Any) -> dict[str, Any]:  # noqa: ANN401 - as a story has them
    """Return what makes a story in which tools answer so."""
    return {"tools": InProcessTools(TOOLS, tools), **story}


async def test_condition_of_an_early_step_decides_early() -> None:
    """Over the answer of an early read: true begins its step, false leaves it to the plan, which skips it."""
    steps: list[JsonValue] = [
        {"id": "w", "tool": "weather__today", "arguments": {"city": "Oslo"}},
        {"id": "y", "tool": "trains__find", "arguments": {"n": 1}, "when": "w.city == 'Oslo'"},
        {"id": "n", "tool": "trains__find", "arguments": {"n": 2}, "when": "w.city != 'Oslo'"},
        {"id": "m", "tool": "mail__send", "arguments": {}, "when": "len(y) > 0"},
    ]
    gate = anyio.Event()
    story = Story(ScriptedLLM(planning(steps, gate=gate)))
    async with story.running():
        await story.tools.arrived("weather__today", "trains__find")
        await anyio.wait_all_tasks_blocked()
        assert called(story) == [WEATHER, ("trains__find", {"n": 1})]
        gate.set()
    assert [step.status for step in story.record.steps] == ["succeeded", "succeeded", "skipped", "succeeded"]
    assert len(story.tools.calls) == 3
    assert not story.notes


async def test_items_of_an_early_list_begin_early() -> None:
    """Each item is a call, as many at a time as any loop makes; the plan goes on with them one by one."""
    gate = anyio.Event()
    answers: dict[str, InProcessAnswer] = {"weather__today": {"list": ["a", "b", "c"]}}
    story = Story(ScriptedLLM(planning(LOOP, gate=gate)), **gave(answers, limits=Limits(parallel_items=2)))
    release = story.tools.hold("trains__find")
    async with story.running():
        await story.tools.arrived("trains__find", "trains__find")
        await anyio.wait_all_tasks_blocked()
        assert called(story)[1:] == [("trains__find", {"to": "a"}), ("trains__find", {"to": "b"})]
        release.set()
        await story.tools.arrived(*["trains__find"] * 3)
        await anyio.wait_all_tasks_blocked()
        assert story.tools.called == ["weather__today", *["trains__find"] * 3]
        gate.set()
    assert story.record.status == "ok"
    assert called(story)[1:] == [*(("trains__find", {"to": to}) for to in "abc"), ("mail__send", {"text": 3})]
    loop = story.step("trains__find")
    assert loop.value == [{"to": to} for to in "abc"]
    assert [item["status"] for item in loop.items or ()] == ["succeeded"] * 3
    assert loop.ended_ms is not None
    assert loop.ended_ms <= story.record.timings_ms.route


@pytest.mark.parametrize("on_error", ["stop", "continue"])
async def test_items_that_fail_are_outcomes_of_their_own(on_error: str) -> None:
    """One that its tool refuses, one that has nothing to call with: the plan says what that means for the step."""

    async def find(arguments: dict[str, JsonValue]) -> JsonValue | Failed:
        return failed("No such place.") if arguments["to"] == "b" else arguments["to"]

    answers: dict[str, InProcessAnswer] = {"weather__today": {"list": ["a", "b", {}]}, "trains__find": find}
    loop: JsonValue = {
        "id": "t",
        "tool": "trains__find",
        "for_each": "w.list",
        "arguments": {"to": {"$from": "item[:9]"}},
        "on_error": on_error,
    }
    story = Story(ScriptedLLM(planning([LOOP[0], loop])), **gave(answers))
    with anyio.fail_after(TIME_S):
        await story.run()
    step = story.step("trains__find")
    assert [item["status"] for item in step.items or ()] == ["succeeded", "failed", "failed"]
    assert step.status == ("succeeded" if on_error == "continue" else "failed")
    assert step.value == (["a", None, None] if on_error == "continue" else None)
    assert len(story.tools.calls) == 3


@pytest.mark.parametrize(("parallel_run", "parallel_items"), [(1, 8), (2, 1), (4, 3), (16, 8)])
async def test_many_items_are_called_once_each(parallel_run: int, parallel_items: int) -> None:
    """Whatever begins early of them, and whatever the bounds are, which hold before and after the plan."""
    gate = anyio.Event()
    answers: dict[str, InProcessAnswer] = {"weather__today": {"list": list(range(20))}}
    limits = Limits(parallel_run=parallel_run, parallel_items=parallel_items)
    story = Story(ScriptedLLM(planning(LOOP, gate=gate)), **gave(answers, limits=limits))
    async with story.running():
        await story.tools.arrived("weather__today")
        await anyio.wait_all_tasks_blocked()
        assert len(story.tools.calls) == min(parallel_run, 21), "so many calls begin early in all"
        gate.set()
    assert story.record.status == "ok"
    found = [call.arguments["to"] for call in story.tools.calls if call.tool == "trains__find"]
    assert sorted(found, key=str) == sorted(range(20), key=str)
    assert story.tools.most_at_once["trains__find"] <= min(parallel_run, parallel_items)


async def test_mended_loop_takes_over_its_first_items_only() -> None:
    """Items that began behind one that has not are made anew: nothing may wait for a place that nobody gives up."""
    answers: dict[str, InProcessAnswer] = {"weather__today": {"list": ["b", "c"]}}
    wrong: list[JsonValue] = [*LOOP[:2], {"id": "x", "tool": "a__unknown", "arguments": {}}]
    mended: list[JsonValue] = [LOOP[0], {**object_of(LOOP[1]), "for_each": "['a'] + w.list"}]
    limits, gate, text = Limits(parallel_run=3), anyio.Event(), json.dumps({"steps": wrong})
    cut = text.index('{"id": "x"')
    parts = [CallBegun(0, PLAN_FUNCTION), ArgumentsGrew(0, text[:cut]), gate, ArgumentsGrew(0, text[cut:])]
    first = Streamed(parts, calling((PLAN_FUNCTION, {"steps": wrong})))
    story = Story(ScriptedLLM(first, planning(mended)), **gave(answers, limits=limits))
    release = story.tools.hold("trains__find")
    async with story.running():
        await story.tools.arrived("weather__today", *["trains__find"] * 2)
        gate.set()
        while not any(isinstance(event, PlanReady) for event in story.events):
            await anyio.lowlevel.checkpoint()
        release.set()
    assert story.record.status == "ok"
    assert story.step("trains__find").value == [{"to": to} for to in "abc"]
    assert [call.arguments["to"] for call in story.tools.calls[1:]] == ["b", "c", "a", "b", "c"]
    assert "trains__find stopped 2 times" in story.notes


def object_of(value: JsonValue) -> dict[str, JsonValue]:
    """Return a value that is an object."""
    assert isinstance(value, dict)
    return value


# What is seen and said of it.


async def test_reads_are_told_while_the_plan_is_written() -> None:
    """The record names what has begun and how far it is; with the plan they are steps, and nothing is left over."""
    gate = anyio.Event()
    story = Story(ScriptedLLM(streamed(calling(WEATHER, TRAINS), gates={2: gate})))
    release = story.tools.hold("weather__today")
    async with story.running():
        await story.tools.arrived("weather__today", "trains__find")
        await anyio.wait_all_tasks_blocked()
        release.set()
        await anyio.wait_all_tasks_blocked()
        gate.set()
    seen = [event.reads for event in story.events if isinstance(event, ReadsBegun)]
    assert seen[0] == [("weather__today", "running")]
    assert [("weather__today", "running"), ("trains__find", "answered")] in seen
    assert seen[-2:] == [[("weather__today", "answered"), ("trains__find", "answered")], []]
    assert story.record.begun == []
    assert [type(event) for event in story.events].count(StepFinished) == 2


async def test_steps_that_began_are_shown_while_a_person_decides() -> None:
    """Those that are answered have their value by then, whenever the answer came; the others run."""
    asked, agreed = anyio.Event(), anyio.Event()

    async def decide(_approval: Approval) -> Ruling:
        asked.set()
        await agreed.wait()
        return Approved()

    story = Story(ScriptedLLM(streamed(calling(WEATHER, TRAINS, MAIL))), decide=decide)
    weather, trains = story.tools.hold("weather__today"), story.tools.hold("trains__find")
    recorder = Recorder()
    story.listen = recorder
    async with story.running():
        await asked.wait()
        assert [step.status for step in recorder.record.steps] == ["running", "running", "pending"]
        weather.set()
        await anyio.wait_all_tasks_blocked()
        assert [step.status for step in recorder.record.steps] == ["succeeded", "running", "pending"]
        assert recorder.record.steps[0].value == WEATHER[1]
        agreed.set()
        trains.set()
    assert story.record.status == "ok"
    assert called(story) == [WEATHER, TRAINS, MAIL]
    finished = [event.step_id for event in story.events if isinstance(event, StepFinished)]
    assert sorted(finished) == ["s1", "s2", "s3"], "each is told once"


async def test_cancel_while_a_person_decides_leaves_no_step_running() -> None:
    """What was answered stays, the rest is cancelled."""
    asked = anyio.Event()

    async def decide(_approval: Approval) -> Ruling:
        asked.set()
        await anyio.sleep_forever()
        return Approved()

    story = Story(ScriptedLLM(streamed(calling(WEATHER, TRAINS, MAIL))), decide=decide)
    story.tools.hold("trains__find")
    recorder = Recorder()
    story.listen = recorder
    async with story.running() as scope:
        await asked.wait()
        scope.cancel()
    assert [step.status for step in recorder.record.steps] == ["succeeded", "cancelled", "pending"]


BUT = "but reads that began while the plan was being written"


async def test_invalid_plan_says_which_reads_ran() -> None:
    """So does the note about the first, at which time they may be running."""
    wrong = streamed(calling(WEATHER, TRAINS, ("a__unknown", {})))
    story = Story(ScriptedLLM(wrong, wrong))
    story.tools.hold("trains__find")
    with anyio.fail_after(TIME_S):
        record = await story.run()
    assert record.error is not None
    assert record.error["message"].startswith(
        f"The plan has 1 problem; nothing was run {BUT} (weather__today answered, trains__find stopped).\n- steps[2]"
    )
    assert f"nothing was run {BUT} (weather__today answered, trains__find running)." in story.notes
    assert record.begun == [
        {"tool": "weather__today", "status": "answered"},
        {"tool": "trains__find", "status": "stopped"},
    ]


async def test_no_tool_that_fits_says_which_reads_ran() -> None:
    """A model that takes back its calls has had them made all the same."""
    begins = streamed(calling(WEATHER)).parts
    story = Story(ScriptedLLM(Streamed(begins, saying("None of them knows."))))
    with anyio.fail_after(TIME_S):
        record = await story.run()
    assert record.status == "no_match"
    assert (record.answer or "").startswith(f"No tool was run {BUT} (weather__today answered). None of them knows.\n")


@pytest.mark.parametrize("stops", [True, False])
async def test_error_of_the_model_says_which_reads_ran(stops: bool) -> None:  # noqa: FBT001 - a case
    """The sentence of the error goes on with them; a run in which nothing had begun has its plain error."""
    begins = streamed(calling(WEATHER, TRAINS) if stops else calling())
    story = Story(ScriptedLLM(Streamed(begins.parts, DOWN)))
    story.tools.hold("trains__find")
    with anyio.fail_after(TIME_S):
        record = await story.run()
    told = " Reads had begun while the plan was being written: weather__today answered, trains__find stopped."
    assert record.error is not None
    assert record.error["message"] == DOWN.info.message + (told if stops else "")


async def test_run_out_of_time_or_budget_says_which_reads_ran() -> None:
    """A plan that takes too long, and a second question that the budget does not allow."""
    late = Story(ScriptedLLM(streamed(calling(WEATHER), gates={1: anyio.Event()})), limits=Limits(run_timeout=0.2))
    with anyio.fail_after(TIME_S):
        await late.run()
    assert "its plan took too long. Reads had begun while the plan was being written: weather" in message_of(late)
    wrong = streamed(calling(WEATHER, ("a__unknown", {})))
    poor = Story(ScriptedLLM(wrong), limits=Limits(llm_tokens=1_500))
    with anyio.fail_after(TIME_S):
        await poor.run()
    assert (poor.record.error or {})["kind"] == "llm_budget"
    assert "Reads had begun while the plan was being written: weather__today answered." in message_of(poor)


def message_of(story: Story) -> str:
    """Return what a run failed of."""
    assert story.record.error is not None
    return story.record.error["message"]


async def test_refusal_names_strays_too() -> None:
    """Reads that the plan does not hold have run as well, whatever becomes of it."""
    reply = calling((PLAN_FUNCTION, {"steps": [{"id": "m", "tool": "mail__send", "arguments": {}}]}))
    story = Story(ScriptedLLM(Streamed(streamed(calling(WEATHER)).parts, reply)), policy=Policy(profile="read_only"))
    with anyio.fail_after(TIME_S):
        record = await story.run()
    assert (record.answer or "").startswith(f"Nothing was run {BUT} (weather__today answered), because")


async def test_cancelled_run_has_told_of_its_reads() -> None:
    """The record of a run that is cancelled while its plan is being written names what had begun."""
    gate = anyio.Event()
    story = Story(ScriptedLLM(streamed(calling(WEATHER, TRAINS), gates={2: gate})))
    story.tools.hold("weather__today")
    recorder = Recorder()
    story.listen = recorder
    async with story.running() as scope:
        await story.tools.arrived("trains__find")
        await anyio.wait_all_tasks_blocked()
        scope.cancel()
    told = "Reads had begun while the plan was being written: weather__today stopped, trains__find answered."
    assert text_of(recorder.record).startswith(f"Cancelled. {told}")


async def test_reply_that_is_over_begins_nothing_more() -> None:
    """A read that waits for another is not begun once its reply has failed, whenever the other is answered."""
    steps: list[JsonValue] = [
        {"id": "w", "tool": "weather__today", "arguments": {"city": "Oslo"}},
        {"id": "t", "tool": "trains__find", "arguments": {"to": {"$from": "w.city"}}},
    ]
    gate = anyio.Event()
    first = Streamed(planning(steps).parts, LlmError(kind="llm_length", message="Cut off.", cure="Ask for less."))
    second = Streamed([gate], saying("Nothing fits."))
    story = Story(ScriptedLLM(first, second))
    release = story.tools.hold("weather__today")
    async with story.running():
        await story.tools.arrived("weather__today")
        while len(story.llm.requests) < 2:
            await anyio.lowlevel.checkpoint()
        release.set()
        await anyio.wait_all_tasks_blocked()
        assert story.tools.called == ["weather__today"]
        gate.set()
    assert story.tools.called == ["weather__today"]


async def test_end_begins_nothing_more() -> None:
    """Items that wait for a place are not begun as those before them are stopped."""
    gate = anyio.Event()
    answers: dict[str, InProcessAnswer] = {"weather__today": {"list": ["a", "b", "c"]}}
    story = Story(ScriptedLLM(planning(LOOP, gate=gate)), **gave(answers, limits=Limits(parallel_items=1)))
    story.tools.hold("trains__find")
    async with story.running() as scope:
        await story.tools.arrived("trains__find")
        scope.cancel()
    assert story.tools.called == ["weather__today", "trains__find"]
