"""The processes that started this one, or called it."""

import os
import secrets
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from batonmcp.config.itself import is_batonmcp
from batonmcp.config.settings import INSIDE

__all__ = ["CHAIN", "OUR_MARK", "started_by_batonmcp", "why_not_served"]

CHAIN: Final = "batonmcp/chain"
"""Where in the metadata of a call the marks stand of all the processes of ours through which it came."""

OUR_MARK: Final = secrets.token_hex(8)
"""The mark of this process, in the chain of every call that it makes over HTTP."""

_FARTHEST = 64
_LONGEST_CHAIN = 3


def started_by_batonmcp(environment: Mapping[str, str]) -> bool:
    """Whether batonmcp started this process, itself or through others.

    Every server that we start carries a mark in its environment. One that starts servers of its own may not pass it
    on, so on Linux the processes above are looked at too: the mark in what they were started with, or batonmcp itself.
    """
    return bool(environment.get(INSIDE)) or any(map(_gives_away, _ancestors(os.getpid())))


def why_not_served(chain: Sequence[str]) -> str | None:
    """Say, as a sentence, why a call that came through these processes is refused; None if it is not.

    Over HTTP no process starts the other, so that two which list each other would call each other for ever.
    """
    if OUR_MARK in chain:
        return (
            "Nothing was run: this call has come back to the batonmcp that made it, which would never end. "
            "Remove the entry of servers.json that leads from one batonmcp back to the other."
        )
    if len(chain) > _LONGEST_CHAIN:
        return (
            f"Nothing was run: this call has come through {len(chain)} others of batonmcp, one behind the other, and "
            f"{_LONGEST_CHAIN} are allowed. Write the servers that are wanted into one servers.json."
        )
    return None


def _ancestors(pid: int) -> Iterator[int]:
    """Yield the parent of a process, its parent and so on, as far as the system tells."""
    if sys.platform != "linux":
        return
    for _ in range(_FARTHEST):
        status = _read(pid, "stat")
        if not status:
            return
        pid = int(status.rpartition(b")")[2].split()[1])  # the name before it may hold spaces and brackets
        if pid <= 0:
            return
        yield pid


def _gives_away(pid: int) -> bool:
    mark = f"{INSIDE}=".encode()
    if any(entry.startswith(mark) and entry != mark for entry in _read(pid, "environ").split(b"\0")):
        return True
    return is_batonmcp([os.fsdecode(word) for word in _read(pid, "cmdline").split(b"\0")])


def _read(pid: int, name: str) -> bytes:
    with suppress(OSError):  # it has ended, or belongs to somebody else
        return Path(f"/proc/{pid}/{name}").read_bytes()
    return b""
