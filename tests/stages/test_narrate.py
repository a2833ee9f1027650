"""The narration: one line for each event worth telling."""

import pytest
from pydantic import JsonValue

from batonmcp.core.approval import Approved, Refused, Undecided
from batonmcp.core.caller import Progress
from batonmcp.core.errors import ErrorInfo
from batonmcp.core.events import (
    AnswerGrew,
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
    StepProgressed,
    StepRetried,
    StepStarted,
    SynthesisStarted,
    TextsEmbedded,
)
from batonmcp.core.outcome import Skipped, Succeeded
from batonmcp.stages.narrate import Narrator
from builders import plan_of, registry, tool

TOOLS = registry(tool("a__x"), tool("b__y"))


def ready(*tools: str) -> PlanReady:
    """Return the event of a plan of these tools."""
    steps: list[JsonValue] = [{"id": f"s{number}", "tool": name} for number, name in enumerate(tools, 1)]
    return PlanReady(plan=plan_of({"steps": steps}, TOOLS))


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (RouteStarted(tools=1, agents=["Data Agent"]), "Choosing among 1 tool of Data Agent"),
        (RouteStarted(tools=3, agents=["A", "B"]), "Choosing among 3 tools of A, B"),
        (RouteStarted(tools=9, agents=list("ABCDEFG")), "Choosing among 9 tools of A, B, C, D, E, F, …"),
        (RouteStarted(tools=2, agents=["A\n\x1b[2JB"]), "Choosing among 2 tools of A [2JB"),
        (
            ReadsBegun(reads=[("a__x", "answered"), ("b__y", "running")]),
            "Begun while the plan is being written: a__x answered, b__y running",
        ),
        (ready("a__x"), "Single: a__x"),
        (ready("a__x", "b__y"), "Parallel: a__x, b__y"),
        (ApprovalAsked(tools=["a__x"], begun=False), "Waiting for a decision about a__x"),
        (ApprovalAsked(tools=list("abcdefg"), begun=True), "Waiting for a decision about a, b, c, d, e, f, …"),
        (ApprovalGiven(tools=["a__x", "b__y"], ruling=Approved()), "a__x, b__y: allowed"),
        (ApprovalGiven(tools=["a__x"], ruling=Approved(always=True)), "a__x: allowed"),
        (ApprovalGiven(tools=["a__x"], ruling=Refused(because="no")), "a__x: refused"),
        (ApprovalGiven(tools=["a__x"], ruling=Undecided()), "a__x: not decided"),
        (ExecuteStarted(), None),
        (SynthesisStarted(), "Writing the answer"),
        (AnswerGrew(text="It rains\n\x1b[2Jin  Oslo"), "Writing the answer: …It rains [2Jin Oslo"),
        (AnswerGrew(text=f"{'x' * 100} {'word ' * 15}end"), f"Writing the answer: …{'word ' * 15}end"),
        (RunStarted(run_id="r", query="q", planner="llm"), None),
        (LlmCalled(stage="route", prompt_tokens=1, completion_tokens=1, cached_tokens=0), None),
        (TextsEmbedded(texts=1, tokens=1), None),
        (Noted(text="a note"), None),
        (RunFinished(status="ok", answer="x"), None),
    ],
)
def test_lines(event: Event, line: str | None) -> None:
    """Each event has its line, or none."""
    assert Narrator().tell(event) == line


def test_steps_are_named() -> None:
    """Steps are told by tool, and by id too where the plan has several."""
    started = StepStarted(step_id="s1", arguments=[{}], per_item=False)
    loop = StepStarted(step_id="s1", arguments=[{}, {}, {}], per_item=True)
    once = StepStarted(step_id="s1", arguments=[{}], per_item=True)
    again = StepRetried(step_id="s1", error=ErrorInfo(kind="unavailable", message="Gone."), pause=0.2)
    skipped = StepFinished(step_id="s1", outcome=Skipped(because="x", by_failure=True))
    alone, several = Narrator(), Narrator()
    alone.tell(ready("a__x"))
    several.tell(ready("a__x", "b__y"))
    assert alone.tell(started) == "a__x: running"
    assert several.tell(started) == "a__x (step s1): running"
    assert several.tell(loop) == "a__x (step s1): running (3 calls)"
    assert several.tell(once) == "a__x (step s1): running (1 call)"
    assert alone.tell(again) == "a__x: trying again"
    assert alone.tell(skipped) == "a__x: skipped"


def test_reads_that_a_plan_does_not_hold_are_no_news() -> None:
    """They are noted in the record; what goes on is the plan."""
    narrator = Narrator()
    narrator.tell(ready("a__x"))
    assert narrator.tell(ReadsBegun(reads=[("b__y", "stopped")])) is None
    assert narrator.now == "Single: a__x"


def test_done_counts_up_to_just_below_the_total() -> None:
    """Routing and each step count one; the answer is the last part, which ends with the run."""
    narrator = Narrator()
    events: list[Event] = [
        RunStarted(run_id="r", query="q", planner="llm"),
        RouteStarted(tools=2, agents=["A"]),
        ready("a__x", "b__y"),
        ApprovalAsked(tools=["a__x"], begun=False),
        ApprovalGiven(tools=["a__x"], ruling=Approved()),
        StepStarted(step_id="s1", arguments=[{}], per_item=False),
        StepFinished(step_id="s1", outcome=Succeeded(value=1)),
        StepFinished(step_id="s2", outcome=Succeeded(value=1)),
        SynthesisStarted(),
        RunFinished(status="ok", answer="x"),
    ]
    counts: list[tuple[int, int | None]] = []
    for event in events:
        narrator.tell(event)
        counts.append((narrator.done, narrator.total))
    assert counts == [(0, None), (0, None), (1, 4), (1, 4), (1, 4), (1, 4), (2, 4), (3, 4), (3, 4), (3, 4)]


@pytest.mark.parametrize(
    ("progress", "line"),
    [
        (Progress(done=40, total=100, message="copying"), "40 of 100, copying"),
        (Progress(done=0.5), "0.5"),
        (Progress(done=1_234_567.0, total=2e12), "1,234,567 of 2e+12"),
    ],
)
def test_progress_of_a_call(progress: Progress, line: str) -> None:
    """How far a call is is told after the name of its step."""
    narrator = Narrator()
    narrator.tell(PlanReady(plan=plan_of({"steps": [{"id": "s1", "tool": "a__x"}]}, registry(tool("a__x")))))
    assert narrator.tell(StepProgressed(step_id="s1", progress=progress)) == f"a__x: {line}"
    assert narrator.done == 1


def test_what_goes_on_now() -> None:
    """At any moment there is a line: the steps that run, by name, else what was said last."""
    narrator = Narrator()
    assert narrator.now == "Starting"

    def after(event: Event) -> str:
        narrator.tell(event)
        return narrator.now

    def started(step: str) -> StepStarted:
        return StepStarted(step_id=step, arguments=[{}], per_item=False)

    assert after(RouteStarted(tools=2, agents=["A"])) == "Choosing among 2 tools of A"
    assert after(LlmCalled(stage="route", prompt_tokens=1, completion_tokens=1, cached_tokens=0)) == narrator.now
    after(ready("a__x", "b__y", "b__y"))
    assert after(started("s1")) == "a__x (step s1): running"
    assert after(started("s2")) == "Running: a__x (step s1), b__y (step s2)"
    assert after(StepProgressed(step_id="s2", progress=Progress(done=3))) == narrator.now
    assert after(StepFinished(step_id="s1", outcome=Succeeded(value=1))) == "b__y (step s2): 3"
    assert (
        after(StepFinished(step_id="s3", outcome=Skipped(because="not needed", by_failure=False)))
        == "b__y (step s2): 3"
    )
    assert after(StepFinished(step_id="s2", outcome=Succeeded(value=1))) == "b__y (step s2): succeeded"
    assert after(SynthesisStarted()) == "Writing the answer"
