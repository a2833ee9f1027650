"""The kin of a server: processes that it has started, in whatever process group."""

import os
import signal
import sys
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

__all__ = ["kin_gone"]


@contextmanager
def kin_gone(pid: int) -> Generator[None]:
    """Kill, on leaving, what the process had started by the time of entering and what still lives.

    The group of a server is signalled anyway; this is for those that left it. Each is held by a file descriptor, so
    that no other process can be hit although its id may be used again. On Linux only: elsewhere nothing is done, as
    for a process that began a session of its own and whose parent has ended before.
    """
    if sys.platform != "linux":
        yield
        return
    with ExitStack() as held:
        handles: list[int] = []
        for kin in {*_descendants(pid), *_session(pid)}:
            with suppress(OSError):  # it has ended meanwhile
                handle = os.pidfd_open(kin)
                held.callback(os.close, handle)
                handles.append(handle)
        yield
        for handle in handles:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, signal.SIGKILL)


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
