"""Faults of the system and of our own process. Each test is a row of the matrix, told there in words."""

import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.abc import Process
from mcp import Client, StdioServerParameters

from doubles import evil_more, evil_stdio
from doubles.ledger import Ledger
from doubles.processes import descendants, marked, wait_unmarked
from faults.invariants import Ground

pytestmark = pytest.mark.anyio

WriteConfig = Callable[..., Path]
TESTS = str(Path(__file__).parent.parent)
KINDS = ("ok", "ignore_eof", "grandchild", "daemon", "leader_exits", "no_read")
END_S = 1.0
HELLO = (
    b'{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2025-06-18", '
    b'"capabilities": {}, "clientInfo": {"name": "host", "version": "1"}}}\n'
)


def entries(folder: Path, kinds: Sequence[str] = KINDS) -> dict[str, dict[str, Any]]:
    """Return entries of servers.json for servers that are hard to end, each of which notes that it has started."""
    found: dict[str, dict[str, Any]] = {}
    for kind in kinds:
        double = evil_more if kind in evil_more.MODES else evil_stdio
        command, *arguments = double.argv(kind, state=folder / kind)
        found[kind] = {"command": command, "args": arguments, "env": {"PYTHONPATH": TESTS}}
    return found


@asynccontextmanager
async def hub(config: Path, folder: Path, *before: str, kinds: Sequence[str] = KINDS) -> AsyncGenerator[Process]:
    """Run `batonmcp serve` as a host does, and yield it once all servers have started."""
    command = [*before, sys.executable, "-m", "batonmcp", "serve", "--config", str(config)]
    null = subprocess.DEVNULL
    with anyio.fail_after(30):
        async with await anyio.open_process(command, stdin=subprocess.PIPE, stdout=null, stderr=null) as process:
            assert process.stdin
            await process.stdin.send(HELLO)
            while not all(Ledger(folder / kind).pids for kind in kinds):  # noqa: ASYNC110 - the servers' notes
                await anyio.sleep(0.01)
            yield process
            if process.returncode is None:
                process.kill()


async def ends(process: Process) -> int:
    """Return the exit code, which must come within a second."""
    with anyio.fail_after(END_S + 1):
        return await process.wait()


@pytest.mark.slow
@pytest.mark.no_cover
async def test_o01_killed_at_any_moment(ground: Ground, write_config: WriteConfig) -> None:
    """Nothing is left a second later, whatever it was doing."""
    config = write_config(entries(ground.folder))
    dice = random.Random(7)  # noqa: S311 - moments, no secrets
    for _ in range(3):
        async with hub(config, ground.folder) as process:
            await anyio.sleep(dice.random() * 0.5)
            process.kill()
            await process.wait()
            await wait_unmarked(ground.token, within=END_S + 1)
        for kind in KINDS:
            (ground.folder / kind).unlink()


@pytest.mark.slow
@pytest.mark.no_cover
async def test_o02_terminated(ground: Ground, write_config: WriteConfig) -> None:
    """SIGTERM while the input is open ends us and all processes within a second."""
    async with hub(write_config(entries(ground.folder)), ground.folder) as process:
        process.terminate()
        await ends(process)
        await wait_unmarked(ground.token, within=END_S)


@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.parametrize("times", [1, 2, 5])
async def test_o03_interrupted(ground: Ground, write_config: WriteConfig, times: int) -> None:
    """SIGINT, once or again and again, does the same."""
    async with hub(write_config(entries(ground.folder)), ground.folder) as process:
        for _ in range(times):
            process.send_signal(signal.SIGINT)
        await ends(process)
        await wait_unmarked(ground.token, within=END_S)


@contextmanager
def limited(kind: int, to: int) -> Generator[None]:
    """Lower a limit of this process meanwhile."""
    before, most = resource.getrlimit(kind)
    resource.setrlimit(kind, (to, most))
    try:
        yield
    finally:
        resource.setrlimit(kind, (before, most))


def addressed() -> int:
    """Return how much memory this process has asked for."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")


async def test_o05_no_descriptors_are_left(ground: Ground) -> None:
    """A server that cannot be started again says why; the good one goes on; with room again, it is back."""
    async with ground.session(ground.evil("ok")) as session:
        assert await session.value("bad__echo", text="x") == "x"
        (pid,) = (int(pid) for pid in ground.noted("bad", "started"))
        with limited(resource.RLIMIT_NOFILE, len(os.listdir("/proc/self/fd"))):  # noqa: PTH208 - a count
            os.kill(pid, signal.SIGKILL)
            with anyio.fail_after(10):
                while "open files" not in str(session.fleet.reports()[1].trouble):  # noqa: ASYNC110 - as it stands
                    await anyio.sleep(0.05)
        with anyio.fail_after(15):
            while "bad__echo" not in await session.registry():  # noqa: ASYNC110 - as it stands
                await anyio.sleep(0.05)
        assert await session.value("bad__echo", within=10, text="x") == "x"


async def test_o06_little_memory(ground: Ground) -> None:
    """With 128 MB more than now, a message of 100 MB is refused all the same."""
    ground.heavy = True
    async with ground.session(ground.more("huge", size=100)) as session:
        with limited(resource.RLIMIT_AS, addressed() + 128 * 2**20):
            failed = await session.failure("bad__huge", within=10)
        assert "8,000,000 bytes" in failed.error.message


async def run_plan(server: StdioServerParameters) -> str:
    """Have a host run one call, and return what it is told."""
    plan = {"steps": [{"id": "a", "tool": "ok__echo", "arguments": {"text": "all is well"}}]}
    with anyio.fail_after(40):
        async with Client(server) as host:
            result = await host.call_tool("orchestrate", {"query": "x", "plan": plan})
    return str(result.content[0])


@pytest.mark.slow
async def test_o09_poor_environment(ground: Ground, write_config: WriteConfig) -> None:
    """Without HOME, with a folder for temporary files that does not exist, and in the locale C, it works."""
    config = write_config(entries(ground.folder, ["ok"]))
    environment = {"HOME": "", "TMPDIR": "/nowhere", "LANG": "C", "LC_ALL": "C", "TERM": ""}
    arguments = ["-m", "batonmcp", "serve", "--config", str(config)]
    said = await run_plan(StdioServerParameters(command=sys.executable, args=arguments, env=environment))
    assert "all is well" in said


@pytest.mark.slow
@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full"])
async def test_o10_standard_error_is_closed(ground: Ground, write_config: WriteConfig, redirection: str) -> None:
    """Whether it is closed or takes nothing, it works."""
    config = write_config(
        entries(ground.folder, ["ok"]) | {"broken": {"command": "no-such-program-anywhere"}}, unknown_key=1
    )
    script = f'exec "$0" -m batonmcp serve --config "$1" {redirection}'
    said = await run_plan(StdioServerParameters(command="sh", args=["-c", script, sys.executable, str(config)]))
    assert "all is well" in said


@pytest.mark.slow
@pytest.mark.no_cover
async def test_o16_first_process(ground: Ground, write_config: WriteConfig) -> None:
    """In a process space of its own, in which it is the first, the dead children that it inherits are waited for."""
    if os.geteuid() or not shutil.which("unshare"):
        pytest.skip("only root can make a process space")
    kinds = ["ok", "daemon"]
    config = write_config(entries(ground.folder, kinds))
    async with hub(config, ground.folder, "unshare", "--fork", "--pid", "--mount-proc", kinds=kinds) as process:
        before = descendants(process.pid)
        assert len(before) >= 3
        for pid in sorted(marked(ground.token)):
            os.kill(pid, signal.SIGKILL)
        with anyio.fail_after(5):
            while zombies(process.pid):  # noqa: ASYNC110 - the end of a child of another process is no event
                await anyio.sleep(0.05)


def zombies(ancestor: int) -> list[int]:
    """Return the dead descendants that nobody has waited for."""
    found: list[int] = []
    seen = {ancestor}
    for _ in range(4):
        for entry in Path("/proc").glob("[0-9]*/stat"):
            try:
                name, _, rest = entry.read_text().rpartition(")")
            except OSError:  # it has ended meanwhile
                continue
            state, parent, *_ = rest.split()
            if int(parent) in seen:
                seen.add(int(name.split()[0]))
                found += [int(name.split()[0])] if state == "Z" else []
    return found


@pytest.mark.slow
async def test_o13_two_of_us_with_one_store(ground: Ground, write_config: WriteConfig, tmp_path: Path) -> None:
    """Both keep their runs in it, and either sees those of the other."""
    del ground
    store = {**os.environ, "BATONMCP_STORE": str(tmp_path / "store.sqlite3")}
    path = write_config({"one": {"command": sys.executable, "args": evil_stdio.argv("ok")[1:]}})
    plan = tmp_path / "plan.json"
    plan.write_text('{"steps": [{"id": "a", "tool": "one__echo", "arguments": {"text": "x"}}]}')
    asking = [sys.executable, "-m", "batonmcp", "ask", "--plan", str(plan), "--config", str(path)]
    with anyio.fail_after(60):
        async with anyio.create_task_group() as both:
            for _ in range(2):
                both.start_soon(partial(anyio.run_process, asking, env=store))
        listing = [sys.executable, "-m", "batonmcp", "runs", "--json", "--config", str(path)]
        listed = await anyio.run_process(listing, env=store)
    assert [run["status"] for run in json.loads(listed.stdout)] == ["ok", "ok"]
