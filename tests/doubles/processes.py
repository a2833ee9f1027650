"""Which processes are alive: for tests that must leave no orphan behind (Linux, read from /proc).

Descent is lost when a parent dies first, a mark is not: start the tree with `TOKEN_VARIABLE=<unique token>` in its
environment, and `marked(token)` finds whatever is left of it, whoever adopted it.
"""

import os
import signal
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import anyio

__all__ = ["TOKEN_VARIABLE", "alive", "descendants", "kill", "marked", "wait_gone", "wait_unmarked"]

TOKEN_VARIABLE = "BATONMCP_TEST_MARK"  # noqa: S105 - the name of a marker, not a secret

_INTERVAL_S = 0.01


def alive(pid: int) -> bool:
    """Tell whether `pid` runs. A zombie does not: it only waits for its parent to take notice."""
    status = _state_and_parent(pid)
    return status is not None and status[0] not in "ZX"


def descendants(pid: int) -> frozenset[int]:
    """Return the living children of `pid`, their children and so on."""
    children: defaultdict[int, set[int]] = defaultdict(set)
    for child in _pids():
        if status := _state_and_parent(child):
            children[status[1]].add(child)
    found: set[int] = set()
    unseen = {pid}
    while unseen:
        unseen = {child for parent in unseen for child in children[parent]} - found
        found |= unseen
    return frozenset(filter(alive, found))


def marked(token: str) -> frozenset[int]:
    """Return the living processes that were started with `TOKEN_VARIABLE` set to `token`."""
    entry = f"{TOKEN_VARIABLE}={token}".encode()
    return frozenset(pid for pid in _pids() if entry in _environment(pid) and alive(pid))


async def wait_gone(pids: Iterable[int], *, within: float) -> None:
    """Return once none of `pids` is alive; raise an `AssertionError` naming the survivors after `within` seconds."""
    awaited = frozenset(pids)
    await _wait_empty(lambda: frozenset(filter(alive, awaited)), within=within)


async def wait_unmarked(token: str, *, within: float) -> None:
    """Like `wait_gone` for all processes marked with `token`, those started meanwhile included."""
    await _wait_empty(lambda: marked(token), within=within)


def kill(pids: Iterable[int]) -> None:
    """Kill each of `pids` that still runs: the clean-up of a test that may have failed."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


async def _wait_empty(look: Callable[[], frozenset[int]], *, within: float) -> None:
    deadline = anyio.current_time() + within
    while survivors := look():
        if anyio.current_time() >= deadline:
            names = ", ".join(f"{pid} ({_command(pid)})" for pid in sorted(survivors))
            message = f"still alive after {within:g} s: {names}"
            raise AssertionError(message)
        await anyio.sleep(_INTERVAL_S)  # the death of a process that is not our child is no event


def _pids() -> Iterator[int]:
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _state_and_parent(pid: int) -> tuple[str, int] | None:
    stat = _read(pid, "stat")
    if not stat:
        return None
    state, parent, *_ = stat.rpartition(b")")[2].split()  # the name before it may hold spaces and brackets
    return state.decode(), int(parent)


def _environment(pid: int) -> list[bytes]:
    return _read(pid, "environ").split(b"\0")


def _command(pid: int) -> str:
    return _read(pid, "cmdline").replace(b"\0", b" ").decode(errors="replace").strip()


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:  # it ended, or belongs to somebody else
        return b""
