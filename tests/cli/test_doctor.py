"""The command `doctor`."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from doubles.command import RunCommand
from doubles.evil_stdio import argv

WriteConfig = Callable[..., Path]

TESTS = Path(__file__).parent.parent


def evil(mode: str, **more: object) -> dict[str, Any]:
    """Return a servers.json entry for a server of the tests."""
    command, *arguments = argv(mode)
    return {"command": command, "args": arguments, **more}


def test_all_is_well(write_config: WriteConfig, run_command: RunCommand) -> None:
    """A server that works is told with how it was started and how long that took; the exit code is 0."""
    path = write_config({"good": evil("ok")})
    done = run_command("doctor", "--config", str(path))
    assert (done.code, done.err) == (0, "")
    head, server = done.out.rstrip("\n").split("\n\n")
    assert str(path) in head
    assert "No model is configured" in head
    first, started = server.splitlines()
    assert first.startswith("ok good: ready in ")
    assert first.endswith(" s, 3 tools, older era of the protocol")
    assert started.strip().endswith("evil_stdio.py ok")


def test_what_is_wrong_is_told_with_what_to_do(write_config: WriteConfig, run_command: RunCommand) -> None:
    """Each server in trouble says why, with its last words, beside those that work; the exit code is 1."""
    path = write_config(
        {
            "good": evil("ok"),
            "spoilt": evil("bad_tool"),
            "dead": evil("exit_at_once"),
            "missing": {"command": "no-such-program-anywhere"},
            "unset": {"command": "x", "args": ["${NO_SUCH_VARIABLE_ANYWHERE}"]},
        },
        llm={"base_url": "http://127.0.0.1:9/v1", "model": "m", "synthesize": {"model": "s"}},
    )
    done = run_command("doctor", "--config", str(path))
    assert done.code == 1
    head, good, spoilt, dead, missing, unset, end = done.out.rstrip("\n").split("\n\n")
    assert "Queries and results go to http://127.0.0.1:9/v1 (m and s)." in head
    assert good.startswith("ok good: ready")
    assert spoilt.startswith("!! spoilt: degraded in ")
    assert "describes tools in a way that is not MCP (no. 2); they were left out." in spoilt
    assert dead.startswith("!! dead: broken\n")
    assert "ended with exit code 3 before it was ready" in dead
    assert dead.count("FATAL: cannot open database") == 1
    assert "there is no program 'no-such-program-anywhere'" in missing
    assert unset.startswith("!! unset: disabled\n")
    assert "NO_SUCH_VARIABLE_ANYWHERE" in unset
    assert end == "4 of 5 servers need attention."


def test_doctor_as_json(write_config: WriteConfig, run_command: RunCommand) -> None:
    """`--json` prints the same for programs."""
    path = write_config({"good": evil("modern_only"), "missing": {"command": "no-such-program-anywhere"}})
    done = run_command("doctor", "--json", "--config", str(path))
    shown = json.loads(done.out)
    assert done.code == 1
    assert (shown["config"], shown["llm"]) == (str(path), None)
    good, missing = shown["servers"]
    assert (good["state"], good["speaks"], good["tools"], good["connects"]) == ("ready", "modern", 3, 2)
    assert (missing["state"], missing["ready_in"], missing["tools"]) == ("broken", None, 0)


def test_no_servers_are_no_illness(write_config: WriteConfig, run_command: RunCommand) -> None:
    """An empty servers.json is said to be one."""
    done = run_command("doctor", "--config", str(write_config({})))
    assert done.code == 0
    assert "servers.json names no servers." in done.out


def test_schema_that_judges_nothing_is_told(write_config: WriteConfig, run_command: RunCommand) -> None:
    """A tool with a schema that cannot be used works, and whoever looks is told that its arguments are not checked."""
    spoil = "s.definitions[0] = {**s.definitions[0], 'inputSchema': {'type': 'object', '$ref': 'http://x.invalid/y'}}"
    program = f"import sys; sys.path.insert(0, {str(TESTS)!r}); from doubles import evil_stdio as e; "
    program += f"s = e.Server(state=None, calls=0); {spoil}; s.serve()"
    done = run_command(
        "doctor", "--config", str(write_config({"odd": {"command": sys.executable, "args": ["-c", program]}}))
    )
    assert done.code == 0
    assert "   - The arguments of echo are not checked: " in done.out


def test_rules_that_do_nothing_are_told(write_config: WriteConfig, run_command: RunCommand) -> None:
    """A glob that matches no tool is named with its place and the nearest; one about a server that is down may match.

    It is a warning: the exit code tells of the servers alone.
    """
    path = write_config(
        {"good": evil("ok", deny=["ech", "fa*"])},
        effects={"good__echo": "read", "goood__*": "read"},
        policy={"deny": ["good__slow"]},
    )
    done = run_command("doctor", "--config", str(path))
    assert done.code == 0
    head, *rules = done.out.rstrip("\n").split("\n\n")[-1].splitlines()
    assert head == "Rules of servers.json that do nothing now:"
    assert [rule.partition(" matches no tool")[0] for rule in rules] == [
        '   - mcpServers.good.deny: "ech"',
        '   - batonmcp.effects: "goood__*"',
    ]
    assert rules[0].endswith("of good. Nearest: echo.")
    found = json.loads(run_command("doctor", "--json", "--config", str(path)).out)["unmatched"]
    assert [(one["place"], one["glob"]) for one in found] == [
        ("mcpServers.good.deny", "ech"),
        ("batonmcp.effects", "goood__*"),
    ]


def test_a_rule_about_a_server_that_is_down(write_config: WriteConfig, run_command: RunCommand) -> None:
    """It is not called wrong."""
    path = write_config({"away": {"command": "no-such-program-anywhere"}}, effects={"away__*": "read"})
    done = run_command("doctor", "--config", str(path))
    assert '"away__*" matches no tool that is known now; it may once away is connected.' in done.out
