"""The reaper: a program that starts servers, and sees to it that nothing of them outlives us, however we end.

One process of it, the *zygote*, runs beside batonmcp, in a session of its own. For each server it forks a *keeper*,
which starts the server, again in a session of its own, and adopts every process that the server leaves behind. The
keeper waits for the end of its control socket, which comes when batonmcp wants the server stopped, and also when
batonmcp has died; then it ends the server and all that has come of it. A keeper that is killed leaves them to the
zygote.

    zygote's socket, from us    one byte and four descriptors for a server: control, and its stdin, stdout and stderr
    control, from us            an order (its length, then the folder, the number of arguments, them and the
                                variables, between NULs), then any byte for: kill it at once
    control, to us              lines: `pid N` or `errno N cwd|command`, then `exit CODE`, then `gone UNASKED`

It runs by `python -I -S` and imports little, for there is one process of it for each server. Linux only: elsewhere a
process that has left the server's process group is not found.
"""

import ctypes
import gc
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import suppress

__all__ = ["main", "unpack"]

_EOF_GRACE = 0.5
_TERM_GRACE = 0.3
_PACE = 0.05
_LENGTH = 4
_PR_SET_CHILD_SUBREAPER = 36
_DEAF_TO = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
_BACK_TO_NORMAL = (*_DEAF_TO, signal.SIGPIPE, signal.SIGXFSZ)


def unpack(order: bytes) -> tuple[list[bytes], dict[bytes, bytes], bytes]:
    """Return the program and its arguments, the variables, and the folder: empty for where the reaper is."""
    cwd, count, *words = order.split(b"\0")
    pairs = [pair.partition(b"=") for pair in words[int(count) :]]
    return words[: int(count)], {name: value for name, _, value in pairs}, cwd


def _ring(_number: int, _frame: object) -> None:
    """Do nothing: a signal with a handler wakes us up."""


class _Watch:
    """Waits until a socket can be read, or a child has ended."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._bell, self._ring = os.pipe()
        for descriptor in (self._bell, self._ring):
            os.set_blocking(descriptor, False)
        signal.signal(signal.SIGCHLD, _ring)
        signal.set_wakeup_fd(self._ring, warn_on_full_buffer=False)
        self._poll = select.poll()
        for descriptor in (self._bell, channel.fileno()):
            self._poll.register(descriptor, select.POLLIN)

    def wait(self, seconds: float | None = None) -> bool:
        """Return then, or when the time is over; tell whether the socket can be read."""
        ready = [descriptor for descriptor, _ in self._poll.poll(seconds and seconds * 1000)]
        if self._bell in ready:
            os.read(self._bell, 4096)
        return self._channel.fileno() in ready

    def ignore_channel(self) -> None:
        """Wait for children only from now on: the socket has ended."""
        self._poll.unregister(self._channel)

    def close(self) -> None:
        """Let go of all descriptors, in a process that was forked."""
        for descriptor in (self._bell, self._ring):
            os.close(descriptor)
        self._channel.close()


def main() -> None:
    """Be the zygote, until batonmcp and all keepers have gone. Our end of its socket is standard input."""
    channel = socket.socket(fileno=os.dup(0))
    os.dup2(1, 0)  # nobody else shall hold the socket, and no descriptor of a server be one of the first three
    for number in _DEAF_TO:
        signal.signal(number, signal.SIG_IGN)
    _adopt()
    gc.disable()
    gc.freeze()  # what keepers do not write to they share with the zygote
    watch = _Watch(channel)
    keepers: set[int] = set()
    listening = True
    while True:
        if watch.wait():
            byte, descriptors, _, _ = socket.recv_fds(channel, 1, 4)
            if byte:
                keepers.add(_fork(watch, descriptors))
            else:
                watch.ignore_channel()
                listening = False
                _signal(signal.SIGCONT, keepers)  # should somebody have stopped one
        ended, left = _reap()
        keepers -= ended.keys()
        if not (left or listening):
            return
        _signal(signal.SIGKILL, _targets(set(_children()) - keepers))  # left by a keeper that was killed


def _fork(watch: _Watch, descriptors: Sequence[int]) -> int:
    """Fork a keeper; return its id, or -1 if there can be no more processes."""
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)  # noqa: FBT003 - by position only
    control, *pipes = descriptors
    try:
        pid = os.fork()
    except OSError as error:
        os.write(control, f"errno {error.errno} command\n".encode())
        pid = -1
    if pid == 0:
        try:
            watch.close()
            _keep(socket.socket(fileno=control), pipes)
        finally:
            os._exit(0)
    for descriptor in descriptors:
        os.close(descriptor)
    return pid


def _keep(control: socket.socket, pipes: Sequence[int]) -> None:
    order = _receive(control, int.from_bytes(_receive(control, _LENGTH), "big"))
    if not order:
        return
    keeper = _Keeper(control, adopts=_adopt())
    if keeper.start(order, pipes):
        keeper.attend()
        keeper.end()


class _Keeper:
    """Looks after one server."""

    def __init__(self, control: socket.socket, *, adopts: bool) -> None:
        self._control = control
        self._watch = _Watch(control)
        self._adopts = adopts
        self._server = 0
        self._exited = False

    def start(self, order: bytes, pipes: Sequence[int]) -> bool:
        """Start the server and say its id, or why it does not start."""
        said, ours = os.pipe()
        self._server = os.fork()
        if self._server == 0:
            _become(order, pipes, ours)
        for descriptor in (ours, *pipes):
            os.close(descriptor)
        trouble = os.read(said, 100).decode()  # ends without a word when it has become the server
        os.close(said)
        if trouble:
            os.waitpid(self._server, 0)
        self._tell(trouble or f"pid {self._server}")
        return not trouble

    def attend(self) -> None:
        """Wait until the server is to be stopped, or nothing is left of it."""
        while self._look() or not self._adopts:
            if self._watch.wait():
                if not self._control.recv(1):
                    break
                _signal(signal.SIGKILL, self._families())
        self._watch.ignore_channel()

    def end(self) -> None:
        """Wait for the server, whose input has ended, then ask it to end, then force it and all that came of it."""
        deadline = time.monotonic() + _EOF_GRACE
        while self._look() and not self._exited and (left := deadline - time.monotonic()) > 0:
            self._watch.wait(left)
        unasked = self._exited
        self._press(signal.SIGTERM, _TERM_GRACE)
        self._press(signal.SIGKILL, float("inf"))
        if not self._adopts:
            _signal(signal.SIGKILL, {-self._server})
        self._tell(f"gone {unasked:d}")

    def _press(self, number: int, seconds: float) -> None:
        """Signal all that is there or is adopted until nothing is left, or the time is over."""
        deadline = time.monotonic() + seconds
        asked: set[int] = set()
        while self._look() and (left := deadline - time.monotonic()) > 0:
            families = self._families()
            _signal(number, families if number == signal.SIGKILL else families - asked)
            asked |= families
            self._watch.wait(min(left, _PACE))

    def _families(self) -> set[int]:
        """Return the process groups of our children; as parents die, we adopt their children."""
        return _targets(set(_children()) or (set() if self._exited else {self._server}))

    def _look(self) -> bool:
        """Take note of who has ended; tell whether anybody is left."""
        ended, left = _reap()
        if self._server in ended and not self._exited:
            self._exited = True
            self._tell(f"exit {ended[self._server]}")
        return left

    def _tell(self, report: str) -> None:
        with suppress(OSError):  # batonmcp has gone
            self._control.sendall(f"{report}\n".encode())


def _become(order: bytes, pipes: Sequence[int], trouble: int) -> None:
    """Become the server, in a process that was forked for it; never returns."""
    step = "cwd"
    try:
        argv, env, cwd = unpack(order)
        os.setsid()
        if cwd:
            os.chdir(cwd)
        step = "command"
        for number in _BACK_TO_NORMAL:
            signal.signal(number, signal.SIG_DFL)
        for standard, pipe in enumerate(pipes):
            os.dup2(pipe, standard)
        os.execve(argv[0], argv, env)  # noqa: S606 - no shell is the point
    except OSError as error:
        os.write(trouble, f"errno {error.errno} {step}".encode())
    finally:
        os._exit(127)


def _adopt() -> bool:
    """Adopt from now on what our descendants leave behind; tell whether that is possible."""
    return sys.platform == "linux" and ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0


def _reap() -> tuple[dict[int, int], bool]:
    """Return the exit codes of the children that have ended, and whether there are others."""
    ended: dict[int, int] = {}
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended, False
        if pid == 0:
            return ended, True
        ended[pid] = os.waitstatus_to_exitcode(status)


def _children() -> list[int]:
    """Return our children, as far as the system tells. None of these ids can be anybody else's until we reap it."""
    try:
        with open(f"/proc/self/task/{os.getpid()}/children", "rb") as file:  # noqa: PTH123 - pathlib costs a megabyte
            return [int(pid) for pid in file.read().split()]
    except OSError:
        return []


def _targets(children: set[int]) -> set[int]:
    """Return their process groups, as `kill` takes them; whoever is in those descends from a server.

    A child in our own group is about to leave it, and stands for itself.
    """
    groups = {child: os.getpgid(child) for child in children}
    return {child if group == os.getpgrp() else -group for child, group in groups.items()}


def _signal(number: int, targets: set[int]) -> None:
    """Signal processes and groups; no member of a group can fork in between."""
    for target in targets:
        with suppress(ProcessLookupError, PermissionError):  # only zombies are in it, or somebody else's processes
            os.kill(target, number)


def _receive(control: socket.socket, size: int) -> bytes:
    """Return that many bytes, none if batonmcp goes away before."""
    data = b""
    while len(data) < size:
        part = control.recv(size - len(data))
        if not part:
            return b""
        data += part
    return data


if __name__ == "__main__":
    main()
