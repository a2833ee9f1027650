"""The processes that started this one."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from batonmcp.config.itself import is_batonmcp
from batonmcp.config.settings import INSIDE

__all__ = ["started_by_batonmcp"]

_FARTHEST = 64


def started_by_batonmcp(environment: Mapping[str, str]) -> bool:
    """Whether batonmcp started this process, itself or through others.

    Every server that we start carries a mark in its environment. One that starts servers of its own may not pass it
    on, so on Linux the processes above are looked at too: the mark in what they were started with, or batonmcp itself.
    """
    return bool(environment.get(INSIDE)) or any(map(_gives_away, _ancestors(os.getpid())))


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
