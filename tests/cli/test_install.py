"""The command `install`."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp_types import CallToolResult, Tool

from batonmcp.config.hosts.known import HOSTS
from batonmcp.config.itself import our_program
from doubles.command import RunCommand
from doubles.hosts import Home
from doubles.terminal import Terminal

WriteConfig = Callable[..., Path]

TOKEN = "ghp_0123456789abcdefgh"  # noqa: S105 - made up
TIME_S = 30.0


def written(path: Path) -> Any:  # noqa: ANN401 - JSON
    """Return what a host's file holds."""
    return json.loads(path.read_bytes().decode("utf-8-sig"))


FILES = {
    "claude-desktop": ".config/Claude/claude_desktop_config.json",
    "claude-code": ".claude.json",
    "vscode": ".config/Code/User/mcp.json",
    "cursor": ".cursor/mcp.json",
}


@pytest.mark.parametrize("name", HOSTS)
def test_the_entry_is_written_where_the_host_looks(
    name: str, home: Home, write_config: WriteConfig, run_command: RunCommand
) -> None:
    """A file that is missing is made; the entry starts batonmcp with whole paths; what follows is told."""
    config = write_config({})
    done = run_command("install", name, "--yes", "--config", str(config))
    path = home.folder / FILES[name]
    command, *before = our_program()
    entry = {"command": command, "args": [*before, "serve", "--config", str(config)]}
    typed = {"type": "stdio", **entry} if name in {"vscode", "claude-code"} else entry
    assert done.code == 0
    assert written(path) == {"servers" if name == "vscode" else "mcpServers": {"batonmcp": typed}}
    assert f"--- (no file yet)\n+++ {path}\n" in done.out
    assert "No model is configured: the host's own model plans over MCP" in done.out
    assert done.out.endswith(f"{path} is written.\n{HOSTS[name].restart}\n")  # pyright: ignore[reportArgumentType] - a name of HOSTS
    assert [found.name for found in path.parent.iterdir() if found.is_file()] == [path.name]


BEFORE = b"""\xef\xbb\xbf{\r
  // mine\r
  "mcpServers": {\r
    "git": {"command": "x", "env": {"GITHUB_TOKEN": "ghp_0123456789abcdefgh"}}, // with a key\r
  },\r
}\r
"""


@pytest.fixture
def config(write_config: WriteConfig) -> str:
    """A configuration."""
    return str(write_config({"a": {"command": "x"}}, llm={"base_url": "http://127.0.0.1:9/v1", "model": "m"}))


def test_nobody_to_ask(home: Home, config: str, run_command: RunCommand) -> None:
    """In a pipe and without --yes the change is shown, without the secrets around it, and nothing is written."""
    path = home.write(home.desktop, BEFORE)
    done = run_command("install", "claude-desktop", "--config", config)
    assert (done.code, done.err) == (3, "")
    assert '+    "batonmcp": {' in done.out
    assert "Queries and results go to http://127.0.0.1:9/v1 (m)." in done.out
    assert "Say --yes to write this." in done.out
    assert TOKEN not in done.out
    assert path.read_bytes() == BEFORE
    assert list(path.parent.iterdir()) == [path]


def test_install_again_and_undo(home: Home, config: str, run_command: RunCommand) -> None:
    """A second time there is nothing to change; undone, the file is what it was to the byte, with its permissions."""
    path = home.write(home.desktop, BEFORE)
    path.chmod(0o640)
    first = run_command("install", "claude-desktop", "--yes", "--config", config)
    assert first.code == 0
    (copy,) = path.parent.glob("*.bak")
    assert f"what it was is in {copy}" in first.out
    assert (copy.read_bytes(), copy.stat().st_mode & 0o777, path.stat().st_mode & 0o777) == (BEFORE, 0o600, 0o640)
    installed = path.read_bytes()
    assert installed.startswith(BEFORE.partition(b"  },")[0])
    assert b"\n" not in installed.replace(b"\r\n", b"")

    again = run_command("install", "claude-desktop", "--yes", "--config", config)
    assert again.code == 0
    assert f"{path} has this entry: nothing to change." in again.out
    assert path.read_bytes() == installed

    undone = run_command("install", "claude-desktop", "--undo")
    assert undone.code == 0
    assert f"{path} is what it was, to the byte." in undone.out
    assert path.read_bytes() == BEFORE
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(path.parent.iterdir()) == [path]
    assert "nothing to take out" in run_command("install", "claude-desktop", "--undo").out


def test_another_time_otherwise(home: Home, config: str, run_command: RunCommand) -> None:
    """What a person added to our entry stays when it is written anew; undo takes all of it back."""
    path = home.write(home.desktop, b"{}")
    run_command("install", "claude-desktop", "--yes", "--config", config)
    document = written(path)
    document["mcpServers"]["batonmcp"]["env"] = {"A": "1"}
    home.write(path, document)
    done = run_command("install", "claude-desktop", "--yes", "--read-only", "--config", config)
    assert done.code == 0
    entry = written(path)["mcpServers"]["batonmcp"]
    assert entry["args"][-1] == "--read-only"
    assert entry["env"] == {"A": "1"}
    assert run_command("install", "claude-desktop", "--undo").code == 0
    assert written(path)["mcpServers"]["batonmcp"]["env"] == {"A": "1"}  # edited since the first time, so it is theirs


def test_undo_of_two_installs(home: Home, config: str, run_command: RunCommand) -> None:
    """Undone, nothing of either is left."""
    path = home.write(home.desktop, b'{"mcpServers": {}}')
    run_command("install", "claude-desktop", "--yes", "--config", config)
    run_command("install", "claude-desktop", "--yes", "--read-only", "--config", config)
    assert run_command("install", "claude-desktop", "--undo").code == 0
    assert path.read_bytes() == b'{"mcpServers": {}}'


def test_undo_after_other_edits(home: Home, config: str, run_command: RunCommand) -> None:
    """A file that was edited since keeps the edit; exactly our entry goes."""
    path = home.write(home.desktop, BEFORE)
    run_command("install", "claude-desktop", "--yes", "--config", config)
    path.write_bytes(path.read_bytes().replace(b"// mine", b"// mine!"))
    done = run_command("install", "claude-desktop", "--undo")
    assert "was changed since; taken back there: mcpServers.batonmcp." in done.out
    assert path.read_bytes() == BEFORE.replace(b"// mine", b"// mine!")


def test_undo_of_an_entry_that_a_person_wrote(home: Home, run_command: RunCommand) -> None:
    """An entry that starts batonmcp is taken out even if we know nothing of how it came there."""
    document = {"mcpServers": {"baton": {"command": "uvx", "args": ["batonmcp", "serve"]}, "a": {"command": "x"}}}
    path = home.write(home.desktop, document)
    done = run_command("install", "claude-desktop", "--undo", "--name", "baton")
    assert done.code == 0
    assert '-    "baton": {' in done.out
    assert written(path) == {"mcpServers": {"a": {"command": "x"}}}
    assert (
        "has no entry 'a' that starts batonmcp" in run_command("install", "claude-desktop", "--undo", "--name", "a").out
    )


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b'{"mcpServers": {"a": {}', ":1:24: is not JSON here"),
        (b"[]", ": is not a JSON object. Write"),
        (b'{"mcpServers": 3}', ": mcpServers: is not an object"),
        (b'{"mcpServers": {"batonmcp": {"command": "x"}}}', ": mcpServers.batonmcp is another server. Choose another"),
    ],
)
def test_a_file_that_cannot_be_used(data: bytes, says: str, home: Home, config: str, run_command: RunCommand) -> None:
    """It is refused with its place and what to do, and never overwritten."""
    path = home.write(home.desktop, data)
    done = run_command("install", "claude-desktop", "--yes", "--config", config)
    assert (done.code, done.out) == (2, "")
    assert f"batonmcp: {path}{says}" in done.err
    assert path.read_bytes() == data
    assert list(path.parent.iterdir()) == [path]


def test_a_file_that_may_not_be_written(home: Home, config: str, run_command: RunCommand) -> None:
    """It stays, without a copy beside it."""
    path = home.write(home.desktop, b"{}")
    path.chmod(0o444)
    done = run_command("install", "claude-desktop", "--yes", "--config", config)
    assert done.code == 2
    assert f"{path}: cannot be written (Permission denied); it is as it was." in done.err
    assert (path.read_bytes(), list(path.parent.iterdir())) == (b"{}", [path])


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b"\n"])
def test_an_empty_file(data: bytes, home: Home, config: str, run_command: RunCommand) -> None:
    """It is as good as none, and empty again when all is undone."""
    path = home.write(home.desktop, data)
    assert run_command("install", "claude-desktop", "--yes", "--config", config).code == 0
    assert list(written(path)["mcpServers"]) == ["batonmcp"]
    assert run_command("install", "claude-desktop", "--undo").code == 0
    assert path.read_bytes() == data


def test_a_link_and_another_name(home: Home, config: str, run_command: RunCommand) -> None:
    """A link stays one; the file behind it is written. The name is the person's choice."""
    real = home.write(home.folder / "dotfiles" / "claude.json", {"mcpServers": {"batonmcp": {"command": "x"}}})
    home.desktop.parent.mkdir(parents=True)
    home.desktop.symlink_to(real)
    assert run_command("install", "claude-desktop", "--yes", "--name", "baton", "--config", config).code == 0
    assert home.desktop.is_symlink()
    assert list(written(real)["mcpServers"]) == ["batonmcp", "baton"]
    assert run_command("install", "claude-desktop", "--undo", "--name", "baton").code == 0
    assert home.desktop.is_symlink()
    assert written(real) == {"mcpServers": {"batonmcp": {"command": "x"}}}


def test_what_a_host_will_not_see_is_told(
    home: Home, write_config: WriteConfig, run_command: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that only the shell names, and a program in a cache: both warned of before anything is written."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789abcdef")
    monkeypatch.setenv("BATONMCP_MODEL", "m")
    config = write_config({})
    done = run_command("install", "claude-desktop", "--config", str(config))
    assert "BATONMCP_MODEL and OPENAI_API_KEY of your shell will not be seen" in done.err
    assert str(config.with_name("secrets.env")) in done.err
    assert "No model is configured" in done.out
    cache = home.program(home.folder / ".cache/uv/archive-v0/x/bin/batonmcp", *our_program())
    monkeypatch.setattr("sysconfig.get_path", {"scripts": str(cache.parent)}.get)
    assert "is in a cache that may be emptied" in run_command("install", "claude-desktop", "--config", str(config)).err


def test_no_configuration_is_no_installation(
    home: Home, run_command: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host is given nothing that cannot start."""
    monkeypatch.chdir(home.folder)
    done = run_command("install", "claude-desktop", "--yes")
    assert done.code == 2
    assert "there is no servers.json" in done.err
    assert not home.desktop.exists()


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("\n", 1), ("n\n", 1)])
def test_on_a_terminal_a_person_is_asked(answer: str, code: int, home: Home, config: str) -> None:
    """Yes writes; anything else changes nothing."""
    command = [*our_program(), "install", "claude-desktop", "--config", config]
    with Terminal(command, env=home.environment(PATH=os.defpath)) as terminal:
        terminal.expect("Write this into the file of Claude Desktop? [y/N]: ")
        assert '"batonmcp": {' in terminal.seen
        terminal.type(answer)
        assert terminal.wait() == code
    assert home.desktop.exists() is (code == 0)
    assert ("Nothing was changed." in terminal.seen) is (code == 1)


def test_an_edit_while_a_person_thinks(home: Home, config: str) -> None:
    """A host that writes its file meanwhile keeps what it wrote."""
    path = home.write(home.desktop, b"{}")
    command = [*our_program(), "install", "claude-desktop", "--config", config]
    with Terminal(command, env=home.environment(PATH=os.defpath)) as terminal:
        terminal.expect("[y/N]: ")
        path.write_bytes(b'{"theme": "dark"}')
        terminal.type("y\n")
        assert terminal.wait() == 2
    assert "was changed by somebody else meanwhile; nothing was written. Try again." in terminal.seen
    assert path.read_bytes() == b'{"theme": "dark"}'


def test_the_host_starts_what_was_written(
    home: Home, write_config: WriteConfig, sample_servers: dict[str, Any], run_command: RunCommand
) -> None:
    """The entry alone is enough: with nothing set, from `/`, batonmcp answers with its one tool and its servers."""
    config = write_config(sample_servers)
    run_command("install", "claude-desktop", "--yes", "--read-only", "--config", str(config))
    entry = written(home.desktop)["mcpServers"]["batonmcp"]
    tool, result = anyio.run(called, ["env", "-i", f"HOME={home.folder}", entry["command"], *entry["args"]])
    assert tool.name == "orchestrate"
    assert tool.annotations
    assert tool.annotations.read_only_hint
    assert not result.is_error, result
    assert '"checkout"' in str(result.content)


async def called(argv: list[str]) -> tuple[Tool, CallToolResult]:
    """Start an entry as a host does, and call its only tool with a plan."""
    parameters = StdioServerParameters(command=argv[0], args=argv[1:], cwd="/")
    steps = [{"id": "report", "tool": "data_agent__get_report", "arguments": {"entity": "checkout"}}]
    with anyio.fail_after(TIME_S):
        async with Client(stdio_client(parameters), mode="legacy") as client:
            (tool,) = (await client.list_tools()).tools
            return tool, await client.call_tool("orchestrate", {"plan": {"steps": steps}, "output": "data"})
