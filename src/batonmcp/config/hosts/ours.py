"""Our own entry in a host's file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from batonmcp.config.hosts.known import Host
from batonmcp.config.itself import starts_batonmcp

__all__ = ["fleeting", "is_ours", "our_entry"]

_FLEETING: Final = ("archive-v", "builds-v", "environments-v")
"""Beginnings of the names of folders in which uv keeps what it may throw away."""


def fleeting(program: Sequence[str]) -> bool:
    """Whether a program is in a cache, from which it may vanish."""
    return any(part.startswith(_FLEETING) for part in Path(program[0]).parts)


def our_entry(host: Host, program: Sequence[str], config: Path, *, read_only: bool) -> dict[str, JsonValue]:
    """Return the entry that has a host start us, whatever its variables and its working directory are."""
    command, *before = program
    arguments: list[JsonValue] = [*before, "serve", "--config", str(config.absolute())]
    if read_only:
        arguments.append("--read-only")
    entry: dict[str, JsonValue] = {"type": "stdio"} if host.typed else {}
    return {**entry, "command": command, "args": arguments}


def is_ours(entry: JsonValue) -> bool:
    """Whether an entry starts batonmcp."""
    if not isinstance(entry, dict):
        return False
    command, arguments = entry.get("command"), entry.get("args") or []
    if not isinstance(command, str) or not isinstance(arguments, list):
        return False
    return starts_batonmcp([command, *(word for word in arguments if isinstance(word, str))])
