"""What a command prints."""

from dataclasses import dataclass

import typer

from batonmcp.core.discretion import Discretion
from batonmcp.core.plain_text import shown
from batonmcp.stages.telling import sendable

__all__ = ["Echo"]


@dataclass(frozen=True, slots=True)
class Echo:
    """Prints texts without secrets, and without what steers a terminal, hides on it, or cannot be encoded.

    What is hidden is printed as an escape of JSON, so that JSON stays what it is.
    """

    discretion: Discretion

    def out(self, text: str) -> None:
        """Print to standard output."""
        typer.echo(self._said(text))

    def err(self, text: str) -> None:
        """Print to standard error."""
        typer.echo(self._said(text), err=True)

    def _said(self, text: str) -> str:
        return shown(sendable(self.discretion.text(text)))
