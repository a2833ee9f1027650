"""Our own entry in a host's file."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import JsonValue

from batonmcp import __version__
from batonmcp.config.hosts.known import HOSTS, HostName
from batonmcp.config.hosts.ours import fleeting, is_ours, our_entry
from batonmcp.config.itself import our_program


def test_the_program_is_named_with_its_whole_path() -> None:
    """It starts with nothing in the environment, from any folder."""
    program = our_program()
    assert os.path.isabs(program[0])  # noqa: PTH117 - a text
    done = subprocess.run([*program, "--version"], env={}, cwd="/", capture_output=True, text=True, check=True)
    assert done.stdout == f"batonmcp {__version__}\n"


def test_without_the_program_python_starts_the_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no script was installed, the running Python does it."""
    monkeypatch.setattr("sysconfig.get_path", {"scripts": str(tmp_path)}.get)
    assert list(our_program()) == [str(Path(sys.executable).absolute()), "-m", "batonmcp"]


@pytest.mark.parametrize(("name", "typed"), [("vscode", True), ("claude-code", True), ("cursor", False)])
def test_the_entry(name: HostName, typed: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:  # noqa: FBT001 - a parameter of the test
    """It names both files absolutely; hosts that write a type get one; read-only is an argument."""
    monkeypatch.chdir(tmp_path)
    entry = our_entry(HOSTS[name], ["/bin/batonmcp"], Path("servers.json"), read_only=False)
    wanted = {"command": "/bin/batonmcp", "args": ["serve", "--config", str(tmp_path / "servers.json")]}
    assert entry == ({"type": "stdio", **wanted} if typed else wanted)
    entry = our_entry(HOSTS[name], ["/py", "-m", "batonmcp"], Path("/s.json"), read_only=True)
    assert entry["args"] == ["-m", "batonmcp", "serve", "--config", "/s.json", "--read-only"]
    assert is_ours(entry)
    assert is_ours(json.loads(json.dumps(entry)))


OTHERS: list[JsonValue] = [
    None,
    [],
    "batonmcp",
    {},
    {"command": 3},
    {"command": "batonmcp", "args": "serve"},
    {"url": "http://x/batonmcp"},
    {"command": "uvx", "args": ["mcp-server-time"]},
]


@pytest.mark.parametrize("entry", OTHERS, ids=json.dumps)
def test_the_entries_of_others(entry: JsonValue) -> None:
    """Whatever stands there otherwise is not ours."""
    assert not is_ours(entry)


@pytest.mark.parametrize(
    ("program", "vanishes"),
    [
        ("/home/a/.cache/uv/archive-v0/x/bin/batonmcp", True),
        ("/home/a/.cache/uv/environments-v2/x/bin/python", True),
        ("/home/a/.local/share/uv/tools/batonmcp/bin/batonmcp", False),
        ("/home/a/archive/bin/batonmcp", False),
    ],
)
def test_a_program_in_a_cache(program: str, vanishes: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """What uv runs once is in a folder that may be emptied."""
    assert fleeting([program]) is vanishes
