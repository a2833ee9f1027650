"""The command `serve`: what it needs before its first answer, and what it refuses."""

import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp_types import CallToolResult, TextContent

from batonmcp.cli.serve import main, make_front
from batonmcp.config.itself import our_program
from batonmcp.config.settings import INSIDE
from batonmcp.core.errors import ConfigError
from doubles.evil_stdio import argv
from doubles.fronts import process_over_http
from doubles.processes import marked, wait_unmarked
from reading import answer_in

pytestmark = pytest.mark.anyio

WriteConfig = Callable[..., Path]

TIME_S = 30.0
LATER = (
    "typer",
    "rich",
    "openai",
    "batonmcp.downstream",
    "batonmcp.cli.app",
    "batonmcp.cli.compose",
    "batonmcp.host.http",
)
"""What no host should wait for."""

ANSWERING = """
import sys
from pathlib import Path
import anyio
{first}
import batonmcp.cli.serve as serve

before_opening = anyio.Event()
loaded = set()

def note_and_stay_closed(settings, discretion):
    loaded.update(sys.modules)
    before_opening.set()
    raise serve.ConfigError(place="", message="closed")

serve._open_backend = note_and_stay_closed

async def run():
    front = serve.make_front(Path(sys.argv[1]), {{}}, read_only=False)
    loaded.update(sys.modules)
    from mcp import Client
    async with Client(front.server) as host:
        (tool,) = (await host.list_tools()).tools
        assert tool.name == "orchestrate"
        await before_opening.wait()

anyio.run(run)
print(*sorted(loaded))
"""


def parts_of(modules: list[str]) -> list[str]:
    """Return which of the late parts are among loaded modules."""
    return [part for part in LATER if any(name == part or name.startswith(f"{part}.") for name in modules)]


def loaded_before_opening(config: Path, *, first: str = "") -> list[str]:
    """Have a host in another process list the tools, and return what was loaded when the backend was to be opened."""
    script = ANSWERING.format(first=first)
    done = subprocess.run(
        [sys.executable, "-c", script, str(config)], capture_output=True, text=True, timeout=TIME_S, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_it_answers_before_it_imports_the_rest(write_config: WriteConfig) -> None:
    """A host has its tool before typer, rich, openai or a downstream client is imported."""
    modules = loaded_before_opening(
        write_config({"a": {"command": "a"}}, llm={"model": "m", "base_url": "http://x/v1"})
    )
    assert "batonmcp.host.server" in modules
    assert parts_of(modules) == []


def test_the_look_at_the_imports_sees_one_too_many(write_config: WriteConfig) -> None:
    """The test above can fail: imports added to the way of `serve` are found."""
    found = parts_of(
        loaded_before_opening(write_config({}), first="import rich, batonmcp.downstream.stdio.environment")
    )
    assert found == ["rich", "batonmcp.downstream"]


@pytest.mark.slow
def test_the_program_imports_no_more(write_config: WriteConfig) -> None:
    """`batonmcp serve` itself, from its entry point to a host that goes away, has imported none of it."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "batonmcp", "serve", "--config", str(write_config({}))],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIME_S,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")
    modules = [line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")]
    assert "batonmcp.host.stdio" in modules
    assert parts_of(modules) == []


def test_it_refuses_to_be_its_own_server(
    write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Started by itself it ends with 2, says which entry to remove, and prints no protocol."""
    path = write_config({})
    monkeypatch.setenv(INSIDE, "1")
    with pytest.raises(SystemExit) as end:
        main(["--config", str(path)])
    shown = capsys.readouterr()
    assert (end.value.code, shown.out) == (2, "")
    assert f"{path}: batonmcp was started by batonmcp as one of its own servers" in shown.err
    assert "Remove the entry of servers.json" in shown.err


def tools_of(config: Path) -> str:
    """Return what a process of its own lists."""
    done = subprocess.run(
        [sys.executable, "-m", "batonmcp", "tools", "--config", str(config)],
        capture_output=True,
        text=True,
        timeout=TIME_S,
        check=False,
    )
    assert done.returncode == 0
    return done.stdout


@pytest.mark.slow
def test_a_server_that_is_batonmcp_itself_is_told(write_config: WriteConfig) -> None:
    """An entry that starts batonmcp is one server in trouble, not an endless row of processes."""
    path = write_config({})
    itself = {"command": sys.executable, "args": ["-m", "batonmcp", "serve", "--config", str(path)]}
    write_config({"itself": itself})
    listed = tools_of(path)
    assert "itself is not used: mcpServers.itself starts batonmcp itself, which would never end" in listed


WRAPPER = """
import os, subprocess, sys
from pathlib import Path

above, pid = 0, os.getpid()
while pid > 1:
    above += b"-m\\0batonmcp\\0" in Path(f"/proc/{pid}/cmdline").read_bytes()
    pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
config, ledger = sys.argv[1:]
with open(ledger, "a") as lines:
    print(above, file=lines)
sys.exit(subprocess.run([sys.executable, "-m", "batonmcp", "serve", "--config", config], env={}).returncode)
"""
"""A server that starts batonmcp as its own and passes on nothing of its environment, as other hubs do."""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="processes above are looked at on Linux only")
def test_a_chain_that_leads_back_ends_at_once(write_config: WriteConfig, tmp_path: Path) -> None:
    """The batonmcp that is reached through another hub refuses to serve: there are never more than two of it."""
    wrapper, ledger = tmp_path / "hub.py", tmp_path / "ledger"
    wrapper.write_text(WRAPPER)
    path = write_config({})
    write_config({"hub": {"command": sys.executable, "args": [str(wrapper), str(path), str(ledger)]}})
    listed = tools_of(path)
    assert "hub ended with exit code 2" in listed
    assert "started by batonmcp as one of its own servers" in listed
    assert set(ledger.read_text().split()) == {"1"}  # before each further one there was the first, and no other


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--transport", "pigeon"], "invalid choice: 'pigeon'"),
        (["--what"], "unrecognized arguments: --what"),
        (["--port", "8765"], "--host and --port are for --transport http"),
        (["--host", "127.0.0.1"], "--host and --port are for --transport http"),
        (["--transport", "http", "--port", "65536"], "'65536' is no port: a number from 0 to 65535"),
        (["--transport", "http", "--port", "-1"], "'-1' is no port"),
        (["--transport", "http", "--port", "http"], "'http' is no port"),
    ],
)
def test_bad_options(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Options that are not known: exit 2 and a sentence on standard error."""
    with pytest.raises(SystemExit) as end:
        main(arguments)
    shown = capsys.readouterr()
    assert (end.value.code, shown.out) == (2, "")
    assert says in shown.err


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "example.com"])  # noqa: S104 - not listened on
def test_other_machines_are_not_served(
    host: str, write_config: WriteConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2, and a sentence on standard error that says what to do."""
    with pytest.raises(SystemExit) as end:
        main(["--config", str(write_config({})), "--transport", "http", "--host", host])
    shown = capsys.readouterr()
    assert (end.value.code, shown.out) == (2, "")
    assert f"batonmcp: --host {host}: is not an address of this machine alone" in shown.err
    assert "ssh -L" in shown.err


@pytest.mark.slow
async def test_over_http(write_config: WriteConfig, token: str) -> None:
    """The address is the one line that it says; both eras are served there; its port is taken, and then free again."""
    command, *arguments = argv("ok")
    config = write_config({"evil": {"command": command, "args": arguments}})
    plan = {"steps": [{"tool": "evil__echo", "arguments": {"text": "hello"}}]}
    with anyio.fail_after(TIME_S):
        async with process_over_http(config) as (url, process):
            for mode in ("legacy", "auto"):
                async with Client(url, mode=mode) as host:
                    done = await host.call_tool("orchestrate", {"plan": plan})
                    assert text_of(done) == "evil: echo\n  hello"
            port = url.rpartition(":")[2].partition("/")[0]
            second = await anyio.run_process(
                [sys.executable, "-m", "batonmcp", "serve", "--config", config, "--transport", "http", "--port", port],
                check=False,
            )
            assert (second.returncode, second.stdout) == (2, b"")
            assert f"batonmcp: --port {port}: cannot be listened on at 127.0.0.1".encode() in second.stderr
            assert len(marked(token)) == 1
            process.terminate()
            assert await process.wait() == 128 + 15
            await wait_unmarked(token, within=1)
        async with process_over_http(config, port=int(port)) as (again, _):
            assert again == url


async def test_warnings_are_logged(write_config: WriteConfig, caplog: pytest.LogCaptureFixture) -> None:
    """What was passed over in the configuration is in the log, which is standard error."""
    make_front(write_config({}, planer="x"), {}, read_only=False)
    assert "batonmcp.planer is not known" in caplog.text


@pytest.mark.parametrize("read_only", [True, False])
async def test_the_front_knows_its_servers(
    read_only: bool,  # noqa: FBT001 - a parameter of the test
    write_config: WriteConfig,
) -> None:
    """The tool names the configured servers, those in trouble included, and its hints follow the option."""
    servers = {"one": {"command": "a"}, "two": {}, "off": {"command": "a", "disabled": True}}
    front = make_front(write_config(servers, limits={"query_bytes": 5}), {}, read_only=read_only)
    front.stop()
    with anyio.fail_after(TIME_S):
        async with Client(front.server) as host:
            (tool,) = (await host.list_tools()).tools
            result = await host.call_tool("orchestrate", {"query": "longer"})
    assert "Behind it: one, two." in (tool.description or "")
    assert tool.annotations
    assert tool.annotations.read_only_hint is read_only
    assert "at most 5 are allowed" in text_of(result)


async def test_a_configuration_error_is_raised_before_anything_is_served(tmp_path: Path) -> None:
    """A file that is not there is found when the server is made."""
    with pytest.raises(ConfigError, match="there is no such file"):
        make_front(tmp_path / "nowhere.json", {}, read_only=False)


async def test_a_planner_without_a_model_is_said_in_each_call(write_config: WriteConfig) -> None:
    """A host whose server cannot plan learns from each call why, and what to write."""
    front = make_front(write_config({}, planner="llm"), {}, read_only=False)
    with anyio.fail_after(TIME_S):
        async with Client(front.server) as host:
            for _ in range(2):
                result = await host.call_tool("orchestrate", {"query": "q"})
                assert result.is_error
                assert 'batonmcp.planner: is "llm", but no model is configured.' in text_of(result)


async def test_the_host_is_told_a_command_that_is_found(write_config: WriteConfig, tmp_path: Path) -> None:
    """What a person is to type names the program and the configuration with their whole paths, quoted where need be."""
    folder = tmp_path / "a folder"
    folder.mkdir()
    command, *arguments = argv("write_tool", state=tmp_path / "ledger")
    config = write_config({"evil": {"command": command, "args": arguments}}).rename(folder / "servers.json")
    front = make_front(config, {"BATONMCP_STORE": str(tmp_path / "store.sqlite3")}, read_only=False)
    write = {"id": "b", "tool": "evil__put", "arguments": {"key": "k", "value": "v"}}
    with anyio.fail_after(TIME_S):
        async with Client(front.server) as host:
            told = text_of(await host.call_tool("orchestrate", {"plan": {"steps": [write]}}))
    (line,) = [line for line in told.splitlines() if " approve " in line]
    typed = shlex.split(line)
    assert typed[:-1] == [*our_program(), "--config", str(config), "approve"]
    done = await anyio.run_process(typed, check=False, stdin=subprocess.DEVNULL)
    assert f"Run `batonmcp approve {typed[-1]}` in one." in done.stderr.decode()


@pytest.mark.parametrize(("read_only", "status"), [(True, "refused"), (False, "approval_required")])
async def test_writes_never_run(
    read_only: bool,  # noqa: FBT001 - a parameter of the test
    status: str,
    write_config: WriteConfig,
    tmp_path: Path,
) -> None:
    """A plan that may write is refused in the read-only profile, and else awaits a decision; reads run."""
    ledger = tmp_path / "ledger"
    command, *arguments = argv("write_tool", state=ledger)
    config = write_config({"evil": {"command": command, "args": arguments}})
    store = {"BATONMCP_STORE": str(tmp_path / "store.sqlite3")}  # else no terminal could decide
    front = make_front(config, store, read_only=read_only)
    read: dict[str, Any] = {"id": "a", "tool": "evil__echo", "arguments": {"text": "hello"}}
    write = {"id": "b", "tool": "evil__put", "arguments": {"key": "k", "value": "v"}}
    with anyio.fail_after(TIME_S):
        async with Client(front.server) as host:
            both = await host.call_tool("orchestrate", {"plan": {"steps": [read, write]}})
            reading = await host.call_tool("orchestrate", {"plan": {"steps": [read]}})
    assert both.meta is not None
    assert both.meta["batonmcp/run"]["status"] == status
    assert text_of(reading) == "evil: echo\n  hello"
    calls = [line for line in ledger.read_text().splitlines() if line.startswith("call")]
    assert calls == ['call echo {"text": "hello"}']


def text_of(result: CallToolResult) -> str:
    """Return the one text of a result."""
    (block,) = result.content
    assert isinstance(block, TextContent)
    return answer_in(block.text)
