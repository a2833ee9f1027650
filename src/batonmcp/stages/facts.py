"""The facts of a run in words: results, failures and skips, told by code."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from pydantic import JsonValue

from batonmcp.core.events import RunStatus
from batonmcp.core.outcome import Cancelled, Failed, ItemOutcome, Outcome, Skipped, Succeeded
from batonmcp.core.plan import Plan, Step

__all__ = ["has_values", "kept_values", "results", "run_status", "undone", "values_of"]

_LONGEST_TEXT = 4_000
_MOST_LINES = 400
_MOST_ON_A_LINE = 50


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
    blocks: list[str] = []
    for step in plan.steps:
        outcome = outcomes[step.id]
        match outcome:
            case Succeeded(value=value):
                heading = f"{step.tool.agent}: {step.tool.name}"
            case Failed() | Cancelled() if kept := kept_values(outcome):
                heading = f"{step.tool.agent}: {step.tool.name} (in part)"
                value = kept
            case Failed() | Skipped() | Cancelled():
                continue
        blocks.append("\n".join([heading, *_cut(value)]))
    return "\n\n".join(blocks)


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


def _outline(value: JsonValue, indent: str) -> Iterator[str]:
    """Write a value as indented lines: keys, and dashes for the items of a list."""
    match value:
        case dict() if value:
            for key, member in value.items():
                yield from _entry(f"{indent}{key}:", member, indent)
        case list() if value:
            for item in value:
                yield from _item(item, indent)
        case _:
            yield f"{indent}{_scalar(value)}"


def _entry(head: str, member: JsonValue, indent: str) -> Iterator[str]:
    if isinstance(member, dict | list) and member:
        yield head
        yield from _outline(member, f"{indent}  ")
    else:
        yield f"{head} {_scalar(member)}"


def _item(item: JsonValue, indent: str) -> Iterator[str]:
    """Write a list's item on one line if it is flat, else as a block under a dash."""
    if isinstance(item, dict) and _is_flat(item):
        yield f"{indent}- " + ", ".join(f"{key}: {_scalar(member)}" for key, member in item.items())
        return
    lines = _outline(item, f"{indent}  ")
    yield f"{indent}- {next(lines).lstrip()}"
    yield from lines


def _is_flat(item: dict[str, JsonValue]) -> bool:
    return 0 < len(item) <= _MOST_ON_A_LINE and not any(isinstance(member, dict | list) for member in item.values())


def _line_count(value: JsonValue) -> int:
    """Return how many lines `_outline` writes."""
    match value:
        case dict() if value:
            containers = [member for member in value.values() if isinstance(member, dict | list) and member]
            return len(value) + sum(map(_line_count, containers))
        case list() if value:
            blocks = [item for item in value if isinstance(item, dict | list) and item]
            blocks = [item for item in blocks if not (isinstance(item, dict) and _is_flat(item))]
            return len(value) - len(blocks) + sum(map(_line_count, blocks))
        case _:
            return 1


def _scalar(value: JsonValue) -> str:
    if isinstance(value, str):
        return value if len(value) <= _LONGEST_TEXT else f"{value[:_LONGEST_TEXT]}… ({len(value):,} characters)"
    return {"[]": "none", "{}": "none", "null": "none"}.get(text := json.dumps(value), text)


def _cut(value: JsonValue) -> Iterator[str]:
    """Write the first lines of a value, and how many more there are."""
    yield from islice(_outline(value, "  "), _MOST_LINES)
    count = _line_count(value)
    if count > _MOST_LINES:
        yield f"  … and {count - _MOST_LINES:,} more lines"
