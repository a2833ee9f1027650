"""What is known of a server's process."""

from typing import Protocol

import anyio

from batonmcp.core.limits import Limits

__all__ = ["Running", "ServerProcess"]

_MAX_BYTES = Limits().result_bytes
_TAIL = 65_536
_TAIL_LINES = 20
_TAIL_LINE = 400
_JUNK_A_SECOND = 1_000
_JUNK_AT_A_STRETCH = 1_000_000


class Running(Protocol):
    """A process, as far as it matters here."""

    @property
    def pid(self) -> int:
        """Its id."""
        ...

    @property
    def returncode(self) -> int | None:
        """Once it has ended."""
        ...

    def kill(self) -> None:
        """Force it to end."""
        ...


class ServerProcess:
    """What is known of a server's process: whether it lives, how it behaves, and its last words.

    Attributes:
        max_bytes: Longest message that it may send; past it, it is stopped.
        closed: Set when it has closed its output or its input, unless we were stopping it.
        stopping: Whether we are.
        forced: Whether it had to be made to end.
        deaf: Whether it was given up because it no longer read its input.
        junk: How many lines of its output were no message.
        babbling: Whether it was stopped because there were too many of them.
        overlong: Whether it sent a message past `max_bytes`.
        unguarded: Whether it was stopped because what guards it had been killed.
        writing_since: Since when a message has been waiting for it to read; None if none is.
        unread: Set when its output has ended, or nobody reads it any more.
        unheard: The same of its standard error.
    """

    def __init__(self, max_bytes: int = _MAX_BYTES) -> None:
        self.max_bytes = max_bytes
        self.closed = anyio.Event()
        self.stopping = False
        self.forced = False
        self.deaf = False
        self.junk = 0
        self.babbling = False
        self.overlong = False
        self.unguarded = False
        self.writing_since: float | None = None
        self.unread = anyio.Event()
        self.unheard = anyio.Event()
        self._process: Running | None = None
        self._tail = bytearray()
        self._second = 0.0
        self._junk_this_second = 0
        self._junk_at_a_stretch = 0

    def began(self, process: Running) -> None:
        """Take note that it has been started."""
        self._process = process

    @property
    def pid(self) -> int | None:
        """Its id; None before it started."""
        return None if self._process is None else self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Once it has ended."""
        return None if self._process is None else self._process.returncode

    def ended(self) -> None:
        """Take note that it has closed its output or its input."""
        if not self.stopping:
            self.closed.set()

    def give_up(self, patience: float) -> None:
        """End it if no answer can come any more.

        It may have ended while something that it started holds its output open, or not have read for `patience`
        seconds.
        """
        self.deaf = self.writing_since is not None and anyio.current_time() - self.writing_since >= patience
        if self.deaf:
            self.cut_off()  # the write that it does not take would hold everything up
        elif self.exit_code is not None:
            self.ended()

    def cut_off(self) -> None:
        """Force it to end, at once."""
        if self._process is not None:
            self._process.kill()
            self.ended()

    def made_sense(self) -> None:
        """Take note of a message."""
        self._junk_at_a_stretch = 0

    def made_none(self) -> None:
        """Take note of a line that is no message; too many of them in a second, or at a stretch, end it."""
        self.junk += 1
        self._junk_at_a_stretch += 1
        now = anyio.current_time()
        if now - self._second >= 1:
            self._second, self._junk_this_second = now, 0
        self._junk_this_second += 1
        if self._junk_this_second > _JUNK_A_SECOND or self._junk_at_a_stretch > _JUNK_AT_A_STRETCH:
            self.babbling = True
            self.cut_off()

    @property
    def last_words(self) -> str:
        """The last lines of its standard error, without control characters."""
        lines = [line.decode("utf-8", "replace").strip()[:_TAIL_LINE] for line in self._tail.split(b"\n")]
        said = [line for line in lines if line][-_TAIL_LINES:]
        return "\n".join("".join(char if char.isprintable() else " " for char in line) for line in said)

    def hear(self, data: bytes) -> None:
        """Keep the end of its standard error."""
        self._tail += data
        del self._tail[:-_TAIL]
