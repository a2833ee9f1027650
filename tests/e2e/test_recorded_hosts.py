"""Hosts as they are on the wire: what each says first, word for word, and how it ends its servers.

Each file in hosts/ is a host: one message a line, in its order and with its spelling. A host waits for the answer to a
request before it says the next thing.
"""

import json
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import pytest

from doubles.evil_stdio import argv
from doubles.processes import TOKEN_VARIABLE, marked, wait_unmarked
from doubles.raw_host import Message, RawHost, raw_host

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

WriteConfig = Callable[..., Path]
Servers = dict[str, dict[str, Any]]
Farewell = Sequence[tuple[signal.Signals | None, float]]

HOSTS = Path(__file__).parent / "hosts"
TIME_S = 60
INPUT_ENDS = None
HURRIED = frozenset({"claude_code_2.1.197", "claude_code_2.1.317"})
"""Hosts that kill so soon that a busy machine may not have let us end by then: their servers must end all the same."""

SDK: Farewell = [(INPUT_ENDS, 2.0), (signal.SIGTERM, 2.0), (signal.SIGKILL, 1.0)]
FAREWELLS: dict[str, Farewell] = {
    "claude_code_2.1.197": [(signal.SIGINT, 0.105), (signal.SIGTERM, 0.02), (signal.SIGKILL, 1.0)],
    "claude_code_2.1.317": [(signal.SIGINT, 0.105), (signal.SIGTERM, 0.02), (signal.SIGKILL, 1.0)],
    "codex_0.165.0": [(signal.SIGTERM, 1.0), (signal.SIGKILL, 1.0)],
    "gemini_cli_0.61.0": [(signal.SIGTERM, 0.032), (INPUT_ENDS, 2.0), (signal.SIGKILL, 1.0)],
    "opencode_1.18.33": SDK,
}
"""What each host does to end a server, and for how many seconds it waits then before it does the next thing."""

ERAS = {"2025-06-18", "2025-11-25", "2026-07-28"}


def test_every_host_is_played() -> None:
    """The files and the farewells are those of the same hosts."""
    assert sorted(path.stem for path in HOSTS.glob("*.jsonl")) == sorted(FAREWELLS)


def lines_of(host: str) -> list[bytes]:
    """Return what a host says."""
    return (HOSTS / f"{host}.jsonl").read_bytes().splitlines()


async def talk(host: RawHost, lines: Sequence[bytes]) -> dict[str, Message]:
    """Say these lines, and return the results by method; what is read is answers, and progress that was wished for."""
    results: dict[str, Message] = {}
    tokens: set[object] = set()
    for line in lines:
        message: Message = json.loads(line)
        await host.write(line)
        tokens.add(message.get("params", {}).get("_meta", {}).get("progressToken"))
        if "id" in message:
            answer = await host.answer(message["id"])
            assert "result" in answer, answer
            results[message["method"]] = answer["result"]
    for each in host.received:
        if "method" in each:
            assert each["method"] == "notifications/progress"
            assert each["params"]["progressToken"] in tokens - {None}
    return results


async def leave(host: RawHost, farewell: Farewell) -> list[signal.Signals | None]:
    """End the server as its host does; return what was needed."""
    needed: list[signal.Signals | None] = []
    for act, patience in farewell:
        if act is None:
            await host.close_input()
        else:
            with suppress(ProcessLookupError):
                host.process.send_signal(act)
        needed.append(act)
        with anyio.move_on_after(patience):
            await host.process.wait()
            break
    return needed


@pytest.mark.parametrize("name", FAREWELLS)
async def test_recorded_host(name: str, write_config: WriteConfig, sample_servers: Servers, token: str) -> None:
    """Every request is answered, nothing else is said, and when the host has left, no process is left.

    The servers are behind it that make this hard: one deaf to the end of its input, and one with a child of its own.
    """
    stubborn, *stubborn_arguments = argv("ignore_eof")
    config = write_config({**sample_servers, "stubborn": {"command": stubborn, "args": stubborn_arguments}})
    environment = {TOKEN_VARIABLE: token, "CLAUDE_PROJECT_DIR": str(config.parent)}
    with anyio.fail_after(TIME_S):
        async with raw_host(config, environment=environment) as host:
            results = await talk(host, lines_of(name))
            needed = await leave(host, FAREWELLS[name])
            assert signal.SIGKILL not in needed or name in HURRIED
            assert await host.rest() == []
        await wait_unmarked(token, within=3)
    first = results.get("initialize") or results["server/discover"]
    assert {first.get("protocolVersion"), *first.get("supportedVersions", ())} & ERAS
    assert "tools" in first["capabilities"]
    if called := results.get("tools/call"):
        assert [tool["name"] for tool in results["tools/list"]["tools"]] == ["orchestrate"]
        assert called["_meta"]["batonmcp/run"]["status"] == "ok"
        assert "structuredContent" not in called


@pytest.mark.parametrize("name", FAREWELLS)
async def test_recorded_host_leaves_at_once(
    name: str, write_config: WriteConfig, sample_servers: Servers, token: str
) -> None:
    """A host that leaves as soon as it has its first answer, while the servers are being started, leaves nothing."""
    config = write_config(sample_servers)
    with anyio.fail_after(TIME_S):
        async with raw_host(config, environment={TOKEN_VARIABLE: token}) as host:
            await talk(host, lines_of(name)[:1])
            needed = await leave(host, FAREWELLS[name])
            assert signal.SIGKILL not in needed or name in HURRIED
        await wait_unmarked(token, within=3)
        assert not marked(token)
