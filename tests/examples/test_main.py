"""The program `batonmcp-example NAME`."""

import json
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from batonmcp.examples.__main__ import AGENTS, main

USAGE = "usage: batonmcp-example NAME\nNAME is one of: analytics_agent, config_agent, data_agent\n"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the module with an input that is at its end from the start."""
    return subprocess.run(
        [sys.executable, *arguments],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
    )


@pytest.mark.parametrize("name", AGENTS)
def test_starts_the_agent_that_is_named(name: str) -> None:
    """The agent runs until its host hangs up, here at once, and says nothing that was not asked for."""
    done = run("-m", "batonmcp.examples", name)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("arguments", [[], ["nope"], ["data_agent", "more"], ["--help"]])
def test_prints_the_usage_for_anything_else(arguments: list[str]) -> None:
    """Without a known name the names are on stderr, and the exit is that of bad usage."""
    done = run("-m", "batonmcp.examples", *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", USAGE)


def test_imports_nothing_heavy_before_the_name_is_known() -> None:
    """A wrong name is answered without waiting for the MCP SDK."""
    code = "import sys, batonmcp.examples.__main__; print(sorted({'mcp', 'anyio', 'pydantic'} & sys.modules.keys()))"
    assert run("-c", code).stdout == "[]\n"


def test_is_installed_as_a_command() -> None:
    """The distribution has the console script that servers.json starts."""
    [script] = entry_points(group="console_scripts", name="batonmcp-example")
    assert script.load() is main


def test_the_shipped_configuration_starts_each_agent() -> None:
    """servers.json at the root of the project names the three under their own names."""
    path = Path(__file__).parents[2] / "servers.json"
    servers = json.loads(path.read_text(encoding="utf-8"))["mcpServers"]
    assert servers == {name: {"command": "batonmcp-example", "args": [name]} for name in AGENTS}
