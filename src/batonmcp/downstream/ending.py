"""The end of a server's process and of what it has started."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import anyio
from anyio.abc import Process

__all__ = ["end"]

_POLL = 0.01  # process exit has no event that does not also wait for inherited pipes

_EOF_GRACE = 0.5
_TERM_GRACE = 0.3
_KILL_GRACE = 0.5
_ROUNDS = 3  # a process may start another while it is being looked for


async def end(process: Process) -> bool:
    """Close a server's input, then ask it to end, then force it; tell whether it ended by itself.

    Nothing of its process group is left, and on Linux nothing of its session: a server may have put what it started
    into groups of their own.
    """
    if process.stdin is not None:
        with suppress(anyio.ClosedResourceError, anyio.BrokenResourceError, OSError):
            await process.stdin.aclose()
    by_itself = await _exits(process, _EOF_GRACE)
    if not by_itself:
        _signal_group(process, signal.SIGTERM)
        await _exits(process, _TERM_GRACE)
    _signal_group(process, getattr(signal, "SIGKILL", signal.SIGTERM))
    await _exits(process, _KILL_GRACE)
    for _ in range(_ROUNDS):
        _kill(_session(process.pid))
    return by_itself


def _signal_group(process: Process, number: signal.Signals) -> None:
    """Signal the server's group, which may outlive the server itself."""
    with suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            process.send_signal(number)
        else:
            os.killpg(process.pid, number)


def _session(leader: int) -> Iterator[int]:
    """Yield what is left of the session that a server was started in."""
    entries = Path("/proc").iterdir() if sys.platform == "linux" else ()
    for entry in entries:
        with suppress(ValueError, ProcessLookupError, PermissionError):
            if os.getsid(pid := int(entry.name)) == leader:
                yield pid


def _kill(pids: Iterator[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


async def _exits(process: Process, within: float) -> bool:
    with anyio.move_on_after(within):
        while process.returncode is None:  # noqa: ASYNC110 - see _POLL
            await anyio.sleep(_POLL)
    return process.returncode is not None
