"""A terminal with a program on it: what a person would see and type (POSIX)."""

import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

__all__ = ["Terminal"]

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r")
_ON_TTY = 'exec "$@" <"$0" >"$0" 2>&1'
"""A shell that opens the terminal by its name: as leader of a new session it then owns it, and gets its Ctrl-C."""


class Terminal:
    """Runs a program on a terminal of its own, as a context manager.

    Args:
        command: The program and its arguments.
        env: Its environment.
        columns: The terminal's width: wide, so that lines do not wrap.
    """

    def __init__(self, command: Sequence[str], *, env: Mapping[str, str], columns: int = 500) -> None:
        self._master, self._slave = pty.openpty()
        environment = {"TERM": "xterm", **env, "COLUMNS": str(columns), "LINES": "50"}
        argv = ["sh", "-c", _ON_TTY, os.ttyname(self._slave), *command]
        self.process = subprocess.Popen(argv, env=environment, start_new_session=True, stdin=subprocess.DEVNULL)
        self._seen = ""

    def __enter__(self) -> Self:
        """Watch the terminal."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Kill what still runs, and close the terminal."""
        self.process.kill()
        self.process.wait()
        os.close(self._master)
        os.close(self._slave)

    @property
    def seen(self) -> str:
        """Everything shown so far, without control sequences."""
        return _CONTROL.sub("", self._seen)

    @property
    def raw(self) -> str:
        """Everything that reached the terminal so far, as it did."""
        return self._seen

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self._master, text.encode())

    def expect(self, text: str, *, within: float = 20.0) -> None:
        """Wait until a text has been shown."""
        deadline = time.monotonic() + within
        while text not in self.seen:
            if not self._watch(deadline):
                message = f"waited {within:g} s for {text!r}, saw {self.seen!r}"
                raise AssertionError(message)

    def wait(self, *, within: float = 20.0) -> int:
        """Wait for the end of the program and return its exit code."""
        code = self.process.wait(within)
        while self._watch(0):
            pass
        return code

    def _watch(self, deadline: float) -> bool:
        """Take in what is shown next, False if nothing comes."""
        ready, _, _ = select.select([self._master], [], [], max(0.0, deadline - time.monotonic()))
        if ready:
            self._seen += os.read(self._master, 65_536).decode(errors="replace")
        return bool(ready)
