"""The kin of a server: processes that it has started, in whatever process group."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

__all__ = ["kill_kin"]

_ROUNDS = 3


def kill_kin(pid: int) -> None:
    """Kill a server and what descends from it or is in its session: what is left to do when nobody guards it.

    On Linux only. A process that began a session of its own and whose parent has ended before is not found.
    """
    if sys.platform != "linux":
        return
    for _ in range(_ROUNDS):  # they may have forked meanwhile
        for kin in {pid, *_descendants(pid), *_session(pid)}:
            with suppress(OSError):  # it has ended meanwhile
                handle = os.pidfd_open(kin)
                try:
                    signal.pidfd_send_signal(handle, signal.SIGKILL)
                finally:
                    os.close(handle)


def _descendants(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").glob("*"):
        with suppress(OSError):  # the thread or the process has ended meanwhile
            for child in map(int, (task / "children").read_text().split()):
                yield child
                yield from _descendants(child)


def _session(leader: int) -> Iterator[int]:
    """Yield who is in the session that the process began: that remains when the process itself has ended."""
    for entry in Path("/proc").iterdir():
        with suppress(ValueError, ProcessLookupError):  # no process, or it has ended meanwhile
            if os.getsid(pid := int(entry.name)) == leader:
                yield pid
