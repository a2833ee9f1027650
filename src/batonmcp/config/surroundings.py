"""Where an entry of servers.json stands."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from batonmcp.config.variables import Variables

__all__ = ["Section", "Surroundings", "Unusable"]

Section: TypeAlias = Literal["mcpServers", "servers"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Where an entry stands.

    Attributes:
        path: The configuration file.
        section: The key under which it has its servers.
        variables: What its texts may name.
        exposed: Whether everybody may change the file, so that it must not start programs.
    """

    path: Path
    section: Section
    variables: Variables
    exposed: bool = False


class Unusable(Exception):
    """An entry cannot be used; the message is the end of the sentence that begins with its place."""
