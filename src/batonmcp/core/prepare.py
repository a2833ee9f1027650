"""The decision about a step whose turn has come: skip it, fail it, or call its tool."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from pydantic import JsonValue

from batonmcp.core.errors import ErrorInfo, ExpressionFailed
from batonmcp.core.expression import Expression, evaluate
from batonmcp.core.expression.wording import describe
from batonmcp.core.ids import INPUTS, PER_ITEM
from batonmcp.core.limits import Limits, size_of
from batonmcp.core.outcome import Cancelled, Failed, Outcome, Skipped, Succeeded
from batonmcp.core.plan import Plan, Step
from batonmcp.core.tool import Tool

__all__ = ["Calls", "Decision", "Settled", "foreseen", "prepare", "shape"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """The calls a step makes.

    Attributes:
        arguments: One object for each call; in a `for_each`, or why there is nothing to call with for an item.
        per_item: Whether they belong to a `for_each`; otherwise there is exactly one.
    """

    arguments: tuple[dict[str, JsonValue] | Failed, ...]
    per_item: bool


Decision: TypeAlias = Skipped | Failed | Calls


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What a step can see when its turn has come.

    Attributes:
        plan: The plan it belongs to.
        outcomes: Of all steps that have settled, by id.
        inputs: What the host passed along with the query.
    """

    plan: Plan
    outcomes: Mapping[str, Outcome]
    inputs: Mapping[str, JsonValue]

    def value(self, name: str) -> JsonValue:
        """Return a step's value, null where it has none."""
        match self.outcomes[name]:
            case Succeeded(value=value):
                return value
            case Failed() | Skipped() | Cancelled():
                return None


def prepare(step: Step, settled: Settled, *, limits: Limits) -> Decision:
    """Decide about `step`, everything it waits for having settled."""
    blocked = _blocked(step, settled)
    if blocked:
        return blocked
    scope: dict[str, JsonValue] = {name: settled.value(name) for name in step.reads if name in settled.outcomes}
    scope["inputs"] = dict(settled.inputs)
    try:
        if step.when and not evaluate(step.when, scope):
            return Skipped(because=f"its condition `{step.when.source}` is false", by_failure=False)
        return _calls(step, scope, limits)
    except ExpressionFailed as error:
        return Failed(error=error.info)


def foreseen(step: Step, inputs: Mapping[str, JsonValue], *, limits: Limits) -> Calls | None:
    """Return the calls that a step will make if it runs; None if that hangs on what other steps give.

    Where there is nothing to call with, there are no calls.
    """
    if step.needs - PER_ITEM - {INPUTS}:
        return None
    try:
        calls = _calls(step, {INPUTS: dict(inputs)}, limits)
    except ExpressionFailed:
        return Calls(arguments=(), per_item=True)
    return Calls(arguments=(), per_item=True) if isinstance(calls, Failed) else calls


def shape(settled: Settled) -> JsonValue:
    """Return the value of the plan's `result`, every step having settled; a step without a value is null in it.

    Raises:
        ExpressionFailed: It does not work over these values.
    """
    result = settled.plan.result
    if result is None:
        return None
    scope = {name: settled.value(name) for name in result.names if name in settled.outcomes}
    return evaluate(result, {**scope, "inputs": dict(settled.inputs)})


def _blocked(step: Step, settled: Settled) -> Skipped | None:
    """Find a settled step without which this one has nothing to run on.

    A step that `arguments` or `for_each` name blocks unless it succeeded or says `on_error: "continue"`. One that only
    `after` names blocks if a failure is behind its end: what had to happen first did not.
    """
    for wait in step.waits:
        outcome = settled.outcomes[wait.step]
        if isinstance(outcome, Succeeded) or settled.plan.by_id[wait.step].on_error == "continue":
            continue
        by_failure = not isinstance(outcome, Skipped) or outcome.by_failure
        if wait.step in step.needs or (wait.step in step.after and by_failure):
            return Skipped(because=f"step `{wait.step}` {_end(outcome)}", by_failure=by_failure)
    return None


def _end(outcome: Failed | Skipped | Cancelled) -> str:
    match outcome:
        case Failed():
            return "failed"
        case Skipped():
            return "was skipped"
        case Cancelled():
            return "was cancelled"


def _calls(step: Step, scope: Mapping[str, JsonValue], limits: Limits) -> Calls | Failed:
    if step.for_each is None:
        filled = _fill(step, scope, limits)
        return filled if isinstance(filled, Failed) else Calls(arguments=(filled,), per_item=False)
    items = _items(step.for_each, scope, limits)
    if isinstance(items, Failed):
        return items
    filled_items = tuple(_fill_item(step, scope, limits, index, item) for index, item in enumerate(items))
    unusable = [filled for filled in filled_items if isinstance(filled, Failed)]
    if unusable and step.tool.effect.kind != "read":
        return unusable[0]  # what a step changes is known as a whole before it changes anything
    return Calls(arguments=filled_items, per_item=True)


def _fill_item(
    step: Step, scope: Mapping[str, JsonValue], limits: Limits, index: int, item: JsonValue
) -> dict[str, JsonValue] | Failed:
    """Fill the arguments of one item; what is wrong with it costs that item only."""
    try:
        filled = _fill(step, {**scope, "item": item, "index": index}, limits)
    except ExpressionFailed as error:
        filled = Failed(error=error.info)
    if isinstance(filled, Failed):
        return replace(filled, error=replace(filled.error, message=f"item {index}: {filled.error.message}"))
    return filled


def _items(for_each: Expression, scope: Mapping[str, JsonValue], limits: Limits) -> list[JsonValue] | Failed:
    items = evaluate(for_each, scope)
    if items is None:
        return []
    if not isinstance(items, list):
        message = f"`for_each` needs a list, but `{for_each.source}` gave {describe(items)}."
        return Failed(error=ErrorInfo(kind="expression_failed", message=message, cure="Name the list itself."))
    if len(items) > limits.items:
        return Failed(
            error=ErrorInfo(
                kind="too_many_items",
                message=f"`for_each` over `{for_each.source}` has {len(items)} items, {limits.items} are allowed.",
                cure='Take fewer, as in `items[:50]`, or raise "items" under "limits" in servers.json.',
            )
        )
    return items


def _fill(step: Step, scope: Mapping[str, JsonValue], limits: Limits) -> dict[str, JsonValue] | Failed:
    """Evaluate the arguments and hold them against the tool's own schema."""
    arguments = step.arguments.fill(scope)
    if not isinstance(arguments, dict):
        return _invalid(step.tool, [f"they are {describe(arguments)}, not an object"])
    if step.arguments.names and (size := size_of(arguments)) > limits.argument_bytes:
        return _invalid(step.tool, [f"they have {size:,} bytes, {limits.argument_bytes:,} are allowed"])
    violations = step.tool.input_schema.violations(arguments)
    return _invalid(step.tool, [violation.message for violation in violations]) if violations else arguments


def _invalid(tool: Tool, messages: list[str]) -> Failed:
    return Failed(
        error=ErrorInfo(
            kind="invalid_arguments",
            message=f"The arguments do not fit {tool.qualified}: {'; '.join(messages)}.",
            cure="It was not called. Look at what the plan takes them from: another step's result, or the inputs.",
        )
    )
