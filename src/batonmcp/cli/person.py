"""The person at the terminal that a command runs on, and what they type."""

import sys
from typing import Final

import anyio
import anyio.to_thread
import typer

__all__ = ["YES_OR_NO", "agreed", "forget_typed", "is_there", "typed_line"]

YES_OR_NO: Final = {"y": True, "yes": True, "n": False, "no": False}


def is_there() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def forget_typed() -> None:
    """Drop what was typed before anything was asked: a line pasted behind a command is no answer to its question."""
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415 - exists there alone

        while msvcrt.kbhit():
            msvcrt.getwch()
    else:
        import termios  # noqa: PLC0415 - as above

        termios.tcflush(sys.stdin, termios.TCIFLUSH)


async def agreed(question: str) -> bool:
    """Ask until the answer is yes or no; an empty line and the end of the input are a no."""
    while True:
        line = (await typed_line(f"{question} [y/N]: ") or "").lower()
        if not line:
            return False
        if line in YES_OR_NO:
            return YES_OR_NO[line]
        typer.echo("Please answer y or n.", err=True)


async def typed_line(prompt: str) -> str | None:
    """Return what the person types after a prompt, None at the end of the input.

    A thread that waits for it would outlive Ctrl-C until the next Enter.
    """
    typer.echo(prompt, nl=False, err=True)
    if sys.platform == "win32":
        line = await anyio.to_thread.run_sync(sys.stdin.readline)
    else:
        await anyio.wait_readable(sys.stdin)  # a terminal hands out whole lines
        line = sys.stdin.readline()
    if not line.endswith("\n"):
        typer.echo(err=True)
    return line.strip() if line else None
