"""The options of `install` and `import`."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from batonmcp.config.hosts.known import HOSTS
from doubles.command import RunCommand
from doubles.hosts import Home

WriteConfig = Callable[..., Path]


@pytest.fixture
def config(write_config: WriteConfig) -> str:
    """A servers.json without servers."""
    return str(write_config({}))


def keys(path: Path) -> list[str]:
    """Return what a host's file has at its top."""
    return list(json.loads(path.read_bytes()))


@pytest.mark.parametrize("command", ["install", "import"])
def test_help_names_the_hosts(command: str, run_command: RunCommand) -> None:
    """The program knows both commands, which say what hosts there are; another one is bad usage."""
    assert command in run_command("--help").out
    shown = " ".join(run_command(command, "--help").out.split())
    assert f"One of {', '.join(HOSTS)}." in shown
    assert run_command(command, "emacs").code == 2


def test_the_file_of_a_project(
    home: Home, config: str, run_command: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--project` takes that of the working directory, `--file` any; one that a host has not is refused."""
    monkeypatch.chdir(home.folder)
    done = run_command("install", "vscode", "--yes", "--project", "--config", config)
    assert done.code == 0
    assert "is a project's, which others may share" in done.err
    assert keys(home.folder / ".vscode/mcp.json") == ["servers"]
    assert run_command("install", "cursor", "--yes", "--file", "some.json", "--config", config).code == 0
    assert keys(home.folder / "some.json") == ["mcpServers"]
    assert "no file for a project" in run_command("install", "claude-desktop", "--project", "--config", config).err


def test_undo_needs_no_servers_json(home: Home, run_command: RunCommand, monkeypatch: pytest.MonkeyPatch) -> None:
    """What there is to take back is known without it."""
    monkeypatch.chdir(home.folder)
    for command in ("install", "import"):
        done = run_command(command, "claude-desktop", "--undo")
        assert (done.code, done.err) == (0, "")
        assert "nothing" in done.out.lower()
