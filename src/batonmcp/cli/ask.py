"""The command `ask`."""

import json as json_text
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import JsonValue
from rich.console import Console

from batonmcp.cli.answering import person_at
from batonmcp.cli.compose import open_hub
from batonmcp.cli.echo import Echo
from batonmcp.cli.person import is_there
from batonmcp.cli.verdict import typed_verdict
from batonmcp.config.settings import Settings
from batonmcp.core.approval import Approval, Approved, Refused, Ruling, Undecided
from batonmcp.core.discretion import Discretion
from batonmcp.core.errors import BatonError
from batonmcp.core.events import Emit, Event, RunStatus, StepFinished
from batonmcp.core.record import RunRecord
from batonmcp.core.strict_json import read_json_text
from batonmcp.stages.audience import Audience
from batonmcp.stages.narrate import Narrator
from batonmcp.stages.orchestrate import orchestrate
from batonmcp.stages.task import Output, Task
from batonmcp.stages.telling import data_of, has_data, text_of

__all__ = ["ask", "exit_code", "read_input"]


async def ask(task: Task, settings: Settings, echo: Echo, *, yes: bool, json: bool) -> int:
    """Run a task, print what came of it, and return the exit code."""
    with _live(echo.discretion) as show:
        audience = Audience(
            listen=show,
            caller=echo.discretion.caller(person_at(partial(_quiet, show))),
            decide=partial(_decide, show, echo, yes=yes),
            follows=isinstance(show, _Show),
        )
        async with open_hub(settings, discretion=echo.discretion, without_llm="lexical") as hub:
            record = await orchestrate(task, hub.ports, audience)
    _print(record, task.output, echo, json=json)
    return exit_code(record.status)


def exit_code(status: RunStatus) -> int:
    """Return 0 for what went well, 3 where a decision or a plan is needed, 1 for the rest."""
    match status:
        case "ok" | "planned":
            return 0
        case "approval_required" | "plan_required":
            return 3
        case "partial" | "failed" | "no_match" | "refused" | "running" | "busy" | "cancelled":
            return 1


def _print(record: RunRecord, output: Output, echo: Echo, *, json: bool) -> None:
    """Print what was asked for. Who asked for data gets data, whatever came of it; words for people go beside it."""
    if json:
        echo.out(_json(record.as_json()))
    elif output == "data":
        echo.out(_json(data_of(record)))
        if not has_data(record):
            echo.err(text_of(record))
    else:
        echo.out(text_of(record))


def _json(value: Mapping[str, Any]) -> str:
    return json_text.dumps(value, indent=2, ensure_ascii=False)


class _Show:
    """The run on a terminal: what is settled as lines, what goes on as a spinner beneath them."""

    def __init__(self, console: Console, discretion: Discretion) -> None:
        self._console = console
        self._discretion = discretion
        self._narrator = Narrator()
        self._status = console.status("Connecting")

    def start(self) -> None:
        self._status.start()

    def stop(self) -> None:
        self._status.stop()

    def __call__(self, event: Event) -> None:
        line = self._discretion.text(self._narrator.tell(event) or "")
        if line and isinstance(event, StepFinished):
            self._console.print(line, style="dim", markup=False, highlight=False)
        elif line:
            self._status.update(line.replace("[", r"\["))


def _ignore(_event: Event) -> None:
    """Stay quiet: nobody watches."""


@contextmanager
def _live(discretion: Discretion) -> Generator[Emit]:
    """Yield a listener that shows progress on a terminal and nothing in a pipe."""
    if not sys.stderr.isatty():
        yield _ignore
        return
    show = _Show(Console(stderr=True), discretion)
    show.start()
    try:
        yield show
    finally:
        show.stop()


async def _decide(show: Emit, echo: Echo, approval: Approval, *, yes: bool) -> Ruling:
    """Ask the person at the terminal, where there is one."""
    if yes:
        return Approved()
    if not is_there():
        return Undecided(cure="On a terminal, `batonmcp ask` shows the plan and asks; --yes runs it without asking.")
    with _quiet(show):
        echo.err(approval.text())
        match await typed_verdict(echo):
            case "once":
                return Approved()
            case "always":
                return Approved(always=True)
            case "no":
                return Refused(because="it was refused at the terminal")
            case None:
                return Refused(because="the question at the terminal was closed without an answer")


@contextmanager
def _quiet(show: Emit) -> Generator[None]:
    """Keep the spinner away while a person types."""
    if not isinstance(show, _Show):
        yield
        return
    show.stop()
    try:
        yield
    finally:
        show.start()


def read_input(text: str) -> tuple[str, JsonValue]:
    """Read `NAME=VALUE`: the value is a file's text after an @, else JSON if it is that, else text."""
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise BatonError(
            kind="bad_arguments", message=f"--input {text!r} is not NAME=VALUE.", cure="NAME is letters, digits and _."
        )
    if value.startswith("@"):
        try:
            return name, Path(value[1:]).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BatonError(
                kind="bad_arguments", message=f"--input {name}: {value[1:]!r} cannot be read as text ({error})."
            ) from None
    try:
        return name, read_json_text(value)
    except ValueError:
        return name, value
