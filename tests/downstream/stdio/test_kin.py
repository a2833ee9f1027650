"""The kin of a server."""

import os
import subprocess
import sys
from collections.abc import Callable, Generator

import pytest

from batonmcp.downstream.stdio.kin import kill_kin
from doubles.processes import TOKEN_VARIABLE, alive, kill, marked, wait_gone

pytestmark = pytest.mark.anyio

TIME_S = 10.0
START = "import subprocess, sys; print(subprocess.Popen(['sleep', '60'], {}).pid, flush=True); {}"
WAIT = "sys.stdin.read()"

Family = tuple["subprocess.Popen[str]", int]


@pytest.fixture
def family(token: str) -> Generator[Callable[[str, str], Family]]:
    """Start a parent in a session of its own that starts a child, and tell the child's id."""
    parents: list[subprocess.Popen[str]] = []

    def start(how: str, then: str) -> Family:
        parent = subprocess.Popen(
            [sys.executable, "-c", START.format(how, then)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, TOKEN_VARIABLE: token},
            start_new_session=True,
        )
        parents.append(parent)
        assert parent.stdout
        return parent, int(parent.stdout.readline())

    yield start
    kill(marked(token))
    for parent in parents:
        parent.communicate()


@pytest.mark.parametrize("how", ["", "process_group=0", "start_new_session=True"])
async def test_child_is_gone_whatever_group_it_is_in(family: Callable[[str, str], Family], how: str) -> None:
    """A child that left its parent's group, or even its session, is killed together with the parent."""
    parent, child = family(how, WAIT)
    kill_kin(parent.pid)
    await wait_gone([parent.pid, child], within=TIME_S)


async def test_orphan_is_found_by_its_session(family: Callable[[str, str], Family]) -> None:
    """A child whose parent has ended before is still known by the session that the parent began."""
    parent, child = family("process_group=0", "")
    parent.wait(TIME_S)
    assert alive(child)
    kill_kin(parent.pid)
    await wait_gone([child], within=TIME_S)


async def test_strangers_are_left_alone(family: Callable[[str, str], Family], token: str) -> None:
    """Nothing of another session is touched, ourselves included."""
    _, other = family("", WAIT)
    parent, child = family("", WAIT)
    kill_kin(parent.pid)
    await wait_gone([child], within=TIME_S)
    assert other in marked(token)


async def test_process_that_is_gone_has_no_kin(family: Callable[[str, str], Family]) -> None:
    """To ask for the kin of a process that has ended without any is no error."""
    parent, child = family("", WAIT)
    parent.kill()
    os.kill(child, 9)
    parent.wait(TIME_S)
    await wait_gone([child], within=TIME_S)
    kill_kin(parent.pid)
