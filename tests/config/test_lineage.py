"""The processes that started this one."""

import subprocess
import sys
from pathlib import Path

import pytest

from batonmcp.config.lineage import OUR_MARK, started_by_batonmcp, why_not_served
from batonmcp.config.settings import INSIDE

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes above are looked at on Linux only")

TIME_S = 30.0
ASKING = "from batonmcp.config.lineage import started_by_batonmcp; print(started_by_batonmcp({}))"
STARTING = """
import subprocess, sys
if depth := int(sys.argv[1]):
    command = [sys.executable, "-c", {starting!r}, str(depth - 1)]
else:
    command = [sys.executable, "-c", {asking!r}]
subprocess.run(command, env={{}}, check=True)
"""


def started(folder: Path, name: str, environment: dict[str, str], *, between: int = 0) -> bool:
    """Have a program of a name, in an environment, start others that drop it, and return what the last one finds."""
    starting = STARTING.format(starting="", asking=ASKING)
    for _ in range(between):
        starting = STARTING.format(starting=starting, asking=ASKING)
    path = folder / name
    path.write_text(starting)
    done = subprocess.run(
        [sys.executable, path, str(between)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=TIME_S,
        check=True,
    )
    return {"True\n": True, "False\n": False}[done.stdout]


def test_mark_in_the_environment() -> None:
    """A server that batonmcp has started directly carries its mark; an empty one is none."""
    assert started_by_batonmcp({INSIDE: "1"})
    assert not started_by_batonmcp({INSIDE: ""})
    assert not started_by_batonmcp({})


@pytest.mark.parametrize("between", [0, 2])
def test_mark_further_up(tmp_path: Path, between: int) -> None:
    """A server of ours that drops the mark for its own children still carries it itself."""
    assert started(tmp_path, "hub.py", {INSIDE: "1"}, between=between)
    assert not started(tmp_path, "hub.py", {INSIDE: ""}, between=between)


@pytest.mark.parametrize(("name", "found"), [("batonmcp", True), ("batonmcp-example", False), ("batonmcp.py", False)])
def test_ourselves_further_up(tmp_path: Path, name: str, *, found: bool) -> None:
    """Where a server was started without the mark, its starter is known by its command line."""
    assert started(tmp_path, name, {}) is found


def test_a_call_that_comes_back_is_refused() -> None:
    """Our own mark in the chain of a call means that it began here; the sentence says what to take out."""
    refusal = why_not_served(["other", OUR_MARK])
    assert refusal is not None
    assert "come back to the batonmcp that made it" in refusal
    assert "Remove the entry of servers.json" in refusal


@pytest.mark.parametrize(("length", "served"), [(0, True), (3, True), (4, False), (100, False)])
def test_a_long_way_is_refused(length: int, *, served: bool) -> None:
    """A few processes one behind the other are somebody's wish; many are a mistake."""
    refusal = why_not_served([f"hub{number}" for number in range(length)])
    assert (refusal is None) is served
    assert served or f"through {length} others" in (refusal or "")


def test_each_process_has_a_mark_of_its_own() -> None:
    """Nobody can guess it."""
    printing = "from batonmcp.config.lineage import OUR_MARK; print(OUR_MARK)"
    marks = {
        subprocess.run(
            [sys.executable, "-c", printing], capture_output=True, text=True, timeout=TIME_S, check=True
        ).stdout.strip()
        for _ in range(2)
    }
    assert len(marks | {OUR_MARK}) == 3
    assert all(len(mark) == 16 for mark in marks)
