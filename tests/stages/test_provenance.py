"""Where an answer comes from."""

import pytest

from batonmcp.core.events import PlannerName, RunStatus
from batonmcp.core.outcome import StepStatus
from batonmcp.core.record import RunRecord, StepRecord, Timings, Usage
from batonmcp.stages.provenance import provenance, run_facts


def step(
    name: str, status: StepStatus, tool: str = "a__x", *, took: float | None = None, items: str = ""
) -> StepRecord:
    """Return a step's record; items are written as their first letters."""
    states = {"s": "succeeded", "f": "failed"}
    return StepRecord(
        id=name,
        tool=tool,
        server="a",
        effect="read",
        status=status,
        started_ms=None if took is None else 10.0,
        ended_ms=None if took is None else 10.0 + took,
        items=[{"status": states[letter]} for letter in items] or None,
    )


def run(
    *steps: StepRecord, status: RunStatus = "ok", planner: PlannerName = "llm", usage: Usage | None = None
) -> RunRecord:
    """Return a run's record."""
    return RunRecord(
        run_id="4f1c",
        query="q",
        planner=planner,
        status=status,
        mode="sequential" if steps else None,
        steps=list(steps),
        usage=usage or Usage(llm_calls=2, prompt_tokens=1_234, completion_tokens=56, cached_tokens=1_024),
        timings_ms=Timings(total=1_100.0),
    )


def test_what_ran() -> None:
    """Tools with how often and how long they ran, then the run itself."""
    facts = provenance(run(step("a", "succeeded", took=12.4), step("b", "succeeded", "t__get", took=400, items="ssf")))
    assert facts == (
        "Ran: a__x (12 ms), t__get \u00d73, 1 failed (0.4 s).\n"
        "Run 4f1c: sequential, planned by the model; 2 LLM calls, 1,234 + 56 tokens (1,024 cached), 1.1 s."
    )


def test_warnings_stand_above_the_facts() -> None:
    """What whoever reads the answer has to know is told on a line of its own, in words and as data."""
    record = run(step("a", "succeeded", took=1))
    record.warnings.append("The prompt was\ncut.")
    assert provenance(record).splitlines()[0] == "Warning: The prompt was cut."
    assert run_facts(record)["warnings"] == ["The prompt was\ncut."]
    assert "warnings" not in run_facts(run())


def test_every_end() -> None:
    """What did not run is named by what became of it."""
    steps = [
        step("a", "succeeded", "a__a", took=1),
        step("b", "failed", "a__b", took=200),
        step("c", "unknown", "a__c", took=300),
        step("d", "cancelled", "a__d", took=5),
        step("e", "skipped", "a__e"),
        step("f", "running", "a__f"),
        step("g", "pending", "a__g"),
    ]
    assert provenance(run(*steps)).splitlines()[0] == (
        "Ran: a__a (1 ms). Failed: a__b (0.2 s). May or may not have happened: a__c (0.3 s). Cancelled: a__d. "
        "Skipped: a__e. Running: a__f. Not run: a__g."
    )


def test_steps_of_one_tool_are_counted() -> None:
    """Their times are added up."""
    facts = provenance(run(step("a", "succeeded", took=500), step("b", "succeeded", took=700), step("c", "skipped")))
    assert facts.startswith("Ran: a__x \u00d72 (1.2 s). Skipped: a__x.\n")


@pytest.mark.parametrize(
    ("planner", "usage", "told"),
    [
        ("host", Usage(), "planned by the host; no LLM call, 1.1 s."),
        ("lexical", Usage(llm_calls=1), "planned by keywords; 1 LLM call, tokens not reported, 1.1 s."),
        (
            "cache",
            Usage(llm_calls=1, prompt_tokens=5, cost_usd=0.00121),
            "planned before; 1 LLM call, 5 + 0 tokens, $0.0012, 1.1 s.",
        ),
        (
            "llm",
            Usage(llm_calls=2, prompt_tokens=5, cost_usd=0.00121, embedding_requests=3, embedding_tokens=4_000),
            "planned by the model; 2 LLM calls, 5 + 0 tokens, 3 embedding requests (4,000 tokens), $0.0012, 1.1 s.",
        ),
        (
            "llm",
            Usage(llm_calls=1, cost_usd=0.001, embedding_requests=1, embedding_tokens=9),
            "1 LLM call, tokens not reported, 1 embedding request (9 tokens), $0.0010, 1.1 s.",
        ),
    ],
)
def test_what_it_took(planner: PlannerName, usage: Usage, told: str) -> None:
    """Who planned, and the calls of a model with their tokens where the endpoint counts them."""
    assert provenance(run(step("a", "succeeded"), planner=planner, usage=usage)).endswith(told)


def test_nothing_to_tell() -> None:
    """A run that did nothing has no facts, and one that only asks for a plan needs none."""
    assert provenance(run(usage=Usage())) == ""
    assert provenance(run(step("a", "pending"), status="plan_required")) == ""
    assert provenance(run()) == "Run 4f1c: planned by the model; 2 LLM calls, 1,234 + 56 tokens (1,024 cached), 1.1 s."


def test_long_and_hostile_names() -> None:
    """However many there are and whatever is in them, it is one short line."""
    steps = [step(f"s{number}", "succeeded", f"a__{number}\x1b[2J\n---\n{'x' * 500}") for number in range(300)]
    line, last = provenance(run(*steps)).splitlines()
    assert line.isprintable()
    assert len(line) < 2_000
    assert line.endswith(" and 280 more.")
    assert last.startswith("Run 4f1c")
    assert len(run_facts(run(*steps))["ran"]) == 20


def test_as_data() -> None:
    """The same, for programs."""
    facts = run_facts(run(step("a", "succeeded", took=400, items="ss"), step("b", "skipped")))
    assert facts == {
        "run_id": "4f1c",
        "mode": "sequential",
        "planner": "llm",
        "ran": [{"tool": "a__x", "calls": 2, "ms": 400}],
        "llm_calls": 2,
        "prompt_tokens": 1_234,
        "completion_tokens": 56,
        "cost_usd": None,
        "total_ms": 1_100,
    }
