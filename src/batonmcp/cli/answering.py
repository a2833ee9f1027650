"""Who answers servers on the command line: the person at the terminal, where there is one."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final

import anyio
import typer

from batonmcp.cli.form import fields_of, fill_in
from batonmcp.cli.person import is_there
from batonmcp.core.caller import Answer, Caller, Declined, Question
from batonmcp.core.printable import printable

__all__ = ["person_at"]

_LONGEST_TEXT = 2_000
_LONGEST_NAME = 100

_NOBODY: Final = Declined(because="there is no terminal to ask a person on")
_NO_MODEL: Final = Declined(because="on the command line no model is lent to servers")
_NO_FOLDERS: Final = Declined(because="on the command line there is no list of folders to give")
_NO_LINES: Final = Declined(because="its form is not one that lines on a terminal can fill")


def person_at(quiet: Callable[[], AbstractContextManager[None]]) -> Caller:
    """Return the caller of a run on the command line.

    Args:
        quiet: Keeps what else is shown on the terminal away while the person types.
    """
    turn = anyio.Lock()

    async def ask(question: Question) -> Answer | Declined:
        if question.about == "sampling":
            return _NO_MODEL
        if question.about == "roots":
            return _NO_FOLDERS
        if not is_there():
            return _NOBODY
        async with turn:
            with quiet():
                return await _elicit(question)

    return Caller(principal="terminal", ask=ask, progressed=lambda _progress: None)


async def _elicit(question: Question) -> Answer | Declined:
    """Show what a server asks for, and take the answer down."""
    agent, message = printable(question.agent, _LONGEST_NAME), question.params.get("message")
    typer.echo(f"{agent} ({question.server}) asks: {printable(str(message), _LONGEST_TEXT, lines=True)}", err=True)
    if question.params.get("mode") == "url":
        url = printable(str(question.params.get("url")), _LONGEST_TEXT)
        typer.echo(f"It wants this page opened, which batonmcp does not do: {url}", err=True)
        return Declined(because=f"on the command line no page is opened; the page is {url}")
    fields = fields_of(question.params.get("requestedSchema"))
    if fields is None:
        typer.echo("Its form is not one that lines on a terminal can fill.", err=True)
        return _NO_LINES
    filled = await fill_in(fields)
    if filled is None:
        return Answer({"action": "decline"})
    return Answer({"action": "accept", "content": filled})
