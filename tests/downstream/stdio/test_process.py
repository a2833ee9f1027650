"""What is known of a server's process."""

import anyio
import anyio.lowlevel
import pytest
import trio
from trio.testing import MockClock

from batonmcp.core.limits import Limits
from batonmcp.downstream.stdio.process import ServerProcess

pytestmark = pytest.mark.anyio


class Process:
    """A process that can be killed."""

    pid = 7

    def __init__(self) -> None:
        self.returncode: int | None = None

    def kill(self) -> None:
        """Note it."""
        self.returncode = -9


def running() -> tuple[ServerProcess, Process]:
    """Return what is known of a process that runs, and the process."""
    about, process = ServerProcess(), Process()
    about.began(process)
    return about, process


async def test_before_it_starts() -> None:
    """Nothing is known, and nothing can be given up; a message may be as long as a result."""
    about = ServerProcess()
    about.give_up(patience=0)
    about.cut_off()
    assert (about.pid, about.exit_code, about.closed.is_set(), about.last_words) == (None, None, False, "")
    assert about.max_bytes == Limits().result_bytes


async def test_it_is_given_up_when_it_does_not_read() -> None:
    """A message that has waited for too long ends it; one that has not, does not."""
    about, process = running()
    about.writing_since = anyio.current_time()
    about.give_up(patience=60)
    assert (process.returncode, about.deaf, about.closed.is_set()) == (None, False, False)
    about.give_up(patience=0)
    assert (process.returncode, about.deaf, about.closed.is_set()) == (-9, True, True)


async def test_it_is_given_up_when_it_has_ended() -> None:
    """What has ended gives no answer any more."""
    about, process = running()
    about.give_up(patience=0)
    assert not about.closed.is_set()
    process.returncode = 3
    about.give_up(patience=0)
    assert (about.closed.is_set(), about.exit_code, about.deaf) == (True, 3, False)


async def test_an_end_of_ours_is_no_end_of_its_own() -> None:
    """While we stop it, it counts as open."""
    about, _ = running()
    about.stopping = True
    about.ended()
    assert not about.closed.is_set()


async def test_a_thousand_lines_of_junk_are_borne_in_a_second() -> None:
    """One more ends it: whether they come at once, or in the second that began with one of them."""
    about, process = running()
    for _ in range(1_000):
        about.made_none()
    assert (process.returncode, about.babbling, about.junk) == (None, False, 1_000)
    about.made_none()
    assert (process.returncode, about.babbling, about.closed.is_set()) == (-9, True, True)


async def test_messages_between_do_not_excuse_a_flood() -> None:
    """A server that is useful and floods us is stopped as well."""
    about, process = running()
    for _ in range(1_001):
        about.made_sense()
        about.made_none()
    assert process.returncode == -9


def test_a_million_lines_of_junk_are_borne_at_a_stretch() -> None:
    """However slowly they come; a message begins another stretch."""

    async def babble() -> None:
        about, process = running()
        for number in range(1_000_002):
            if number % 1_000 == 0:
                clock.jump(2)
            if number == 1:
                about.made_sense()
            assert process.returncode is None
            about.made_none()
        assert about.babbling
        await anyio.lowlevel.checkpoint()

    clock = MockClock()
    trio.run(babble, clock=clock)


async def test_last_words_cannot_write_on_a_terminal() -> None:
    """Control characters, colours included, become blanks; a line is bounded, and blank ones are dropped."""
    about = ServerProcess()
    for line in (b"\x1b[31mred\x07!", b"  ", b"\xff" * 3, b"x" * 9_000):
        about.hear(line + b"\n")
    assert about.last_words.splitlines() == [" [31mred !", "\ufffd" * 3, "x" * 400]


async def test_last_words_are_the_last() -> None:
    """Twenty lines of what was heard last, in whatever pieces; more than 64 KB is not kept."""
    about = ServerProcess()
    for number in range(30):
        about.hear(b"li")
        about.hear(f"ne {number}\n".encode())
    assert about.last_words.splitlines() == [f"line {number}" for number in range(10, 30)]
    for _ in range(100):
        about.hear(b"y" * 10_000)
    assert about.last_words == "y" * 400
