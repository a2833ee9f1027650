"""A ledger: an MCP server on stdio that writes down every side effect with its id, and the reader of what it wrote.

    python -m doubles.ledger FILE

`record` writes `did ID` before it answers; `look` has no effect; `slow` records after so many seconds. A line is
appended in one write, so several processes, one after the other or at once, share a file. On the standard library only:
it starts fast.
"""

import os
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from doubles.evil_stdio import LIFETIME_S, Server

__all__ = ["Ledger", "argv"]

_LIFETIME_S = float(os.environ.get("BATONMCP_TEST_LIFETIME", LIFETIME_S))


@dataclass(frozen=True, slots=True)
class Ledger:
    """What ledger servers wrote into a file."""

    path: Path

    def lines(self, start: str) -> list[str]:
        """Return what follows `start` in the lines that begin with it."""
        text = self.path.read_text(encoding="utf-8") if self.path.exists() else ""
        return [line.removeprefix(f"{start} ") for line in text.splitlines() if line.startswith(f"{start} ")]

    @property
    def done(self) -> list[str]:
        """The ids of all effects, in order."""
        return self.lines("did")

    @property
    def twice(self) -> list[str]:
        """The ids of effects that happened more than once."""
        return [name for name, count in Counter(self.done).items() if count > 1]

    @property
    def pids(self) -> list[int]:
        """The processes that wrote here, the last one last."""
        return [int(pid) for pid in self.lines("started")]


def argv(path: Path) -> list[str]:
    """Return the command that starts a ledger server; it needs the folder `tests` on its PYTHONPATH."""
    return [sys.executable, "-m", "doubles.ledger", str(path)]


def _tool(name: str, properties: dict[str, str], **annotations: bool) -> dict[str, Any]:
    schema = {"type": "object", "properties": {key: {"type": kind} for key, kind in properties.items()}}
    return {"name": name, "description": f"Do {name}.", "inputSchema": schema, "annotations": annotations}


def _said(text: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": text}]}


def serve(server: Server) -> NoReturn:
    """Give a server the tools of a ledger, and serve."""

    def record(arguments: dict[str, Any]) -> dict[str, Any]:
        time.sleep(float(arguments.get("seconds", 0)))
        server.note(f"did {arguments['id']}")
        return _said(f"did {arguments['id']}")

    write = {"readOnlyHint": False, "destructiveHint": False, "idempotentHint": False, "openWorldHint": False}
    server.definitions = [
        _tool("record", {"id": "string", "seconds": "number"}, **write),
        _tool("look", {"id": "string"}, readOnlyHint=True),
    ]
    server.tools = {"record": record, "look": lambda arguments: _said(f"saw {arguments['id']}")}
    server.note(f"started {os.getpid()}")
    server.serve()
    os._exit(0)


def _main() -> NoReturn:
    alarm = threading.Timer(_LIFETIME_S, os._exit, [9])
    alarm.daemon = True
    alarm.start()
    serve(Server(state=Path(sys.argv[1]), calls=0))


if __name__ == "__main__":
    _main()
