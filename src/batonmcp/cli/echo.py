"""What a command prints."""

import re
from dataclasses import dataclass

import typer

from batonmcp.core.discretion import Discretion
from batonmcp.stages.telling import sendable

__all__ = ["Echo"]

_STEERING = re.compile(r"\r(?!\n)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Characters that move the cursor, colour, overwrite or turn around what a person reads."""


@dataclass(frozen=True, slots=True)
class Echo:
    """Prints texts without secrets, and without what a terminal cannot encode.

    What would steer the terminal is written as an escape, which a person sees and JSON reads as the same character.
    """

    discretion: Discretion

    def out(self, text: str) -> None:
        """Print to standard output."""
        typer.echo(self._said(text))

    def err(self, text: str) -> None:
        """Print to standard error."""
        typer.echo(self._said(text), err=True)

    def _said(self, text: str) -> str:
        return _STEERING.sub(_escaped, sendable(self.discretion.text(text)))


def _escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"
