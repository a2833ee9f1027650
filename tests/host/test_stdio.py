"""Serving over standard input and output: how it ends. What goes over it, `tests/e2e` shows."""

import json
import signal

import anyio
import pytest

from doubles.closing import closing, heard

pytestmark = pytest.mark.anyio

TIME_S = 20.0
HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}


@pytest.mark.parametrize(
    ("number", "closing_takes", "closed"),
    [
        pytest.param(signal.SIGHUP, 0.0, True, id="closes at once"),
        pytest.param(signal.SIGINT, 60.0, False, id="never closes", marks=pytest.mark.slow),
    ],
)
async def test_a_signal_ends_it(number: signal.Signals, closing_takes: float, closed: bool) -> None:  # noqa: FBT001
    """A signal closes the backend, which has a moment for it, and ends the process although its input stays open."""
    with anyio.fail_after(TIME_S):
        async with await anyio.open_process(closing("stdio", closing_takes)) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            await process.stdin.send(json.dumps(HELLO).encode() + b"\n")
            assert json.loads(await process.stdout.receive())["result"]["serverInfo"]["name"] == "batonmcp"
            assert await heard(process, b"opened\n") == b"opened\n"
            process.send_signal(number)
            began = anyio.current_time()
            assert await process.wait() == 128 + number
            assert anyio.current_time() - began < 10
            assert (b"closed" in await heard(process, b"closed")) is closed


async def test_a_second_signal_is_not_waited_for() -> None:
    """Two signals at once: the process ends, by one or the other, though its backend never closes."""
    with anyio.fail_after(TIME_S):
        async with await anyio.open_process(closing("stdio", 60)) as process:
            assert process.stdin is not None
            await process.stdin.send(json.dumps(HELLO).encode() + b"\n")
            assert await heard(process, b"opened\n") == b"opened\n"
            process.send_signal(signal.SIGTERM)
            process.send_signal(signal.SIGINT)
            assert await process.wait() in {128 + signal.SIGTERM, 128 + signal.SIGINT}


async def test_the_end_of_input_ends_it_in_time() -> None:
    """A backend that never closes does not hold up the end."""
    with anyio.fail_after(TIME_S):
        async with await anyio.open_process(closing("stdio", 60)) as process:
            assert process.stdin is not None
            await process.stdin.send(json.dumps(HELLO).encode() + b"\n")
            assert await heard(process, b"opened\n") == b"opened\n"
            await process.stdin.aclose()
            assert await process.wait() == 0


async def test_the_end_of_input_ends_it() -> None:
    """A host that goes away without having asked anything: the process ends well, and nothing was opened."""
    with anyio.fail_after(TIME_S):
        async with await anyio.open_process(closing("stdio", 0)) as process:
            assert process.stdin is not None
            await process.stdin.aclose()
            assert await process.wait() == 0
            assert await heard(process, b"opened") == b""
