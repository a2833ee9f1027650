"""A plan as somebody wrote it: its shape is known, its meaning not yet checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, JsonValue, ValidationError

from batonmcp.core.errors import Problem
from batonmcp.core.plan import OnError

__all__ = ["PLAN_FORMAT", "StepDraft", "Unreadable", "read_result", "read_steps"]

PLAN_FORMAT = """\
A plan is {"steps": [...]}, optionally with "result": an expression over all steps that shapes the data to return.
A step is an object with:
- "id": a short name of its own in lower case, such as "orders"
- "tool": a tool's full name
- "arguments": an object that fits the tool's input schema
- "when" (optional): an expression; the step runs only if it is true
- "for_each" (optional): an expression that gives a list; the step runs once for each item, `item` in "arguments"
- "after" (optional): ids of earlier steps to wait for without taking data from them
- "on_error" (optional): "continue" gives later steps null if this one fails; otherwise they are skipped
Anywhere in "arguments", {"$from": "<expression>"} stands for a value. Expressions are a small part of Python over the
results of EARLIER steps, by id: orders.list[0].id, len(orders.list) > 0, [o.id for o in orders.list if o.open],
f'{place.city}, {place.country}'. `inputs.name` is a value passed in with the query. Plain strings are never
expressions. Steps run at the same time unless references or "after" order them."""
"""The plan language, told to whoever writes a plan: the router's LLM or a host's model."""


def _expression_source(value: object) -> object:
    """Take `{"$from": "..."}` for the plain text where only an expression can stand, and an empty text for none."""
    match value:
        case str() if not value.strip():
            return None
        case {"$from": str(source)}:
            return source
        case _:
            return value


def _names(value: object) -> object:
    """Take one name for a list of one."""
    return [value] if isinstance(value, str) else value


class StepDraft(BaseModel):
    """One step as written. Fields as in `batonmcp.core.plan.Step`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tool: str
    id: str | None = None
    arguments: dict[str, JsonValue] = {}
    when: Annotated[str | None, BeforeValidator(_expression_source)] = None
    for_each: Annotated[str | None, BeforeValidator(_expression_source)] = None
    after: Annotated[tuple[str, ...], BeforeValidator(_names)] = ()
    on_error: OnError = "stop"
    independent: bool = False


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A step whose shape is wrong. Its id, if it has one, is known to later steps all the same."""

    id: str | None


def read_steps(document: JsonValue, *, most: int) -> tuple[list[StepDraft | Unreadable], list[Problem]]:
    """Read the steps of a plan document.

    Args:
        document: The plan as JSON.
        most: How many steps a plan may have.

    Returns:
        The steps, as far as they can be read, and what is wrong with the document's shape.
    """
    match document:
        case {"steps": list(steps)}:
            problems = [
                Problem(path=key, message="is not a part of a plan.", cure='A plan has "steps" and "result".')
                for key in document
                if key not in {"steps", "result"}
            ]
        case _:
            cure = 'Write {"steps": [{"id": "...", "tool": "...", "arguments": {...}}]}.'
            return [], [Problem(path="plan", message='is not an object with a list "steps".', cure=cure)]
    if not steps:
        problems.append(Problem(path="steps", message="is empty.", cure="A plan has at least one step."))
    if len(steps) > most:
        cure = f"At most {most} are allowed: use for_each, or split the task."
        return [], [*problems, Problem(path="steps", message=f"has {len(steps)} steps.", cure=cure)]
    drafts = [_read_step(step, f"steps[{index}]", problems) for index, step in enumerate(steps)]
    return drafts, problems


def read_result(document: JsonValue) -> str | Problem | None:
    """Read the plan's `result`: the source of an expression, None without one."""
    match _expression_source(document.get("result") if isinstance(document, dict) else None):
        case None:
            return None
        case str() as source:
            return source
        case _:
            return Problem(path="result", message="is not an expression.", cure='Write it as text, as in "s1.total".')


def _read_step(step: JsonValue, path: str, problems: list[Problem]) -> StepDraft | Unreadable:
    if not isinstance(step, dict):
        problems.append(Problem(path=path, message="is not an object.", cure="Write a step as an object."))
        return Unreadable(None)
    try:
        return StepDraft.model_validate(step)
    except ValidationError as error:
        problems.extend(_as_problem(cast("Mapping[str, Any]", detail), path) for detail in error.errors())
        name = step.get("id")
        return Unreadable(name if isinstance(name, str) else None)


def _as_problem(detail: Mapping[str, Any], path: str) -> Problem:
    key, *inside = detail["loc"]
    place = f"{path}.{key}" + "".join(f"[{part}]" for part in inside[:1] if isinstance(part, int))
    match detail["type"]:
        case "missing":
            return Problem(path=place, message="is missing.", cure="Every step names its tool.")
        case "extra_forbidden":
            known = ", ".join(sorted(StepDraft.model_fields))
            return Problem(path=place, message="is not a part of a step.", cure=f"A step has: {known}.")
        case _:
            return Problem(path=place, message=f"{detail['msg'][0].lower()}{detail['msg'][1:]}.")
