"""The start of a server: by the reaper, or by ourselves where there is none."""

import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from subprocess import DEVNULL
from typing import TypeAlias

from batonmcp.downstream.stdio.ending import Unkept
from batonmcp.downstream.stdio.kept import Kept

__all__ = ["Child", "pack", "spawn"]

Child: TypeAlias = Kept | Unkept

_REAPER = (sys.executable, "-I", "-S", str(Path(__file__).with_name("reaper.py")))
_LENGTH = 4
_ROOM = 1_048_576
_MOMENT = 0.1


async def spawn(argv: Sequence[str], env: Mapping[str, str], cwd: str | None) -> Child:
    """Start a server; `argv` begins with the path of its program.

    Raises:
        OSError: It cannot be started; the file name is the folder's if that is the reason.
        ValueError: Something in it cannot be told to the system.
    """
    if any("\0" in word for word in (*argv, *env, *env.values(), cwd or "")):
        message = "an argument, a variable or the folder holds a NUL character"
        raise ValueError(message)
    if any("=" in name or not name for name in env):
        message = 'a variable has no name, or one with "=" in it'
        raise ValueError(message)
    if sys.platform == "win32":
        return await Unkept.start(argv, env, cwd)
    control, far = socket.socketpair()
    try:
        ours, theirs = _pipes()
    except OSError:
        control.close()
        far.close()
        raise
    kept = Kept(control, ours)
    try:
        with far:
            _zygote.hand((far.fileno(), *theirs))
        await kept.begin(pack(argv, env, cwd), argv[0], cwd)
    except BaseException:
        kept.close()
        raise
    finally:
        for descriptor in theirs:
            os.close(descriptor)
    return kept


def pack(argv: Sequence[str], env: Mapping[str, str], cwd: str | None) -> bytes:
    """Return the order that a keeper takes."""
    words = (cwd or "", str(len(argv)), *argv, *(f"{name}={value}" for name, value in env.items()))
    order = b"\0".join(map(os.fsencode, words))
    return len(order).to_bytes(_LENGTH, "big") + order


def _pipes() -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Return our and the server's ends of its standard input, output and error."""
    opened: list[int] = []
    try:
        for _ in range(3):
            opened += os.pipe()
    except OSError:
        for descriptor in opened:
            os.close(descriptor)
        raise
    stdin, our_stdin, our_stdout, stdout, our_stderr, stderr = opened
    _widen(our_stdout)
    return (our_stdin, our_stdout, our_stderr), (stdin, stdout, stderr)


def _widen(pipe: int) -> None:
    """Let a pipe take a large message at once, where that is allowed."""
    if sys.platform == "linux":
        import fcntl  # noqa: PLC0415 - not on Windows

        with suppress(OSError):  # a user may have so many only
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _ROOM)


class _Zygote:
    """The process that forks keepers. One serves all servers and all event loops of this process."""

    def __init__(self) -> None:
        self._channel: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def hand(self, descriptors: Sequence[int]) -> None:
        """Have a keeper forked that holds these; start the zygote if there is none, or none any more.

        Raises:
            OSError: It does not react.
            RuntimeError: It cannot be started.
        """
        with suppress(ConnectionError):
            socket.send_fds(self._channel or self._start(), [b"+"], descriptors)
            return
        socket.send_fds(self._start(), [b"+"], descriptors)

    def _start(self) -> socket.socket:
        self._let_go()
        near, far = socket.socketpair()
        near.settimeout(0)
        with far:
            try:
                self._process = subprocess.Popen(  # noqa: S603 - our own program
                    _REAPER, stdin=far.fileno(), stdout=DEVNULL, stderr=DEVNULL, start_new_session=True
                )
            except OSError as error:
                near.close()
                message = f"batonmcp cannot start its own helper process: {error}"
                raise RuntimeError(message) from error
        self._channel = near
        return near

    def _let_go(self) -> None:
        """Take leave of one that has ended."""
        if self._channel and self._process:
            self._channel.close()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_MOMENT)


_zygote = _Zygote()
