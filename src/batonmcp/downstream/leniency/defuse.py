"""Messages that cannot hold up the event loop: the costly ones are read in a process of their own.

Reading 8 MB of JSON takes from a millisecond (one text) to half a second (millions of empty lists), and the SDK reads
in the event loop. How much it will be can be counted beforehand at the speed of memory, so that nearly every message
goes straight through.
"""

import re
from subprocess import DEVNULL, CalledProcessError

import anyio
from anyio.lowlevel import RunVar
from pydantic_core import from_json

from batonmcp.downstream.give_way import give_way
from batonmcp.downstream.leniency.examination import COMMAND, MOST_LEVELS, MOST_VALUES, examined, refused

__all__ = ["LARGE", "defused"]

LARGE = 256_000
"""Most bytes that are examined here, where a message needs it at all; larger ones are examined elsewhere."""

_AT_A_TIME = 2
_PATIENCE_S = 10.0
_LONGEST_NUMBER = 4_300
_LONG_NUMBER = re.compile(rb"[0-9]{%d}" % (_LONGEST_NUMBER + 1))

_slots: RunVar[anyio.CapacityLimiter] = RunVar("_slots")


async def defused(data: bytes) -> bytes:
    """Return a JSON-RPC message that says the same as `data`, and that the SDK reads quickly.

    That is nearly always `data` itself. What the SDK could not read at all is mended (half a character, a byte that is
    not UTF-8, a number of thousands of digits), else an error in answer to the same request takes its place, so that
    the call fails at once. Never raises: what is no message stays none.
    """
    if data.count(b",") + data.count(b"[") + data.count(b"{") > MOST_VALUES:
        return await _examined_elsewhere(data)
    if len(data) <= LARGE:
        return data if _plain(data) or _readable(data) else examined(data)
    if not _readable(data):
        return await _examined_elsewhere(data)
    await give_way()  # it is read once more now
    return data


def _plain(data: bytes) -> bool:
    """Whether a glance at its bytes says that the SDK can read a message, if it is JSON."""
    return (
        data.isascii()
        and b"\\ud" not in data
        and b"\\uD" not in data
        and data.count(b"[") + data.count(b"{") <= MOST_LEVELS
        and (len(data) <= _LONGEST_NUMBER or not _LONG_NUMBER.search(data))
    )


def _readable(data: bytes) -> bool:
    try:
        from_json(data)
    except ValueError:
        return False
    return True


async def _examined_elsewhere(data: bytes) -> bytes:
    try:
        limiter = _slots.get()
    except LookupError:
        limiter = anyio.CapacityLimiter(_AT_A_TIME)
        _slots.set(limiter)
    try:
        async with limiter:
            with anyio.fail_after(_PATIENCE_S):
                return (await anyio.run_process(COMMAND, input=data, stderr=DEVNULL)).stdout
    except (OSError, CalledProcessError):
        return refused(data, f"the {len(data):,} bytes could not be examined")
