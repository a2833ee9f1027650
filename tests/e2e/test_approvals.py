"""Decisions between real processes: `batonmcp serve` for a host, `batonmcp approve` on a terminal, one store."""

import os
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest
from mcp import Client, StdioServerParameters
from mcp_types import CallToolResult

from batonmcp.store.approvals import Approvals
from batonmcp.store.sqlite import SqliteStore
from doubles.evil_stdio import argv
from doubles.hub import Person, record_of, said
from doubles.terminal import Terminal

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

WriteConfig = Callable[..., Path]

TIME_S = 90.0
PUT: dict[str, Any] = {"id": "put", "tool": "evil__put", "arguments": {"key": "colour", "value": "red"}}
WRITES = {"query": "Paint it", "plan": {"steps": [PUT]}}
QUESTION = "Run it? [o]nce, [a]lways for these tools, [n]o: "


class Place:
    """A configuration, its store, and what the server behind has been called with."""

    def __init__(self, write_config: WriteConfig, folder: Path) -> None:
        self._ledger = folder / "ledger"
        command, *arguments = argv("write_tool", state=self._ledger)
        self.store = folder / "data" / "store.sqlite3"
        servers = {"evil": {"command": command, "args": arguments}}
        self.config = str(write_config(servers, store={"path": str(self.store)}))

    @property
    def calls(self) -> list[str]:
        """The tools that were called."""
        lines = self._ledger.read_text().splitlines() if self._ledger.exists() else []
        return [line.split()[1] for line in lines if line.startswith("call ")]

    def environment(self) -> dict[str, str]:
        """Return the environment of our programs."""
        plain = {"PATH", "HOME", "PYTHONPATH"}
        kept = {name: text for name, text in os.environ.items() if name in plain or name.startswith("COVERAGE_")}
        return {**kept, "BATONMCP_STORE": str(self.store)}

    @asynccontextmanager
    async def host(self, mode: str, person: Person | None = None) -> AsyncGenerator[Client]:
        """Start `batonmcp serve` as a host does."""
        arguments = ["-m", "batonmcp", "serve", "--config", self.config]
        command = StdioServerParameters(command=sys.executable, args=arguments, env=self.environment())
        callback = person.answer if person else None
        async with Client(command, mode=mode, elicitation_callback=callback) as host:
            yield host


@pytest.fixture
def place(write_config: WriteConfig, tmp_path: Path) -> Place:
    """Where it all happens."""
    return Place(write_config, tmp_path)


@pytest.fixture(params=["legacy", "auto"], ids=["legacy", "modern"])
def mode(request: pytest.FixtureRequest) -> str:
    """Both eras of hosts."""
    return request.param


@pytest.fixture
def approve(place: Place) -> Generator[Callable[..., Terminal]]:
    """Start the very command that a host was given, on a terminal."""
    with ExitStack() as terminals:

        def start(line: str) -> Terminal:
            return terminals.enter_context(Terminal(["sh", "-c", f"exec {line}"], env=place.environment()))

        yield start


def command_in(result: CallToolResult) -> str:
    """Return the command that a host is to tell its user."""
    (line,) = [line for line in said(result).splitlines() if " --config " in line and " approve " in line]
    return line


def typed(terminal: Terminal, keys: str) -> int:
    """Answer the question on a terminal, and return the exit code."""
    terminal.expect(QUESTION)
    terminal.type(keys)
    return terminal.wait()


async def visit(host: Client, result: CallToolResult) -> CallToolResult:
    """Visit the run of a reply."""
    return await host.call_tool("orchestrate", {"run_id": record_of(result)["run_id"]})


@pytest.mark.parametrize(
    ("mode", "keys", "status", "calls"),
    [
        ("legacy", "o\n", "ok", ["put"]),
        ("auto", "o\n", "ok", ["put"]),
        ("legacy", "n\n", "refused", []),
        ("auto", "a\n", "ok", ["put"]),
    ],
    ids=["once, legacy", "once, modern", "no, legacy", "always, modern"],
)
async def test_a_person_on_a_terminal_decides(
    mode: str, keys: str, status: str, calls: list[str], place: Place, approve: Callable[..., Terminal]
) -> None:
    """Nothing has run when they read it; then exactly that runs, once, or nothing does; the other process hears it."""
    with anyio.fail_after(TIME_S):
        async with place.host(mode) as host:
            asked = await host.call_tool("orchestrate", WRITES)
            assert (record_of(asked)["status"], place.calls) == ("approval_required", [])
            terminal = approve(command_in(asked))
            assert await anyio.to_thread.run_sync(partial(typed, terminal, keys)) == 0
            assert 'value = "red"' in terminal.seen
            assert place.calls == []
            done = [record_of(await visit(host, asked))["status"] for _ in range(2)]
            assert (done, place.calls) == ([status] * 2, calls)
            again = record_of(await host.call_tool("orchestrate", WRITES))["status"]
            assert again == ("ok" if keys == "a\n" else "approval_required")
    assert place.calls == (["put", "put"] if keys == "a\n" else calls)


async def test_nobody_decides_twice(place: Place, approve: Callable[..., Terminal]) -> None:
    """Of two people on two terminals one decides; the other is told that it is too late."""
    with anyio.fail_after(TIME_S):
        async with place.host("auto") as host:
            asked = await host.call_tool("orchestrate", WRITES)
            first, second = (approve(command_in(asked)) for _ in range(2))
            for terminal in (first, second):
                await anyio.to_thread.run_sync(terminal.expect, QUESTION)
            codes = [await anyio.to_thread.run_sync(partial(typed, one, "o\n")) for one in (first, second)]
            assert codes == [0, 1]
            assert "Nothing was decided" in second.seen
            assert record_of(await visit(host, asked))["status"] == "ok"
    assert place.calls == ["put"]


async def test_after_a_restart_the_run_is_read_and_not_run(
    mode: str, place: Place, approve: Callable[..., Terminal]
) -> None:
    """A run that was decided about and is gone with its process runs nothing in the next; one that ended is read."""
    with anyio.fail_after(TIME_S):
        async with place.host(mode) as host:
            asked = await host.call_tool("orchestrate", WRITES)
            assert await anyio.to_thread.run_sync(partial(typed, approve(command_in(asked)), "o\n")) == 0
        async with place.host(mode, Person()) as host:
            gone = await visit(host, asked)
            assert place.calls == []
            assert "ok" not in record_of(gone)["status"]
            ended = await host.call_tool("orchestrate", WRITES)
            assert (record_of(ended)["status"], place.calls) == ("ok", ["put"])
        async with place.host(mode) as host:
            kept = await visit(host, ended)
            assert said(kept).startswith(f"Run {record_of(ended)['run_id']}, ok, as it was kept.")
    assert place.calls == ["put"]
    store = SqliteStore(place.store)
    assert await Approvals(store).pending() == []
    await store.aclose()
