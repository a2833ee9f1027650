"""A command run in this process."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["Done", "RunCommand"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A command that has ended."""

    code: object
    out: str
    err: str


RunCommand: TypeAlias = Callable[..., Done]
"""Runs a command of `batonmcp` with these arguments, as in a pipe."""
