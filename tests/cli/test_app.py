"""The command line: its options, and what it says about wrong ones."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from batonmcp import __version__
from doubles.command import RunCommand

WriteConfig = Callable[..., Path]


def test_version(run_command: RunCommand) -> None:
    """`--version` prints name and version."""
    done = run_command("--version")
    assert (done.code, done.out, done.err) == (0, f"batonmcp {__version__}\n", "")


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_names_the_commands(option: str, run_command: RunCommand) -> None:
    """Help lists what there is."""
    done = run_command(option)
    assert done.code == 0
    for command in ("serve", "ask", "tools", "approve", "runs"):
        assert command in done.out


@pytest.mark.parametrize(
    "arguments",
    [["nonsense"], ["ask", "q", "--nonsense"], ["ask", "q", "--output", "poem"], ["tools", "extra"], []],
    ids=["command", "option", "choice", "argument", "nothing"],
)
def test_bad_usage(arguments: list[str], run_command: RunCommand) -> None:
    """Bad usage exits with 2."""
    assert run_command(*arguments).code == 2


COMMANDS = """
import sys
from batonmcp.cli.app import main

for command in ("approve", "runs", "install claude-desktop --file host.json", "install claude-desktop --undo"):
    try:
        main([*command.split(), *sys.argv[1:]])
    except SystemExit:
        print("---")
print(*sys.modules)
"""


def test_what_starts_no_server_imports_no_sdk(write_config: WriteConfig, tmp_path: Path) -> None:
    """To decide, to list runs and to install takes no second of imports: neither MCP nor the client of a model."""
    config = write_config({})
    done = subprocess.run(
        [sys.executable, "-c", COMMANDS, "--config", str(config)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    *shown, loaded = done.stdout.split("---\n")
    assert "host.json" in shown[2]
    assert {"mcp", "openai", "batonmcp.downstream", "batonmcp.stages.route"}.isdisjoint(loaded.split())
    assert "batonmcp.cli.approve" in loaded.split()


BAD_FILES = [
    (b"{", ":1:2: is not JSON here"),
    (b'{"mcpServers": {},\n,}', ":2:1: is not JSON here"),
    (b'{"mcpServers": []}', ": mcpServers: it should be an object"),
    (b'{"mcpServers": {}, "batonmcp": {"planner": "magic"}}', ": batonmcp.planner: input should be"),
    (b'{"mcpServers": {}, "batonmcp": {"limits": {"steps": 0}}}', ": batonmcp.limits.steps: input should be"),
    (b'{"mcpServers": {"a": {}, "a": {}}}', ": has the key 'a' twice"),
    (b"[]", ": is not a JSON object"),
    (b"{\xff}", ": is not UTF-8 text"),
]


@pytest.mark.parametrize("command", [["ask", "q"], ["tools"], ["serve"]], ids=lambda command: command[0])
@pytest.mark.parametrize(("content", "says"), BAD_FILES, ids=[says for _, says in BAD_FILES])
def test_a_bad_configuration(
    content: bytes, says: str, command: list[str], tmp_path: Path, run_command: RunCommand
) -> None:
    """A configuration that cannot be used: exit 2, file and place in one sentence, nothing on standard output."""
    path = tmp_path / "servers.json"
    path.write_bytes(content)
    done = run_command(*command, "--config", str(path))
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"batonmcp: {path}{says}")
    assert "Traceback" not in done.err


@pytest.mark.parametrize("command", [["ask", "q"], ["tools"], ["serve"]], ids=lambda command: command[0])
def test_a_configuration_that_is_not_there(command: list[str], tmp_path: Path, run_command: RunCommand) -> None:
    """A file that does not exist is named, with what to do."""
    path = tmp_path / "nowhere.json"
    done = run_command(*command, "--config", str(path))
    assert (done.code, done.out) == (2, "")
    assert f"{path}: there is no such file. Check --config or BATONMCP_CONFIG." in done.err


def test_no_configuration_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_command: RunCommand) -> None:
    """Without any file both places are named, with an example of one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    done = run_command("tools")
    assert done.code == 2
    assert str(tmp_path / "servers.json") in done.err
    assert str(tmp_path / "config" / "batonmcp" / "servers.json") in done.err
    assert '{"mcpServers": {' in done.err


def test_a_planner_without_a_model(write_config: WriteConfig, run_command: RunCommand) -> None:
    """Asking for the planner `llm` without naming a model is a mistake in the configuration."""
    path = write_config({}, planner="llm")
    done = run_command("ask", "q", "--config", str(path))
    assert (done.code, done.out) == (2, "")
    assert f'{path}: batonmcp.planner: is "llm", but no model is configured.' in done.err
    assert "BATONMCP_MODEL" in done.err


def test_serve_is_handed_its_options(tmp_path: Path, run_command: RunCommand) -> None:
    """`serve` reads its own options, also when it is reached the long way."""
    done = run_command("serve", "--help")
    assert done.code == 0
    assert "--read-only" in done.out
    assert "--transport" in done.out
    path = tmp_path / "nowhere.json"
    assert str(path) in run_command("--config", str(path), "serve", "--read-only").err


PLAN_FILES = [
    (None, "cannot be read (No such file or directory). Check the path"),
    (b"{", ":1:2: is not JSON here"),
    (b"[]", 'is not a JSON object. Write {"steps": [...]}.'),
]


@pytest.mark.parametrize(("content", "says"), PLAN_FILES, ids=["missing", "no JSON", "no object"])
def test_a_bad_plan_file(
    content: bytes | None, says: str, tmp_path: Path, write_config: WriteConfig, run_command: RunCommand
) -> None:
    """A plan's file that cannot be used: exit 2 and a sentence with its name; no server is started for it."""
    started = tmp_path / "started"
    config = write_config({"a": {"command": "touch", "args": [str(started)]}})
    path = tmp_path / "plan.json"
    if content is not None:
        path.write_bytes(content)
    done = run_command("ask", "--plan", str(path), "--config", str(config))
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"batonmcp: {path}")
    assert says in done.err
    assert not started.exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["ask"], "The query is empty."),
        (["ask", "  "], "The query is empty."),
        (["ask", "x" * 65_537], "65,537 bytes, at most 65,536 are allowed"),
        (["ask", "q", "--input", "novalue"], "--input 'novalue' is not NAME=VALUE."),
        (["ask", "q", "--input", "9lives=1"], "NAME is letters, digits and _."),
        (["ask", "q", "--input", f"text=@{os.devnull}/x"], "cannot be read as text"),
    ],
    ids=["nothing", "blank", "long", "no value", "name", "file"],
)
def test_a_bad_task(arguments: list[str], says: str, write_config: WriteConfig, run_command: RunCommand) -> None:
    """A task that cannot be asked: exit 2 and a sentence."""
    done = run_command(*arguments, "--config", str(write_config({})))
    assert (done.code, done.out) == (2, "")
    assert says in done.err
    assert "Traceback" not in done.err
