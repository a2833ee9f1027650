"""The end of a process that serves over HTTP, at a signal. How it is over standard input, `test_stdio.py` shows."""

import signal

import anyio
import pytest

from doubles.closing import closing, heard

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

TIME_S = 30.0


@pytest.mark.parametrize(
    ("number", "closing_takes", "closed"),
    [
        (signal.SIGTERM, 0, True),
        (signal.SIGINT, 0.1, True),
        (signal.SIGHUP, 60, False),
    ],
    ids=["closes at once", "closes soon", "never closes"],
)
async def test_a_signal_ends_it(number: signal.Signals, closing_takes: float, closed: bool) -> None:  # noqa: FBT001
    """The backend has a moment to close, with a client connected; then the process ends, and says by which signal."""
    with anyio.fail_after(TIME_S):
        async with await anyio.open_process(closing("http", closing_takes)) as process:
            said = (await heard(process, b"opened\n")).decode()
            port = int(said.partition("127.0.0.1:")[2].partition("/mcp")[0])
            async with await anyio.connect_tcp("127.0.0.1", port):
                process.send_signal(number)
                assert await process.wait() == 128 + number
            assert (b"closed" in await heard(process, b"closed")) is closed


async def test_a_second_signal_is_not_waited_for() -> None:
    """Two signals: the process ends at once though its backend never closes."""
    with anyio.fail_after(TIME_S):
        async with await anyio.open_process(closing("http", 60)) as process:
            await heard(process, b"opened\n")
            process.send_signal(signal.SIGTERM)
            process.send_signal(signal.SIGINT)
            assert await process.wait() in {128 + signal.SIGTERM, 128 + signal.SIGINT}
