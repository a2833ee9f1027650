"""The facts of a run in words: results, failures and skips, told by code."""

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from batonmcp.core.events import RunStatus
from batonmcp.core.outcome import Cancelled, Failed, ItemOutcome, Outcome, Skipped, Succeeded
from batonmcp.core.plan import Plan, Step
from batonmcp.stages.outline import outline

__all__ = ["has_values", "kept_values", "results", "run_status", "undone", "values_of"]


def run_status(plan: Plan, outcomes: Mapping[str, Outcome]) -> RunStatus:
    """Class a run: `failed` if nothing succeeded and something failed, `partial` if something failed, else `ok`.

    A step skipped by its own condition is a normal end; one item of a `for_each` that failed makes the run partial.
    """
    ends = [outcomes[step.id] for step in plan.steps]
    if not any(_broken(end) for end in ends):
        return "ok"
    return "partial" if any(has_values(end) for end in ends) else "failed"


def has_values(outcome: Outcome) -> bool:
    """Whether there is anything to show or to answer from."""
    match outcome:
        case Succeeded():
            return True
        case Failed() | Cancelled():
            return bool(kept_values(outcome))
        case Skipped():
            return False


def undone(plan: Plan, outcomes: Mapping[str, Outcome]) -> Sequence[str]:
    """Return a sentence for each step that did not succeed, and for each that did so in part."""
    return [sentence for step in plan.steps if (sentence := _undone(step, outcomes[step.id]))]


def results(plan: Plan, outcomes: Mapping[str, Outcome]) -> str:
    """Return what the steps gave, as an outline."""
    parts: list[tuple[str, JsonValue]] = []
    for step in plan.steps:
        outcome = outcomes[step.id]
        heading = f"{step.tool.agent}: {step.tool.name}"
        match outcome:
            case Succeeded(value=value):
                parts.append((heading, value))
            case Failed() | Cancelled() if kept := kept_values(outcome):
                parts.append((f"{heading} (in part)", kept))
            case Failed() | Skipped() | Cancelled():
                continue
    return outline(parts)


def _broken(outcome: Outcome) -> bool:
    match outcome:
        case Succeeded(items=items):
            return any(not isinstance(item.outcome, Succeeded) for item in items or ())
        case Skipped(by_failure=by_failure):
            return by_failure
        case Failed() | Cancelled():
            return True


def values_of(outcome: Outcome) -> list[JsonValue]:
    """Return what the calls of a step gave, one value for each that succeeded."""
    match outcome:
        case Succeeded(value=value, items=None):
            return [value]
        case Succeeded(items=items):
            return [item.outcome.value for item in items or () if isinstance(item.outcome, Succeeded)]
        case Failed() | Cancelled():
            return kept_values(outcome)
        case Skipped():
            return []


def kept_values(outcome: Failed | Cancelled) -> list[JsonValue]:
    """Return the values of the items that succeeded in a `for_each` that did not as a whole."""
    return [item.outcome.value for item in outcome.items or () if isinstance(item.outcome, Succeeded)]


def _undone(step: Step, outcome: Outcome) -> str | None:
    name = f"{step.tool.qualified} (step `{step.id}`)"
    match outcome:
        case Succeeded(items=items):
            return _undone_items(name, items or ())
        case Skipped(because=because):
            return f"{name} was skipped because {because}."
        case Failed(error=error, unsure=True):
            return f"{name} may or may not have happened: {error} It was not tried again."
        case Failed(error=error):
            return f"{name} failed: {error}"
        case Cancelled(because=because, unsure=True):
            return f"{name} was cancelled because {because}; it may or may not have happened."
        case Cancelled(because=because):
            return f"{name} was cancelled because {because}."


def _undone_items(name: str, items: Sequence[ItemOutcome]) -> str | None:
    """Tell what failed in a loop that goes on over failures."""
    failed = [item.outcome for item in items if isinstance(item.outcome, Failed)]
    if not failed:
        return None
    unsure = any(outcome.unsure for outcome in failed)
    doubt = " Some of them may or may not have happened; none was tried again." if unsure else ""
    return f"{name} failed for {len(failed)} of {len(items)} items: {failed[0].error}{doubt}"
