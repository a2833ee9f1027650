"""The command `tools`."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from doubles.command import RunCommand
from doubles.evil_stdio import argv

WriteConfig = Callable[..., Path]


def evil(mode: str, **more: object) -> dict[str, Any]:
    """Return a servers.json entry for a server of the tests."""
    command, *arguments = argv(mode)
    return {"command": command, "args": arguments, **more}


@pytest.fixture
def config(write_config: WriteConfig) -> Path:
    """Configure three servers: one with tools of all effects, one that cannot start, one that is disabled."""
    return write_config(
        {
            "evil": evil("write_tool"),
            "missing": {"command": "no-such-program-anywhere"},
            "off": evil("ok", disabled=True),
        },
        effects={"evil__put": "destructive"},
    )


def test_tools_are_listed_under_their_servers(config: Path, run_command: RunCommand) -> None:
    """Each tool stands under its server with its full name, its effect and where that comes from, and its words."""
    done = run_command("tools", "--config", str(config))
    assert (done.code, done.err) == (0, "")
    evil_block, missing_block = done.out.rstrip("\n").split("\n\n")
    head, *lines = evil_block.splitlines()
    assert head == "evil: ready"
    assert [line.split(maxsplit=3) for line in lines] == [
        ["evil__delete_everything", "destructive", "(guessed)", "Delete it all."],
        ["evil__echo", "read", "(declared)", "Say the text again."],
        ["evil__fail", "read", "(declared)", "Fail with the message."],
        ["evil__put", "destructive", "(set)", "Store a value."],
        ["evil__slow", "read", "(declared)", "Answer after so many seconds."],
    ]
    assert missing_block.startswith(
        "missing: broken\n  ! missing cannot start: there is no program 'no-such-program-anywhere'."
    )
    assert "mcpServers.missing.command" in missing_block


def test_tools_as_json(config: Path, run_command: RunCommand) -> None:
    """`--json` prints servers with their troubles, tools with schemas and effects, and the fingerprint."""
    done = run_command("tools", "--json", "--config", str(config))
    assert (done.code, done.err) == (0, "")
    shown = json.loads(done.out)
    assert [server["name"] for server in shown["servers"]] == ["evil", "missing"]
    assert shown["servers"][0]["trouble"] is None
    assert [server["state"] for server in shown["servers"]] == ["ready", "broken"]
    assert "no program" in shown["servers"][1]["trouble"]
    assert len(shown["fingerprint"]) == 16
    tools = {entry["name"]: entry for entry in shown["tools"]}
    assert list(tools) == sorted(tools)
    assert tools["evil__echo"] == {
        "name": "evil__echo",
        "server": "evil",
        "tool": "echo",
        "agent": "evil",
        "description": "Say the text again.",
        "effect": "read",
        "effect_source": "declared",
        "open_world": True,
        "input_schema": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
        "output_schema": None,
    }


def test_an_output_schema_is_shown(write_config: WriteConfig, run_command: RunCommand) -> None:
    """A tool that declares what it returns is shown with that."""
    done = run_command("tools", "--json", "--config", str(write_config({"evil": evil("bad_output")})))
    tools = {entry["tool"]: entry for entry in json.loads(done.out)["tools"]}
    assert tools["measure"]["output_schema"]["required"] == ["celsius"]


def test_display_names_and_long_words(write_config: WriteConfig, run_command: RunCommand) -> None:
    """A server that has a display name is shown with it, and a long description on one line, cut."""
    entry = {"command": sys.executable, "args": ["-m", "batonmcp.examples.data_agent"]}
    done = run_command("tools", "--config", str(write_config({"my_data": entry})))
    head, line = done.out.splitlines()
    assert head == "Data Agent (my_data): ready"
    assert line.startswith("  my_data__get_report  read (declared)")
    assert len(line.split(maxsplit=3)[3]) <= 100


def test_a_server_without_tools(write_config: WriteConfig, run_command: RunCommand) -> None:
    """A server that works but offers nothing is said to offer nothing."""
    entry = {"command": sys.executable, "args": ["-c", EMPTY]}
    done = run_command("tools", "--config", str(write_config({"empty": entry})))
    assert done.out == "empty: ready\n  offers no tools\n"


def test_no_servers(write_config: WriteConfig, run_command: RunCommand) -> None:
    """An empty configuration is said to be empty."""
    done = run_command("tools", "--config", str(write_config({})))
    assert (done.code, done.out) == (0, "servers.json names no servers.\n")


EMPTY = """
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if message.get("method") == "initialize":
        info = {"name": "empty", "version": "1"}
        result = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": info}
    elif message.get("method") == "tools/list":
        result = {"tools": []}
    else:
        continue
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
"""
