"""A server that a keeper of the reaper looks after, as we see it."""

import errno
import os
import socket
from collections.abc import Sequence
from contextlib import suppress

import anyio
from anyio.lowlevel import checkpoint

from batonmcp.downstream.stdio.kin import kill_kin
from batonmcp.downstream.stdio.pipes import ReadEnd, WriteEnd

__all__ = ["Kept"]

_LONGEST_END = 2.0


class Kept:
    """A server's process, reached through its keeper.

    Attributes:
        pid: Its id.
        returncode: Once it has ended, if its keeper could tell; below zero for a signal.
        unguarded: Whether its keeper has gone before it.
        stdin: Its standard input.
        stdout: Its standard output.
        stderr: Its standard error.
    """

    def __init__(self, control: socket.socket, pipes: Sequence[int]) -> None:
        control.settimeout(0)
        stdin, stdout, stderr = pipes
        self.pid = 0
        self.returncode: int | None = None
        self.unguarded = False
        self.stdin = WriteEnd(stdin)
        self.stdout = ReadEnd(stdout)
        self.stderr = ReadEnd(stderr)
        self._control = control
        self._heard = b""
        self._over = anyio.Event()
        self._unasked: bool | None = None

    async def begin(self, order: bytes, command: str, cwd: str | None) -> None:
        """Have it started.

        Raises:
            OSError: It cannot be; the file name is the folder's if that is the reason.
        """
        view = memoryview(order)
        while view:
            try:
                view = view[self._control.send(view) :]
            except BlockingIOError:
                await anyio.wait_writable(self._control)
            except ConnectionError:
                break
        match await self._report():
            case ["pid", pid]:
                self.pid = int(pid)
            case ["errno", number, step]:
                raise OSError(int(number), os.strerror(int(number)), cwd if step == "cwd" else command)
            case _:
                raise OSError(errno.ECHILD, "the process that starts it went away")

    async def watch(self) -> None:
        """Follow what becomes of it, until nothing is left or we let go of it; without its keeper, see to its end."""
        try:
            while report := await self._report():
                self._learn(report)
        except anyio.ClosedResourceError:
            return
        if self._unasked is None:
            self.unguarded = True
            kill_kin(self.pid)
        self._over.set()

    def kill(self) -> None:
        """Force it to end, at once."""
        with suppress(OSError):  # it has ended meanwhile
            self._control.send(b"!")

    async def end(self) -> bool:
        """Have it ended, with all that it started, while `watch` runs; return whether it ended without being asked."""
        await self.stdin.aclose()
        with suppress(OSError):
            self._control.shutdown(socket.SHUT_WR)
        with anyio.move_on_after(_LONGEST_END):
            await self._over.wait()
        if not self._over.is_set():  # somebody has stopped its keeper, or the system is very slow
            kill_kin(self.pid)
        return bool(self._unasked)

    async def aclose(self) -> None:
        """Let go of it."""
        self.close()
        await checkpoint()

    def close(self) -> None:
        """Let go of it at once; if it still lives, its keeper ends it."""
        for stream in (self.stdin, self.stdout, self.stderr):
            stream.close()
        if self._control.fileno() >= 0:
            anyio.notify_closing(self._control)
            self._control.close()

    def _learn(self, report: list[str]) -> None:
        match report:
            case ["exit", code]:
                self.returncode = int(code)
            case ["gone", unasked]:
                self._unasked = unasked == "1"
            case _:
                pass

    async def _report(self) -> list[str]:
        """Return the words of the next report; none when there will be no more."""
        while b"\n" not in self._heard:
            try:
                data = self._control.recv(1024)
            except BlockingIOError:
                await anyio.wait_readable(self._control)
                continue
            except ConnectionError:
                data = b""
            if not data:
                return []
            self._heard += data
        report, _, self._heard = self._heard.partition(b"\n")
        return report.decode().split()
