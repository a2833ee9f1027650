"""The end of a server's process and of what it has started."""

import os
import signal
import sys
from contextlib import suppress

import anyio
from anyio.abc import Process

from batonmcp.downstream.kin import kin_gone

__all__ = ["end"]

_POLL = 0.01  # process exit has no event that does not also wait for inherited pipes

_EOF_GRACE = 0.5
_TERM_GRACE = 0.3
_KILL_GRACE = 0.5


async def end(process: Process) -> bool:
    """Close a server's input, then ask it to end, then force it; return whether it ended without being asked.

    Nothing of its process group is left, and nothing that it started.
    """
    with kin_gone(process.pid):
        if process.stdin is not None:
            with suppress(anyio.ClosedResourceError, anyio.BrokenResourceError, OSError):
                await process.stdin.aclose()
        unasked = await _exits(process, _EOF_GRACE)
        if not unasked:
            _signal_group(process, signal.SIGTERM)
            await _exits(process, _TERM_GRACE)
        _signal_group(process, getattr(signal, "SIGKILL", signal.SIGTERM))
        await _exits(process, _KILL_GRACE)
    return unasked


def _signal_group(process: Process, number: signal.Signals) -> None:
    """Signal the server's group, which may outlive the server itself."""
    with suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            process.send_signal(number)
        else:
            os.killpg(process.pid, number)


async def _exits(process: Process, within: float) -> bool:
    with anyio.move_on_after(within):
        while process.returncode is None:  # noqa: ASYNC110 - see _POLL
            await anyio.sleep(_POLL)
    return process.returncode is not None
