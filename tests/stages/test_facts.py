"""The facts: status, results, and what was not done, told by code."""

import pytest
from pydantic import JsonValue

from batonmcp.core.errors import ErrorInfo
from batonmcp.core.outcome import Cancelled, Failed, ItemOutcome, Outcome, Skipped, Succeeded
from batonmcp.core.plan import Plan
from batonmcp.stages.facts import has_values, kept_values, results, run_status, undone
from builders import plan_of, registry, tool

TOOLS = registry(tool("data_agent__get"), tool("b__put", effect="write"))

GOOD = Succeeded(value={"n": 1})
BAD = Failed(error=ErrorInfo(kind="tool_error", message="No such entity.", cure="Name another."))
UNSURE = Failed(error=ErrorInfo(kind="timeout", message="B did not answer within 30 s."), unsure=True)
NOT_NEEDED = Skipped(because="its condition `len(s1) > 0` is false", by_failure=False)
BLOCKED = Skipped(because="step `s1` failed", by_failure=True)
CUT_OFF = Cancelled(because="the run reached its limit of 120 s")
CUT_OFF_WRITE = Cancelled(because="the run reached its limit of 120 s", unsure=True)


def items(*outcomes: Succeeded | Failed | Cancelled) -> tuple[ItemOutcome, ...]:
    """Return the items of a loop."""
    return tuple(ItemOutcome(arguments={"n": number}, outcome=outcome) for number, outcome in enumerate(outcomes))


GOOD_LOOP = Succeeded(value=[{"n": 1}, {"n": 1}], items=items(GOOD, GOOD))
HOLED_LOOP = Succeeded(value=[{"n": 1}, None], items=items(GOOD, BAD))
UNSURE_LOOP = Succeeded(value=[{"n": 1}, None], items=items(GOOD, UNSURE))
FAILED_LOOP = Failed(error=BAD.error, items=items(GOOD, BAD))
LOST_LOOP = Failed(error=BAD.error, items=items(BAD, BAD))
CUT_LOOP = Cancelled(because="the run was cancelled", items=items(GOOD, Cancelled(because="the run was cancelled")))


def told(*outcomes: Outcome) -> tuple[Plan, dict[str, Outcome]]:
    """Return a plan of so many steps, all of one tool, and how each of them ended."""
    steps: list[JsonValue] = [{"id": f"s{number}", "tool": "data_agent__get"} for number, _ in enumerate(outcomes, 1)]
    plan = plan_of({"steps": steps}, TOOLS)
    return plan, {step.id: outcome for step, outcome in zip(plan.steps, outcomes, strict=True)}


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [
        ([GOOD], "ok"),
        ([GOOD, NOT_NEEDED], "ok"),
        ([NOT_NEEDED], "ok"),
        ([GOOD_LOOP], "ok"),
        ([GOOD, BAD], "partial"),
        ([GOOD, BLOCKED], "partial"),
        ([GOOD, UNSURE], "partial"),
        ([GOOD, CUT_OFF], "partial"),
        ([HOLED_LOOP], "partial"),
        ([FAILED_LOOP], "partial"),
        ([CUT_LOOP], "partial"),
        ([BAD], "failed"),
        ([BAD, BLOCKED], "failed"),
        ([BAD, NOT_NEEDED], "failed"),
        ([UNSURE], "failed"),
        ([CUT_OFF], "failed"),
        ([LOST_LOOP], "failed"),
    ],
)
def test_status_of_a_run(outcomes: list[Outcome], status: str) -> None:
    """Something broken makes a run partial, or failed if there is nothing to show; a false condition breaks nothing."""
    assert run_status(*told(*outcomes)) == status


@pytest.mark.parametrize(
    ("outcome", "kept"),
    [(GOOD, True), (BAD, False), (NOT_NEEDED, False), (CUT_OFF, False), (FAILED_LOOP, True), (CUT_LOOP, True)],
)
def test_what_has_values(outcome: Outcome, kept: bool) -> None:  # noqa: FBT001 - a column of the table
    """There is something to answer from if a step succeeded, or an item of a loop that did not."""
    assert has_values(outcome) is kept


def test_kept_values_are_those_of_the_good_items() -> None:
    """What a broken loop keeps are the values of the items that succeeded."""
    assert kept_values(FAILED_LOOP) == [{"n": 1}]
    assert kept_values(CUT_LOOP) == [{"n": 1}]
    assert kept_values(BAD) == []


NAME = "data_agent__get (step `s1`)"
DOUBT = "Some of them may or may not have happened; none was tried again."


@pytest.mark.parametrize(
    ("outcome", "sentence"),
    [
        (GOOD, None),
        (GOOD_LOOP, None),
        (BAD, f"{NAME} failed: No such entity. Name another."),
        (NOT_NEEDED, f"{NAME} was skipped because its condition `len(s1) > 0` is false."),
        (BLOCKED, f"{NAME} was skipped because step `s1` failed."),
        (CUT_OFF, f"{NAME} was cancelled because the run reached its limit of 120 s."),
        (
            CUT_OFF_WRITE,
            f"{NAME} was cancelled because the run reached its limit of 120 s; it may or may not have happened.",
        ),
        (
            UNSURE,
            f"{NAME} may or may not have happened: B did not answer within 30 s. It was not tried again.",
        ),
        (HOLED_LOOP, f"{NAME} failed for 1 of 2 items: No such entity. Name another."),
        (
            UNSURE_LOOP,
            f"{NAME} failed for 1 of 2 items: {UNSURE.error} {DOUBT}",
        ),
    ],
)
def test_what_was_not_done_is_a_sentence(outcome: Outcome, sentence: str | None) -> None:
    """Each step that did not do all it should is told with its tool, its name in the plan and the reason."""
    assert list(undone(*told(outcome))) == ([sentence] if sentence else [])


def test_undone_keeps_the_order_of_the_plan() -> None:
    """The sentences stand in plan order."""
    sentences = undone(*told(BAD, GOOD, BLOCKED))
    assert [sentence.split("`")[1] for sentence in sentences] == ["s1", "s3"]


def test_results_of_several_steps_are_blocks() -> None:
    """Each step with values is a block under its agent and tool; what a broken loop kept is shown as a part."""
    text = results(*told(GOOD, BAD, FAILED_LOOP, NOT_NEEDED, CUT_OFF, CUT_LOOP))
    assert text == (
        "Data Agent: get\n  n: 1\n\nData Agent: get (in part)\n  - n: 1\n\nData Agent: get (in part)\n  - n: 1"
    )
