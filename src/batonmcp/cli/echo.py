"""What a command prints."""

from dataclasses import dataclass

import typer

from batonmcp.core.discretion import Discretion
from batonmcp.stages.telling import sendable

__all__ = ["Echo"]


@dataclass(frozen=True, slots=True)
class Echo:
    """Prints texts without secrets, and without what a terminal cannot encode."""

    discretion: Discretion

    def out(self, text: str) -> None:
        """Print to standard output."""
        typer.echo(self._said(text))

    def err(self, text: str) -> None:
        """Print to standard error."""
        typer.echo(self._said(text), err=True)

    def _said(self, text: str) -> str:
        return sendable(self.discretion.text(text))
