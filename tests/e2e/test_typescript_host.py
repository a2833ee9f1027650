"""A host on the TypeScript SDK, which most hosts are, at the times and with the checks that it comes with."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.abc import Process

from doubles import inquirer
from doubles.evil_stdio import argv
from doubles.fifo import Fifo
from doubles.installed import node_packages
from doubles.processes import TOKEN_VARIABLE, wait_unmarked

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

WriteConfig = Callable[..., Path]
Servers = dict[str, dict[str, Any]]
Json = dict[str, Any]
Begin = Callable[[list[str], str], Any]

HOST = Path(__file__).parent.parent / "doubles" / "typescript_host.cjs"
SDK = "@modelcontextprotocol/sdk@1.32.2"
TIME_S = 90
REQUEST_TIMEOUT = -32001
LATE = "Received a progress notification for an unknown token"
"""What the SDK says of progress that was on its way when it gave a call up."""


@pytest.fixture(scope="module")
def sdk() -> Path:
    """The folder of the installed SDK; the tests are skipped where there is no Node."""
    return node_packages(SDK)


async def play(
    sdk: Path,
    config: Path,
    token: str,
    *calls: Json,
    answers: Json | None = None,
    on: Callable[[Process], Any] | None = None,
) -> Json:
    """Have the host make these calls, and return what came of them; when it has gone, nothing may be left."""
    hub = [sys.executable, "-m", "batonmcp", "serve", "--config", str(config)]
    job = {"command": hub, "calls": calls, **({"answers": answers} if answers is not None else {})}
    environment = {**os.environ, "NODE_PATH": str(sdk), TOKEN_VARIABLE: token}
    said = b""
    with anyio.fail_after(TIME_S):
        async with await anyio.open_process(["node", str(HOST), json.dumps(job)], env=environment) as process:
            assert process.stdout
            assert process.stderr
            if on:
                await on(process)
            async for part in process.stdout:
                said += part
            errors = b"".join([part async for part in process.stderr])
            assert await process.wait() == 0, errors.decode()
        await wait_unmarked(token, within=3)
    found: Json = json.loads(said)
    assert [each for each in found["errors"] if not each.startswith(LATE)] == []
    return found


def plan(*steps: Json, **more: Any) -> Json:  # noqa: ANN401 - JSON
    """Return a call that runs these steps."""
    return {"arguments": {"plan": {"steps": [*steps]}, **more}}


def record_of(call: Json) -> Json:
    """Return the record of the run that a call has got as its answer."""
    assert "result" in call, call
    return call["result"]["_meta"]["batonmcp/run"]


async def test_a_session(sdk: Path, write_config: WriteConfig, sample_servers: Servers, token: str) -> None:
    """The handshake, the tool, a plan with progress: the SDK finds nothing to object to."""
    trends = {"id": "trends", "tool": "analytics_agent__get_trends", "arguments": {"entity": "checkout"}}
    config = {"id": "config", "tool": "config_agent__check_config", "arguments": {"component": "checkout-db"}}
    path = write_config(sample_servers)
    found = await play(sdk, path, token, {"arguments": {"query": "?"}}, plan(trends, {**config, "after": ["trends"]}))
    assert found["server"]["name"] == "batonmcp"
    assert [tool["name"] for tool in found["tools"]] == ["orchestrate"]
    wanted, done = found["calls"]
    assert record_of(wanted)["status"] == "plan_required"
    assert record_of(done)["status"] == "ok"
    numbers = [each["progress"] for each in done["progress"]]
    assert numbers == sorted(set(numbers))
    assert any("analytics_agent__get_trends" in each.get("message", "") for each in done["progress"])
    assert done["result"].get("structuredContent") is None


async def test_questions(
    sdk: Path, write_config: WriteConfig, token: str, fifo: Fifo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A form of a server and a decision about a plan are answered by the person; a host without forms is not asked."""
    monkeypatch.setenv("BATONMCP_STORE", str(tmp_path / "store.sqlite3"))  # else no terminal could decide
    command, *arguments = argv("write_tool")
    servers = {
        "asker": inquirer.entry(fifo.path, protocol="legacy"),
        "evil": {"command": command, "args": arguments},
    }
    ask = plan({"id": "a", "tool": "asker__elicit", "arguments": {"topic": "Captain"}})
    delete = plan({"id": "a", "tool": "evil__delete_everything", "arguments": {}})
    answers = {"Captain": {"name": "nemo"}, "delete_everything": {"decision": "once"}}
    path = write_config(servers)
    found = await play(sdk, path, token, ask, delete, answers=answers)
    asked, deleted = map(record_of, found["calls"])
    assert asked["steps"][0]["value"] == "Captain: nemo"
    assert deleted["status"] == "ok"
    assert len(found["questions"]) == 2
    without = await play(sdk, path, token, delete)
    assert record_of(without["calls"][0])["status"] == "approval_required"


async def test_abort(sdk: Path, write_config: WriteConfig, token: str, fifo: Fifo) -> None:
    """An AbortController reaches the server's call, and the next call works."""
    command, *arguments = argv("ok", state=fifo.path)
    path = write_config({"ok": {"command": command, "args": arguments}})

    async def abort(host: Process) -> None:
        await fifo.until("call slow")
        assert host.stdin
        await host.stdin.send(b"abort\n")
        await fifo.until("cancelled")

    slow = plan({"id": "a", "tool": "ok__slow", "arguments": {"seconds": 50}})
    echo = plan({"id": "a", "tool": "ok__echo", "arguments": {"text": "still here"}})
    found = await play(sdk, path, token, {**slow, "abort": True}, echo, on=abort)
    aborted, after = found["calls"]
    assert "the person has left" in aborted["error"]["message"]
    assert record_of(after)["steps"][0]["value"] == "still here"


async def test_an_answer_before_the_host_gives_up(sdk: Path, write_config: WriteConfig, token: str, fifo: Fifo) -> None:
    """A run that takes longer than the host waits: it gets `running` in time, and the rest by the run's id.

    The times are a twelfth of the real ones: the SDK waits for 60 s, and progress does not make it wait longer.
    """
    command, *arguments = argv("ok", state=fifo.path)
    path = write_config({"ok": {"command": command, "args": arguments}}, limits={"answer_within": 2})
    slow = plan({"id": "a", "tool": "ok__slow", "arguments": {"seconds": 6}})
    rest: Json = {"arguments": {}, "resume": True}
    found = await play(sdk, path, token, {**slow, "timeout": 5_000}, rest, rest, rest)
    first, *_, last = found["calls"]
    assert record_of(first)["status"] == "running"
    assert record_of(first)["run_id"] in str(first["result"]["content"])
    assert record_of(last)["status"] == "ok"
    assert record_of(last)["run_id"] == record_of(first)["run_id"]
    assert record_of(last)["steps"][0]["value"] == "slept 6 s"


async def test_the_sdk_gives_up_without_it(sdk: Path, write_config: WriteConfig, token: str, fifo: Fifo) -> None:
    """Where the answer may come later than the host waits, its SDK cancels the call: nothing goes on for nobody."""
    command, *arguments = argv("ok", state=fifo.path)
    path = write_config({"ok": {"command": command, "args": arguments}}, limits={"answer_within": 60})
    slow = plan({"id": "a", "tool": "ok__slow", "arguments": {"seconds": 50}})

    async def cancelled(_host: Process) -> None:
        await fifo.until("cancelled")

    found = await play(sdk, path, token, {**slow, "timeout": 1_000}, on=cancelled)
    assert found["calls"][0]["error"]["code"] == REQUEST_TIMEOUT
