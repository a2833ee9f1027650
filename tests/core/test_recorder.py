"""The record of a run, folded from its events."""

import json
from typing import Any

import pytest

from batonmcp.core.approval import Approved, Refused, Undecided
from batonmcp.core.errors import ErrorInfo
from batonmcp.core.events import (
    ApprovalAsked,
    ApprovalGiven,
    Event,
    ExecuteStarted,
    LlmCalled,
    Noted,
    PlanReady,
    ReadsBegun,
    RouteStarted,
    RunFinished,
    RunStarted,
    StepFinished,
    StepRetried,
    StepStarted,
    SynthesisStarted,
    TextsEmbedded,
)
from batonmcp.core.outcome import Cancelled, Failed, ItemOutcome, Outcome, Skipped, Succeeded
from batonmcp.core.plan import Plan
from batonmcp.core.record import RunRecord, StepRecord
from batonmcp.core.recorder import Recorder
from builders import plan_of, registry, tool

TOOLS = registry(tool("a__x"), tool("b__write", effect="write"))
PLAN = plan_of(
    {
        "steps": [
            {"id": "one", "tool": "a__x", "arguments": {"a": 1}},
            {"id": "two", "tool": "b__write", "arguments": {"b": {"$from": "one.c"}}},
            {"id": "Three", "tool": "b__write", "after": ["two"]},
        ]
    },
    TOOLS,
)
ERROR = ErrorInfo(kind="tool_error", message="It broke.", cure="Mend it.")
ERROR_JSON = {"kind": "tool_error", "message": "It broke.", "cure": "Mend it."}


class Clock:
    """A clock that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.seconds


class Run:
    """A run whose events come at stated times."""

    def __init__(self) -> None:
        self._clock = Clock()
        self._recorder = Recorder(self._clock)
        self.record = self._recorder.record

    def after(self, seconds: float, event: Event) -> "Run":
        """Let time pass and something happen."""
        self._clock.seconds += seconds
        self._recorder(event)
        return self

    def until(self, seconds: float) -> RunRecord:
        """Let time pass and look."""
        self._clock.seconds += seconds
        return self._recorder.until_now()

    def planned(self, plan: Plan = PLAN) -> "Run":
        """Let a plan be ready."""
        return self.after(0, PlanReady(plan=plan))

    def settled(self, step_id: str, outcome: Outcome) -> StepRecord:
        """Let a step settle and return its record."""
        self.after(0, StepFinished(step_id=step_id, outcome=outcome))
        return next(step for step in self.record.steps if step.id == step_id)


def tokens(stage: Any, prompt: int, completion: int, cached: int) -> LlmCalled:  # noqa: ANN401 - a literal
    """Return the event of an LLM call."""
    return LlmCalled(stage=stage, prompt_tokens=prompt, completion_tokens=completion, cached_tokens=cached)


def test_folds_a_whole_run() -> None:
    """Everything that happened is there under the names of the outside contract."""
    run = Run()
    run.after(0, RunStarted(run_id="r1", query="Why?", planner="llm"))
    run.after(0.010, RouteStarted(tools=2, agents=["A", "B"]))
    run.after(1.000, tokens("route", 900, 50, 800))
    run.after(0.005, Noted(text="The model mixed two forms."))
    run.after(0, PlanReady(plan=PLAN))
    run.after(0, ExecuteStarted())
    run.after(0.001, StepStarted(step_id="one", arguments=({"a": 1},), per_item=False))
    run.after(0.200, StepFinished(step_id="one", outcome=Succeeded(value={"c": None})))
    run.after(0, StepStarted(step_id="two", arguments=({"b": None},), per_item=False))
    run.after(0.300, StepFinished(step_id="two", outcome=Failed(error=ERROR)))
    run.after(0, StepFinished(step_id="three", outcome=Skipped(because="step `two` failed", by_failure=True)))
    run.after(0.002, SynthesisStarted())
    run.after(2.000, tokens("synthesize", 300, 70, 0))
    run.after(0.004, RunFinished(status="partial", answer="Because."))
    assert run.record.as_json() == {
        "run_id": "r1",
        "query": "Why?",
        "planner": "llm",
        "mode": "sequential",
        "status": "partial",
        "answer": "Because.",
        "plan": PLAN.as_json(),
        "begun": [],
        "steps": [
            {
                "id": "one",
                "tool": "a__x",
                "server": "a",
                "effect": "read",
                "status": "succeeded",
                "because": None,
                "waited_for": [],
                "attempts": 1,
                "started_ms": 1016.0,
                "ended_ms": 1216.0,
                "arguments": {"a": 1},
                "value": {"c": None},
                "items": None,
                "error": None,
                "attachments": [],
            },
            {
                "id": "two",
                "tool": "b__write",
                "server": "b",
                "effect": "write",
                "status": "failed",
                "because": None,
                "waited_for": [{"step": "one", "why": "data"}],
                "attempts": 1,
                "started_ms": 1216.0,
                "ended_ms": 1516.0,
                "arguments": {"b": None},
                "value": None,
                "items": None,
                "error": ERROR_JSON,
                "attachments": [],
            },
            {
                "id": "three",
                "tool": "b__write",
                "server": "b",
                "effect": "write",
                "status": "skipped",
                "because": "step `two` failed",
                "waited_for": [{"step": "two", "why": "after"}],
                "attempts": 0,
                "started_ms": None,
                "ended_ms": 1516.0,
                "arguments": None,
                "value": None,
                "items": None,
                "error": None,
                "attachments": [],
            },
        ],
        "usage": {
            "llm_calls": 2,
            "prompt_tokens": 1200,
            "completion_tokens": 120,
            "cached_tokens": 800,
            "cost_usd": None,
            "embedding_requests": 0,
            "embedding_tokens": 0,
        },
        "timings_ms": {"route": 1005.0, "execute": 503.0, "synthesize": 2004.0, "total": 3522.0},
        "result": None,
        "decisions": [],
        "notes": [
            "The model mixed two forms.",
            "The step id 'Three' became 'three', so that expressions can name it.",
        ],
        "warnings": [],
        "error": None,
    }


def test_embeddings_are_no_calls_of_a_model() -> None:
    """They are counted apart, and what they cost is a part of what the run did."""
    run = Run()
    run.after(0, TextsEmbedded(texts=32, tokens=2_000, cost_usd=0.25, requests=2))
    run.after(0, LlmCalled(stage="route", prompt_tokens=9, completion_tokens=1, cached_tokens=0, cost_usd=0.5))
    run.after(0, TextsEmbedded(texts=0, tokens=0))
    usage = run.record.usage
    assert (usage.llm_calls, usage.prompt_tokens, usage.cost_usd) == (1, 9, 0.75)
    assert (usage.embedding_requests, usage.embedding_tokens) == (3, 2_000)


def test_a_warning_is_a_note_too() -> None:
    """Who looks at the record finds all notes in one place; those that warn are told apart."""
    recorder = Recorder()
    recorder(Noted(text="It was mended."))
    recorder(Noted(text="It was cut.", warns=True))
    assert recorder.record.notes == ["It was mended.", "It was cut."]
    assert recorder.record.warnings == ["It was cut."]


def test_a_record_is_json() -> None:
    """It can be written as it is, whatever happened: no enumeration, tuple or record of ours is left in it."""
    run = Run().planned()
    items = (ItemOutcome(arguments={"a": 1}, outcome=Failed(error=ERROR)),)
    run.settled("one", Failed(error=ERROR, items=items))
    run.after(0, RunFinished(status="failed", answer=None, error=ERROR))
    document = run.record.as_json()
    assert json.loads(json.dumps(document, allow_nan=False)) == document


def test_a_run_that_has_only_begun_is_running() -> None:
    """Before anything happened there is a record to show."""
    record = Run().record
    assert (record.status, record.answer, record.plan, record.mode, record.steps) == ("running", None, None, None, [])


def test_a_planned_step_is_pending_and_a_started_one_running() -> None:
    """Whoever looks in the middle of a run sees where it is."""
    run = Run().planned().after(0, StepStarted(step_id="one", arguments=({"a": 1},), per_item=False))
    assert [step.status for step in run.record.steps] == ["running", "pending", "pending"]
    assert [step.ended_ms for step in run.record.steps] == [None] * 3


@pytest.mark.parametrize(
    ("outcome", "status", "because", "value", "error"),
    [
        (Succeeded(value=[1]), "succeeded", None, [1], None),
        (Failed(error=ERROR), "failed", None, None, ERROR_JSON),
        (Failed(error=ERROR, unsure=True), "unknown", None, None, ERROR_JSON),
        (Skipped(because="its condition is false", by_failure=False), "skipped", "its condition is false", None, None),
        (Cancelled(because="the run was cancelled"), "cancelled", "the run was cancelled", None, None),
        (Cancelled(because="the run was cancelled", unsure=True), "unknown", "the run was cancelled", None, None),
    ],
)
def test_a_settled_step_has_its_end(
    outcome: Outcome, status: str, because: str | None, value: object, error: dict[str, str] | None
) -> None:
    """Status, reason, value and error of each kind of outcome."""
    step = Run().planned().settled("one", outcome)
    assert (step.status, step.because, step.value, step.error) == (status, because, value, error)
    assert step.items is None


ITEMS = (
    ItemOutcome(arguments={"a": 1}, outcome=Succeeded(value="v")),
    ItemOutcome(arguments={"a": 2}, outcome=Failed(error=ERROR, unsure=True)),
    ItemOutcome(arguments={"a": 3}, outcome=Cancelled(because="the run was cancelled")),
)


@pytest.mark.parametrize(
    "outcome",
    [
        Succeeded(value=["v", None, None], items=ITEMS),
        Failed(error=ERROR, items=ITEMS),
        Cancelled(because="the run was cancelled", items=ITEMS),
    ],
)
def test_each_item_of_a_for_each_has_its_end(outcome: Outcome) -> None:
    """However the step ended, what each call got and gave is kept."""
    run = Run().planned().after(0, StepStarted(step_id="one", arguments=({"a": 1}, {"a": 2}, {"a": 3}), per_item=True))
    step = run.settled("one", outcome)
    assert step.arguments is None
    assert step.items == [
        {"arguments": {"a": 1}, "status": "succeeded", "value": "v"},
        {"arguments": {"a": 2}, "status": "unknown", "error": ERROR_JSON},
        {"arguments": {"a": 3}, "status": "cancelled", "because": "the run was cancelled"},
    ]


def test_a_for_each_over_nothing_has_no_items_and_a_value() -> None:
    """An empty list is told apart from a step that had no list."""
    run = Run().planned().after(0, StepStarted(step_id="one", arguments=(), per_item=True))
    step = run.settled("one", Succeeded(value=[], items=()))
    assert (step.status, step.value, step.items) == ("succeeded", [], [])


def test_call_that_began_before_the_plan_has_its_own_times() -> None:
    """What is told later is recorded at the time at which it happened."""
    run = Run().planned()
    began = 1_000.0
    run.after(3, StepStarted(step_id="one", arguments=({"a": 1},), per_item=False, at=began + 0.5))
    run.after(1, StepFinished(step_id="one", outcome=Succeeded(value=1), at=began + 2))
    step = run.record.steps[0]
    assert (step.started_ms, step.ended_ms) == (500.0, 2000.0)


def test_reads_before_the_plan_are_told_until_it_has_them() -> None:
    """The last word about them counts; those that the plan took over are its steps."""
    run = Run().after(0, ReadsBegun(reads=[("a__x", "running")]))
    assert run.record.begun == [{"tool": "a__x", "status": "running"}]
    run.after(0, ReadsBegun(reads=[("a__x", "answered"), ("a__y", "running")]))
    assert run.record.begun == [{"tool": "a__x", "status": "answered"}, {"tool": "a__y", "status": "running"}]
    run.planned().after(0, ReadsBegun(reads=[("a__y", "stopped")]))
    assert run.record.as_json()["begun"] == [{"tool": "a__y", "status": "stopped"}]


def test_each_repetition_of_a_call_counts() -> None:
    """The attempts are those of all calls of the step, and the step is still running."""
    run = Run().planned().after(0, StepStarted(step_id="one", arguments=({"a": 1},), per_item=False))
    for _ in range(2):
        run.after(0.5, StepRetried(step_id="one", error=ERROR, pause=0.5))
    step = run.record.steps[0]
    assert (step.attempts, step.status, step.started_ms, step.error) == (3, "running", 0.0, None)


def test_the_value_of_a_plans_result_is_kept() -> None:
    """It is what `output: data` gives."""
    run = Run().planned().after(0, RunFinished(status="ok", answer=None, result={"a": [1]}))
    assert run.record.as_json()["result"] == {"a": [1]}


def test_a_decision_is_kept_and_its_time_is_no_stage() -> None:
    """What was decided about which tools, in order; only the total has the time in which a person thought."""
    run = Run().planned().after(0, ApprovalAsked(tools=["a__x"], begun=False))
    run.after(5.0, ApprovalGiven(tools=["a__x"], ruling=Approved(always=True))).after(0, ExecuteStarted())
    run.after(1.0, ApprovalGiven(tools=["a__y"], ruling=Refused(because="a person refused it")))
    run.after(0, ApprovalGiven(tools=["a__z"], ruling=Undecided())).after(0, RunFinished(status="ok", answer=None))
    assert run.record.as_json()["decisions"] == [
        {"tools": ["a__x"], "decision": "always"},
        {"tools": ["a__y"], "decision": "no", "because": "a person refused it"},
        {"tools": ["a__z"], "decision": None},
    ]
    assert (run.record.timings_ms.execute, run.record.timings_ms.total) == (1000.0, 6000.0)


def test_the_time_of_a_run_that_goes_on() -> None:
    """Whoever looks at it is told how long it has taken until then, not until something last happened."""
    run = Run().after(0.5, RunStarted(run_id="r", query="q", planner="host"))
    run.after(0.25, PlanReady(plan=PLAN)).after(0, ExecuteStarted())
    assert [run.until(seconds).timings_ms.total for seconds in (0.25, 10.0)] == [1000.0, 11000.0]


def test_time_is_told_for_each_stage_that_ran() -> None:
    """A host's plan has no route, `data` no synthesis, and the total goes from the first moment to the last."""
    run = Run().after(0.5, RunStarted(run_id="r", query="q", planner="host"))
    run.after(0.25, PlanReady(plan=PLAN)).after(0, ExecuteStarted())
    run.after(0.125, RunFinished(status="ok", answer=None))
    timings = run.record.timings_ms
    assert (timings.route, timings.execute, timings.synthesize, timings.total) == (0.0, 125.0, 0.0, 875.0)


def test_a_run_that_ends_while_routing_has_the_time_of_it() -> None:
    """A failure has its error, its stage's time and no plan."""
    run = (
        Run()
        .after(0, RouteStarted(tools=1, agents=["A"]))
        .after(3, RunFinished(status="failed", answer=None, error=ERROR))
    )
    record = run.record
    assert (record.timings_ms.route, record.timings_ms.total) == (3000.0, 3000.0)
    assert (record.status, record.error, record.plan) == ("failed", ERROR_JSON, None)


def test_as_json_is_a_copy() -> None:
    """What was handed out does not change when the run goes on."""
    run = Run().planned()
    before = run.record.as_json()
    run.settled("one", Succeeded(value=1))
    assert before["steps"][0]["status"] == "pending"
