"""An MCP server of the catalogue of real tools, over stdio, that nobody calls: `python crowd.py CATALOGUE SERVER`.

A host has many servers, and most questions need few of them; the definitions of all the others are there all the same.
"""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from loops.small_server import serve

__all__ = ["CATALOGUE", "catalogue", "crowd"]

_DATA = os.environ.get("BATONMCP_DATA")
CATALOGUE = Path(_DATA or Path(__file__).parents[3] / "shared" / "data") / "catalogue" / "tools.jsonl"
"""527 tools of 70 servers, one a line; not part of the repository, as `tests/recorded_plans.py` tells."""


@cache
def catalogue(path: Path = CATALOGUE) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """Return the definitions by server, none twice."""
    servers: dict[str, dict[str, Mapping[str, Any]]] = {}
    for line in path.read_text("utf-8").splitlines():
        item = json.loads(line)
        servers.setdefault(item["server"], {})[item["name"]] = item
    return {server: list(tools.values()) for server, tools in servers.items()}


def crowd(path: Path = CATALOGUE) -> list[str]:
    """Return every tenth server of the file from the second on, which have about as many tools as the mean of seven."""
    return list(catalogue(path))[1::10] if path.is_file() else []


def _refuse(name: str, _arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"content": [{"type": "text", "text": f"{name} is only here to be seen."}], "isError": True}


def main() -> None:
    """Serve until standard input ends."""
    path, name = sys.argv[1:]
    shown = ("name", "description", "inputSchema")
    serve(name, [{member: tool[member] for member in shown} for tool in catalogue(Path(path))[name]], _refuse)


if __name__ == "__main__":
    main()
