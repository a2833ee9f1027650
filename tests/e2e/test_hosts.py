"""A real host in front: `batonmcp serve` as a subprocess, as hosts start it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp_types import CallToolResult, TextContent

from doubles.evil_stdio import argv
from doubles.fake_llm import FakeLLM, Text, ToolCalls
from doubles.processes import TOKEN_VARIABLE, marked, wait_unmarked
from reading import answer_in

pytestmark = pytest.mark.anyio

WriteConfig = Callable[..., Path]
Servers = dict[str, dict[str, Any]]

PLAN = {
    "steps": [
        {"id": "trends", "tool": "analytics_agent__get_trends", "arguments": {"entity": "checkout"}},
        {
            "id": "config",
            "tool": "config_agent__check_config",
            "for_each": "trends.anomalies",
            "arguments": {"component": {"$from": "item.component"}},
        },
    ]
}


def serve(config: Path, **environment: str) -> StdioServerParameters:
    """The command that a host starts."""
    return StdioServerParameters(
        command=sys.executable, args=["-m", "batonmcp", "serve", "--config", str(config)], env=environment
    )


def text(result: CallToolResult) -> str:
    """The one text block of a result."""
    (block,) = result.content
    assert isinstance(block, TextContent)
    assert result.structured_content is None
    return answer_in(block.text)


def run_of(result: CallToolResult) -> dict[str, Any]:
    """The run record of a result."""
    assert result.meta is not None
    return result.meta["batonmcp/run"]


@pytest.mark.parametrize(("mode", "version"), [("legacy", "2025-11-25"), ("auto", "2026-07-28")])
async def test_both_eras(mode: str, version: str, write_config: WriteConfig, sample_servers: Servers) -> None:
    """Hosts of both protocol eras see one tool, get a plan request, and have their plan run with progress."""
    lines: list[tuple[float, str | None]] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        assert total is None or progress <= total
        lines.append((progress, message))

    config = write_config(sample_servers)
    with anyio.fail_after(60):
        async with Client(serve(config), mode=mode) as host:
            assert host.protocol_version == version
            (tool,) = (await host.list_tools()).tools
            assert tool.name == "orchestrate"
            assert "analytics_agent" in (tool.description or "")
            query = {"query": "Check checkout's anomalies and get the config of what is affected"}
            wanted = await host.call_tool("orchestrate", query)
            assert run_of(wanted)["status"] == "plan_required"
            assert "analytics_agent__get_trends(entity?: string)" in text(wanted)
            done = await host.call_tool("orchestrate", {**query, "plan": PLAN}, progress_callback=note)
    run = run_of(done)
    assert (run["status"], run["planner"], run["mode"]) == ("ok", "host", "sequential")
    assert run["usage"]["llm_calls"] == 0
    assert "checkout-db" in text(done)
    assert any("analytics_agent__get_trends" in (message or "") for _, message in lines)
    numbers = [number for number, _ in lines]
    assert numbers == sorted(set(numbers))


async def test_with_a_model(write_config: WriteConfig, sample_servers: Servers) -> None:
    """With a model configured, one call of the tool is two calls of the model and gives its answer."""
    with FakeLLM([ToolCalls([("data_agent__get_report", {})]), Text("Checkout is slow.")]) as llm:
        config = write_config(sample_servers, llm={"base_url": llm.base_url, "api_key": "${KEY}", "model": "m"})
        with anyio.fail_after(60):
            async with Client(serve(config, KEY="sk-canary")) as host:
                done = await host.call_tool("orchestrate", {"query": "How is the shop?"})
        assert [request.body["temperature"] for request in llm.requests] == [0, 0.7]
        assert llm.requests[0].headers["authorization"] == "Bearer sk-canary"
    assert text(done) == "Checkout is slow."
    assert "sk-canary" not in done.model_dump_json()


BAD_ARGUMENTS: list[tuple[dict[str, Any], str]] = [
    ({}, "empty"),
    ({"query": "   "}, "empty"),
    ({"query": "x" * 65_537}, "65,537 bytes"),
    ({"query": "x", "output": "poem"}, "`output`"),
    ({"query": "x", "question": "y"}, "`question` is no argument"),
    ({"query": "x", "plan": "do it"}, "`plan` is not an object"),
    ({"query": "x", "plan": {"step": []}}, 'not an object with a list "steps"'),
    ({"query": "x", "plan": {"steps": [{"tool": "nope"}]}}, "no tool 'nope'"),
    ({"query": "x", "servers": ["nobody"]}, "no server 'nobody'"),
]


async def test_bad_arguments(write_config: WriteConfig) -> None:
    """Arguments that cannot be used come back as a tool error that names them, one after the other."""
    command, *args = argv("ok")
    config = write_config({"evil": {"command": command, "args": args}})
    with anyio.fail_after(60):
        async with Client(serve(config)) as host:
            for arguments, says in BAD_ARGUMENTS:
                result = await host.call_tool("orchestrate", arguments)
                assert result.is_error, arguments
                assert says in text(result)


async def test_only_reads_run(write_config: WriteConfig, tmp_path: Path) -> None:
    """A plan with a step that may change something runs nothing and shows the plan in plain words."""
    ledger = tmp_path / "ledger"
    command, *args = argv("write_tool", state=ledger)
    config = write_config({"evil": {"command": command, "args": args}})
    steps: list[dict[str, Any]] = [
        {"id": "a", "tool": "evil__echo", "arguments": {"text": "hello"}},
        {"id": "b", "tool": "evil__delete_everything", "arguments": {}},
    ]
    store = str(tmp_path / "store.sqlite3")  # else no terminal could decide
    with anyio.fail_after(60):
        async with Client(serve(config, BATONMCP_STORE=store)) as host:
            result = await host.call_tool("orchestrate", {"query": "x", "plan": {"steps": steps}})
    assert run_of(result)["status"] == "approval_required"
    assert "evil__delete_everything" in text(result)
    assert "may destroy something" in text(result)
    assert not [line for line in ledger.read_text().splitlines() if line.startswith("call")]


async def test_cancel_reaches_the_server(write_config: WriteConfig, tmp_path: Path) -> None:
    """A host that cancels its call has the downstream call cancelled, and the next call works."""
    ledger = tmp_path / "ledger"
    os.mkfifo(ledger)
    reader = os.open(ledger, os.O_RDWR)
    command, *args = argv("ok", state=ledger)
    config = write_config({"evil": {"command": command, "args": args}})
    slow = {"steps": [{"id": "a", "tool": "evil__slow", "arguments": {"seconds": 50}}]}
    quick = {"steps": [{"id": "a", "tool": "evil__echo", "arguments": {"text": "still here"}}]}
    try:
        with anyio.fail_after(60):
            async with Client(serve(config)) as host:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(host.call_tool, "orchestrate", {"query": "x", "plan": slow})
                    await seen(reader, b"call slow")
                    tasks.cancel_scope.cancel()
                await seen(reader, b"cancelled")
                result = await host.call_tool("orchestrate", {"query": "x", "plan": quick})
    finally:
        os.close(reader)
    assert "still here" in text(result)


async def seen(reader: int, wanted: bytes) -> None:
    """Wait until a server has written something to its ledger."""
    read = b""
    while wanted not in read:
        await anyio.wait_readable(reader)
        read += os.read(reader, 65_536)


class Process:
    """`batonmcp serve` driven by hand, for what happens around its end."""

    def __init__(self, config: Path, token: str) -> None:
        self.token = token
        self.process = subprocess.Popen(
            [sys.executable, "-m", "batonmcp", "serve", "--config", str(config)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, TOKEN_VARIABLE: token},
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._input, self._output = self.process.stdin, self.process.stdout

    def ask(self, method: str, **params: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        """Send a request and return the message that answers it."""
        self._send({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        while True:
            message = json.loads(self._output.readline())
            if message.get("id") == 1:
                return message

    def start(self) -> None:
        """Shake hands and let all servers come up."""
        info = {"name": "test", "version": "1"}
        self.ask("initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo=info)
        self._send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        self.ask("tools/call", name="orchestrate", arguments={"query": "x"})

    def _send(self, message: dict[str, Any]) -> None:
        self._input.write(json.dumps(message).encode() + b"\n")
        self._input.flush()

    def end(self, how: signal.Signals | None) -> int:
        """End it by a signal, or by closing its input, and return its exit code."""
        if how is None:
            self._input.close()
        else:
            self.process.send_signal(how)
        code = self.process.wait(timeout=10)
        for stream in (self._input, self._output, self.process.stderr):
            if stream:
                stream.close()
        return code


@pytest.mark.parametrize(
    ("how", "code"),
    [(None, 0), (signal.SIGTERM, 143), (signal.SIGINT, 130)],
    ids=["input closed", "SIGTERM", "SIGINT"],
)
async def test_no_process_is_left(
    how: signal.Signals | None,
    code: int,
    write_config: WriteConfig,
    sample_servers: Servers,
    token: str,
    tmp_path: Path,
) -> None:
    """However it ends, its servers end with it: well-behaved ones, stubborn ones, and their children."""
    stubborn, *stubborn_args = argv("ignore_eof")
    parent, *parent_args = argv("grandchild", state=tmp_path / "grandchild")
    servers = {
        **sample_servers,
        "stubborn": {"command": stubborn, "args": stubborn_args},
        "parent": {"command": parent, "args": parent_args},
    }
    hub = Process(write_config(servers), token)
    with anyio.fail_after(60):
        await anyio.to_thread.run_sync(hub.start)
        assert len(marked(token)) >= 6
        assert await anyio.to_thread.run_sync(hub.end, how) == code
        await wait_unmarked(token, within=3)


async def test_nothing_but_protocol_on_stdout(write_config: WriteConfig) -> None:
    """A server that prints junk, and one that logs a lot, put nothing of it on our standard output."""
    servers: Servers = {}
    for mode in ("garbage", "stderr_flood"):
        command, *args = argv(mode)
        servers[mode] = {"command": command, "args": args}
    config = write_config(servers)
    requests = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": HELLO},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": ECHO},
    ]
    process = await anyio.open_process([sys.executable, "-m", "batonmcp", "serve", "--config", str(config)])
    async with process:
        assert process.stdin is not None
        assert process.stdout is not None
        await process.stdin.send(b"".join(json.dumps(request).encode() + b"\n" for request in requests))
        output = b""
        with anyio.fail_after(60):
            while b'"id":2' not in output:
                output += await process.stdout.receive()
            await process.stdin.aclose()
            await process.wait()
    messages = [json.loads(line) for line in output.splitlines()]
    assert all(message["jsonrpc"] == "2.0" for message in messages)
    assert "hello" in messages[-1]["result"]["content"][0]["text"]


HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
ECHO = {
    "name": "orchestrate",
    "arguments": {
        "query": "x",
        "plan": {"steps": [{"id": "a", "tool": "garbage__echo", "arguments": {"text": "hello"}}]},
    },
}


@pytest.mark.slow
async def test_inspector(write_config: WriteConfig, sample_servers: Servers, node_modules: Path) -> None:
    """The MCP Inspector's command line lists and calls the tool."""
    config = write_config({"data_agent": sample_servers["data_agent"]})
    inspector = [str(node_modules / ".bin" / "mcp-inspector"), "--cli"]
    server = ["-e", f"BATONMCP_CONFIG={config}", sys.executable, "-m", "batonmcp", "serve"]
    with anyio.fail_after(120):
        listed = await anyio.run_process([*inspector, *server, "--method", "tools/list"])
        call = ["--method", "tools/call", "--tool-name", "orchestrate", "--tool-arg", "query=Current metrics"]
        called = await anyio.run_process([*inspector, *server, *call])
    assert [tool["name"] for tool in json.loads(listed.stdout)["tools"]] == ["orchestrate"]
    assert "data_agent__get_report" in json.loads(called.stdout)["content"][0]["text"]
