"""Route: query and registry become a proposed plan, with one LLM call."""

import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, Protocol

from pydantic import JsonValue

from batonmcp.core.draft import PLAN_FORMAT
from batonmcp.core.events import Emit, Noted
from batonmcp.core.expression.wording import kind
from batonmcp.core.limits import Limits
from batonmcp.core.proposal import NoTool, Proposal, Routed
from batonmcp.core.registry import Registry
from batonmcp.llm.port import LLM, Function, Heard, Piece, Reply, Request, StreamLost
from batonmcp.llm.reply import Entries, Offered, step_of
from batonmcp.stages.menu import menu
from batonmcp.stages.nearest import Nearest
from batonmcp.stages.task import Task
from batonmcp.stages.telling import sendable

__all__ = ["PLAN_FUNCTION", "PROMPT_VERSION", "Steps", "route"]

PLAN_FUNCTION: Final = "plan_execution"

_PREVIEW = 80

_SYSTEM = f"""\
You choose tools for a task and never answer it: a program runs what you choose, and the answer is written from the
results afterwards.
- If one tool is enough, call it.
- If several are needed and none needs another's result, call all of them at once.
- If order matters, or a step needs another's result or depends on it, call {PLAN_FUNCTION} once, with every step in it.
- Take arguments from the task. Leave out optional arguments that it says nothing about. Never invent ids or names: let
  an earlier step find them.
- If no tool is needed or none fits, call nothing and say why in one sentence.

{PLAN_FORMAT}"""

_CATALOGUE = f"The tools, by full name, for use in {PLAN_FUNCTION}:"

_PLAN_DESCRIPTION = "Run several tools in order, later steps using the results of earlier ones by expression."

_PLAN_PARAMETERS: Mapping[str, Any] = {
    "type": "object",
    "required": ["steps"],
    "properties": {
        "steps": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "tool", "arguments"],
                "properties": {
                    "id": {"type": "string"},
                    "tool": {"type": "string"},
                    "arguments": {"type": "object"},
                    "when": {"type": "string"},
                    "for_each": {"type": "string"},
                    "after": {"type": "array", "items": {"type": "string"}},
                    "on_error": {"type": "string", "enum": ["stop", "continue"]},
                },
            },
        }
    },
}


PROMPT_VERSION: Final = sha256(f"{_SYSTEM}{_CATALOGUE}{json.dumps(_PLAN_PARAMETERS)}".encode()).hexdigest()[:12]
"""Changes with what a model is told: a plan that was made with other words is made anew."""


class Steps(Protocol):
    """Hears of the steps of a plan while a model writes it."""

    def add(self, step: JsonValue) -> None:
        """Take the next step, as it is written."""
        ...

    def lose(self) -> None:
        """Take back all steps so far: the reply failed, and another one comes."""
        ...


async def route(  # noqa: PLR0913 - what one stage works with
    llm: LLM,
    task: Task,
    registry: Registry,
    *,
    limits: Limits,
    now: datetime,
    emit: Emit,
    wrong: str = "",
    steps: Steps | None = None,
    nearest: Nearest | None = None,
) -> Routed:
    """Ask the LLM which tools to call, at temperature 0.

    Args:
        llm: Who is asked.
        task: For which task.
        registry: Among which tools.
        limits: How many tokens the tools may take.
        now: The time where the user is.
        emit: Gets a note of what was left out.
        wrong: What was wrong with the plan before, to be mended.
        steps: Hears of the plan's steps as they are written, where the endpoint streams.
        nearest: Ranks tools by vectors, where there are too many to show.

    Raises:
        LlmError: The endpoint gave no usable reply.
    """
    shown = await menu(registry, task.query, limits, nearest)
    if shown.note:
        emit(Noted(text=shown.note))
    request = Request(
        stage="route",
        system=f"{_SYSTEM}\n\n{_CATALOGUE}\n{shown.catalogue}" if shown.catalogue else _SYSTEM,
        user=sendable("\n\n".join(filter(None, [_user(task, now), wrong]))),
        functions=[*shown.functions, _plan_function()],
        temperature=0,
        plan_function=PLAN_FUNCTION,
    )
    return _read(await llm.complete(request, _hearing(steps, request) if steps else None))


def _hearing(steps: Steps, request: Request) -> Heard:
    offered = Offered(names=frozenset(function.name for function in request.functions), plan=PLAN_FUNCTION)
    entries = Entries(offered)

    def hear(piece: Piece) -> None:
        nonlocal entries
        if isinstance(piece, StreamLost):
            entries = Entries(offered)
            steps.lose()
        for step in entries.hear(piece):
            steps.add(step)

    return hear


def _read(reply: Reply) -> Routed:
    """Make one plan of whatever calls the model wants."""
    plans = [call for call in reply.calls if call.name == PLAN_FUNCTION]
    plain = [call for call in reply.calls if call.name != PLAN_FUNCTION]
    if plans:
        notes: list[str] = []
        if plain:
            names = ", ".join(call.name for call in plain)
            notes.append(f"The model called {PLAN_FUNCTION} and single tools ({names}); the plan was taken.")
        if len(plans) > 1:
            notes.append(f"The model called {PLAN_FUNCTION} {len(plans)} times; the first was taken.")
        if plans[0].arguments.get("steps") == [] and not plain:
            return NoTool(reason=reply.text or "The model's plan has no steps.")
        return Proposal(document=plans[0].arguments, notes=tuple(notes))
    if plain:
        steps: list[JsonValue] = [step_of(number, call.name, call.arguments) for number, call in enumerate(plain, 1)]
        return Proposal(document={"steps": steps})
    return NoTool(reason=reply.text)


def _plan_function() -> Function:
    return Function(name=PLAN_FUNCTION, description=_PLAN_DESCRIPTION, parameters=_PLAN_PARAMETERS)


def _user(task: Task, now: datetime) -> str:
    inputs = task.inputs
    parts = [f"It is {now:%A, %Y-%m-%d %H:%M} ({now.tzname()}, UTC{now:%z})."]
    if inputs:
        parts.append("Passed in with the task:\n" + "\n".join(_preview(name, inputs[name]) for name in sorted(inputs)))
    parts.append(f"Task: {task.query}")
    return "\n\n".join(parts)


def _preview(name: str, value: JsonValue) -> str:
    """Show an input's name, type and beginning on one line; the whole of a long value never goes to the model."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    cut = f"{text[:_PREVIEW]}… ({len(text):,} characters)" if len(text) > _PREVIEW else text
    return " ".join(f"- inputs.{name}: {kind(value)}, {cut}".split())
