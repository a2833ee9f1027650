"""A server's process where there is no reaper, as on Windows: what it starts itself is out of reach."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

import anyio
from anyio.abc import ByteReceiveStream, ByteSendStream, Process

__all__ = ["Unkept"]

_POLL = 0.01  # process exit has no event that does not also wait for inherited pipes

_EOF_GRACE = 0.5
_TERM_GRACE = 0.3
_KILL_GRACE = 0.5


class Unkept:
    """A server's process that nobody else looks after; the same as `Kept`, as far as that goes.

    Attributes:
        unguarded: Never, for nothing guards it.
        stdin: Its standard input.
        stdout: Its standard output.
        stderr: Its standard error.
    """

    def __init__(self, process: Process) -> None:
        assert process.stdin is not None  # noqa: S101 - all three are opened as pipes
        assert process.stdout is not None  # noqa: S101
        assert process.stderr is not None  # noqa: S101
        self._process = process
        self.unguarded = False
        self.stdin: ByteSendStream = process.stdin
        self.stdout: ByteReceiveStream = process.stdout
        self.stderr: ByteReceiveStream = process.stderr

    @classmethod
    async def start(cls, argv: Sequence[str], env: Mapping[str, str], cwd: str | None) -> "Unkept":
        """Start it.

        Raises:
            OSError: It cannot be started.
        """
        return cls(await anyio.open_process(argv, env=env, cwd=cwd))

    @property
    def pid(self) -> int:
        """Its id."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """Once it has ended."""
        return self._process.returncode

    async def watch(self) -> None:
        """Follow what becomes of it: the event loop does."""

    def kill(self) -> None:
        """Force it to end, at once."""
        with suppress(ProcessLookupError):
            self._process.kill()

    async def end(self) -> bool:
        """Close its input, then ask it to end, then force it; return whether it ended without being asked."""
        with suppress(anyio.ClosedResourceError, anyio.BrokenResourceError, OSError):
            await self.stdin.aclose()
        unasked = await self._exits(_EOF_GRACE)
        if not unasked:
            with suppress(ProcessLookupError):
                self._process.terminate()
            if not await self._exits(_TERM_GRACE):
                self.kill()
                await self._exits(_KILL_GRACE)
        return unasked

    async def aclose(self) -> None:
        """Let go of it."""
        await self._process.aclose()

    async def _exits(self, within: float) -> bool:
        with anyio.move_on_after(within):
            while self.returncode is None:  # noqa: ASYNC110 - see _POLL
                await anyio.sleep(_POLL)
        return self.returncode is not None
