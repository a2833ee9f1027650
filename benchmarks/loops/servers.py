"""The servers of a question, as commands that a host starts."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from loops.charges import TOOL_S
from loops.crowd import CATALOGUE, crowd
from loops.desk import SERVERS

__all__ = ["Command", "batonmcp", "commands", "write_config"]

Command: TypeAlias = Sequence[str]

_FOLDER = Path(__file__).parent


def commands(names: Sequence[str], *, crowded: bool, tool_s: float = TOOL_S) -> dict[str, Command]:
    """Return the command of each server.

    Args:
        names: Which servers a question needs or has beside those that it needs.
        crowded: Whether seven servers of the catalogue are there as well, which no question needs.
        tool_s: How long a call of the small servers takes.
    """
    python = sys.executable
    found: dict[str, Command] = {
        name: (python, str(_FOLDER / "desk.py"), name, "--seconds", f"{tool_s}")
        if name in SERVERS
        else (python, "-m", "batonmcp.examples", name)
        for name in names
    }
    others = crowd() if crowded else []
    return found | {name: (python, str(_FOLDER / "crowd.py"), str(CATALOGUE), name) for name in others}


def write_config(
    folder: Path, servers: Mapping[str, Command], *, route_cache: bool = False, early_start: bool = True
) -> Path:
    """Write a servers.json for batonmcp.

    Args:
        folder: Where.
        servers: The command of each.
        route_cache: Whether a plan that ran well is used again.
        early_start: Whether steps that only read start while their plan is being written.
    """
    path = folder / f"{'remembers' if route_cache else 'forgets'}-{'early' if early_start else 'waits'}.json"
    entries = {name: {"command": command[0], "args": list(command[1:])} for name, command in servers.items()}
    ours = {"route_cache": route_cache, "limits": {"early_start": early_start}}
    document = {"mcpServers": entries, "batonmcp": ours}
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def batonmcp(config: Path) -> Command:
    """Return the command of batonmcp itself as a server."""
    return (sys.executable, "-m", "batonmcp", "serve", "--config", str(config))
