"""The command `import`."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from batonmcp.config.itself import our_program
from batonmcp.config.json_edit import set_value
from batonmcp.config.settings import StdioServer
from doubles.command import Done, RunCommand
from doubles.downstream import scripted
from doubles.evil_stdio import argv
from doubles.hosts import Home
from doubles.terminal import Terminal

WriteConfig = Callable[..., Path]

TOKEN = "ghp_0123456789abcdefgh"  # noqa: S105 - made up
TIME_S = 60.0


def evil(mode: str = "ok", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return an entry for a server of the tests, by the bare name of its program."""
    return {"command": "own-python", "args": argv(mode)[1:], **more}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with programs in the folder of installers: a Python, and one that starts others as `npx` does."""
    found = Home(tmp_path / "home")
    found.program(found.bin / "own-python", sys.executable)
    npx = found.program(found.bin / "own-npx")
    npx.write_text(f'#!/bin/sh\nshift\nexec {found.example()} "$@"\n')  # past its -y
    return found


@pytest.fixture
def run(home: Home, run_command: RunCommand, monkeypatch: pytest.MonkeyPatch) -> RunCommand:
    """Run a command in this process, from `/`, as if the home were the person's."""
    monkeypatch.setenv("HOME", str(home.folder))
    monkeypatch.setenv("PATH", os.defpath)
    for name in ("XDG_CONFIG_HOME", "CLAUDE_CONFIG_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir("/")
    return run_command


def document(path: Path) -> Any:  # noqa: ANN401 - JSON
    """Return what a file holds."""
    return json.loads(path.read_bytes().decode("utf-8-sig"))


TEN: dict[str, Any] = {
    "time": {"command": "mcp-server-time"},
    "data": {"command": "own-npx", "args": ["-y", "data_agent"], "env": {"API_TOKEN": TOKEN}},
    "analytics": {"command": "batonmcp-example", "args": ["analytics_agent"]},
    "config": {"command": "own-python", "args": ["-m", "batonmcp.examples.config_agent"]},
    **{f"evil{number}": evil() for number in range(6)},
}


@pytest.mark.slow
def test_ten_servers_become_one_in_one_command(home: Home) -> None:
    """One command takes ten servers over, each of which starts with nothing set and from `/`; undo gives them back."""
    path = home.write(home.desktop, {"theme": "dark", "mcpServers": TEN})
    before = home.files()
    done = home.run("import", "claude-desktop", "--yes")
    assert (done.code, done.err) == (0, "")
    entry = {
        "command": our_program()[0],
        "args": [*our_program()[1:], "serve", "--config", str(home.servers)],
    }
    assert document(path) == {"theme": "dark", "mcpServers": {"batonmcp": entry}}
    taken = document(home.servers)["mcpServers"]
    assert taken == {**TEN, "data": {**TEN["data"], "env": {"API_TOKEN": "${DATA_API_TOKEN}"}}}
    secrets = home.servers.with_name("secrets.env")
    assert secrets.read_text() == f"DATA_API_TOKEN={TOKEN}\n"
    assert secrets.stat().st_mode & 0o777 == 0o600
    assert TOKEN not in done.out
    assert "  read (" in done.out
    assert "time: convert_time, get_current_time" in done.out
    assert "saved (estimated as 4 characters of JSON a token)" in done.out

    assert tools_of(home, path) == ["orchestrate"]
    healthy = home.run("doctor", "--json", "--config", str(home.servers))
    assert [server["state"] for server in json.loads(healthy.out)["servers"]] == ["ready"] * 10

    again = home.run("import", "claude-desktop", "--yes")
    assert (again.code, again.err) == (0, "")
    assert "has no server to import" in again.out

    undone = home.run("import", "claude-desktop", "--undo")
    assert undone.code == 0
    assert f"{path} is what it was, to the byte." in undone.out
    assert home.files() == before
    assert "Nothing was imported" in home.run("import", "claude-desktop", "--undo").out


def tools_of(home: Home, path: Path) -> list[str]:
    """Start the only server of a host as the host does, and list its tools."""
    (entry,) = document(path)["mcpServers"].values()

    async def listed() -> list[str]:
        command = ["env", "-i", f"HOME={home.folder}", "BATONMCP_STORE=memory", entry["command"], *entry["args"]]
        parameters = StdioServerParameters(command=command[0], args=command[1:], cwd="/")
        with anyio.fail_after(TIME_S):
            async with Client(stdio_client(parameters), mode="legacy") as client:
                return [tool.name for tool in (await client.list_tools()).tools]

    return anyio.run(listed)


@pytest.mark.slow
def test_commands_on_a_short_path(home: Home) -> None:
    """A bare command is the one that the PATH has first."""
    programs = home.folder / "opt"
    home.program(programs / "python3", sys.executable)
    agent = {"command": "python3", "args": ["-m", "batonmcp.examples.data_agent"]}
    home.write(home.desktop, {"mcpServers": {"agent": agent}})
    done = home.run("import", "claude-desktop", "--yes", PATH=f"{programs}:/usr/bin:/bin")
    assert (done.code, done.err) == (0, "")
    assert list(document(home.desktop)["mcpServers"]) == ["batonmcp"]


BEFORE = b"""\xef\xbb\xbf{\r
  // mine\r
  "mcpServers": {\r
    "good": %s, // with a key\r
    "bad": {"command": "no-such-program-anywhere"},\r
  },\r
}\r
"""


def with_good(**more: Any) -> bytes:  # noqa: ANN401 - JSON
    """Return a host's file with a server that works and one that does not."""
    return BEFORE % json.dumps(evil(**more)).encode()


def test_what_does_not_start_stays_in_the_host(home: Home, run: RunCommand) -> None:
    """It is named with the reason, and comes over; comments, line ends and the byte order mark stay."""
    path = home.write(home.desktop, with_good(env={"GITHUB_TOKEN": TOKEN}))
    done = run("import", "claude-desktop", "--yes", "--no-install")
    assert done.code == 1
    assert "bad cannot start: there is no program 'no-such-program-anywhere'." in done.err
    assert "What did not start stays in Claude Desktop for now." in done.out
    text = path.read_bytes()
    assert b'"good"' not in text
    assert b'    // with a key\r\n    "bad": {"command": "no-such-program-anywhere"},\r\n' in text
    assert text.startswith(b"\xef\xbb\xbf{\r\n  // mine\r\n")
    assert list(document(home.servers)["mcpServers"]) == ["good", "bad"]
    (copy,) = path.parent.glob("*.bak")
    assert copy.stat().st_mode & 0o777 == 0o600
    assert run("import", "claude-desktop", "--undo").code == 0
    assert path.read_bytes() == with_good(env={"GITHUB_TOKEN": TOKEN})
    assert not home.servers.exists()


def test_nothing_that_starts(home: Home, run: RunCommand) -> None:
    """Where nothing works, the host stays as it is, and batonmcp is not put in."""
    path = home.write(home.desktop, {"mcpServers": {"bad": {"command": "no-such-program-anywhere"}}})
    before = path.read_bytes()
    done = run("import", "claude-desktop", "--yes")
    assert done.code == 1
    assert "there is no program 'no-such-program-anywhere'" in done.err
    assert "Tools by what they may do" not in done.out
    assert path.read_bytes() == before
    assert list(document(home.servers)["mcpServers"]) == ["bad"]


def test_a_server_that_is_switched_off(home: Home, run: RunCommand) -> None:
    """It comes over as it is, switched off, and goes out of the host without having been started."""
    path = home.write(home.desktop, {"mcpServers": {"off": evil("exit_at_once", disabled=True)}})
    assert run("import", "claude-desktop", "--yes", "--no-install").code == 0
    assert document(home.servers)["mcpServers"]["off"]["disabled"] is True
    assert document(path)["mcpServers"] == {}


@pytest.mark.slow
def test_nobody_to_ask(home: Home) -> None:
    """In a pipe and without --yes it is shown what would be written and done, without secrets; nothing is."""
    home.write(home.desktop, with_good(env={"GITHUB_TOKEN": TOKEN}))
    before = home.files()
    done = home.run("import", "claude-desktop")
    assert (done.code, done.err) == (3, "")
    assert f"+++ {home.servers}" in done.out
    assert "secrets.env: GOOD_GITHUB_TOKEN." in done.out
    assert "those that work are taken out of Claude Desktop, and batonmcp is put into Claude Desktop." in done.out
    assert "Say --yes to do this." in done.out
    assert TOKEN not in done.out
    assert home.files() == before


def test_keep_and_then_not(home: Home, run: RunCommand) -> None:
    """Kept, the host stays as it is; a second time they are there already, and only the host changes."""
    path = home.write(home.desktop, {"mcpServers": {"good": evil()}})
    before = path.read_bytes()
    done = run("import", "claude-desktop", "--yes", "--keep")
    assert (done.code, path.read_bytes()) == (0, before)
    servers = home.servers.read_bytes()
    done = run("import", "claude-desktop", "--yes")
    assert done.code == 0
    assert f"{home.servers} has these already: good." in done.out
    assert home.servers.read_bytes() == servers
    assert list(document(path)["mcpServers"]) == ["batonmcp"]
    assert run("import", "claude-desktop", "--undo").code == 0
    assert (path.read_bytes(), home.servers.read_bytes()) == (before, servers)


def test_keep_and_put_in(home: Home, run: RunCommand) -> None:
    """Kept and put in, both are in the host."""
    path = home.write(home.desktop, {"mcpServers": {"good": evil()}})
    assert run("import", "claude-desktop", "--yes", "--keep", "--install", "--read-only").code == 0
    servers = document(path)["mcpServers"]
    assert list(servers) == ["good", "batonmcp"]
    assert servers["batonmcp"]["args"][-1] == "--read-only"


def test_a_name_that_is_taken(home: Home, run: RunCommand) -> None:
    """A server that we have otherwise is left on both sides, and that is said; the rest comes over."""
    path = home.write(home.desktop, {"mcpServers": {"good": evil(), "other": evil()}})
    config = home.write(home.folder / "my.json", b'// ours\n{"servers": {"other": {"command": "x"}}}\n')
    done = run("import", "claude-desktop", "--yes", "--config", str(config))
    assert done.code == 1
    assert f"other is left where it is: {config} has another server of that name." in done.err
    assert config.read_bytes().startswith(b'// ours\n{"servers": {"other": {"command": "x"}, "good": {"command"')
    assert list(document(path)["mcpServers"]) == ["other", "batonmcp"]


def test_only_some(home: Home, run: RunCommand) -> None:
    """The named ones come over, in spite of spaces; a name that is not there is told with those that are."""
    path = home.write(home.desktop, {"mcpServers": {name: evil() for name in "abc"}})
    done = run("import", "claude-desktop", "--yes", "--only", "a, c", "--no-install")
    assert done.code == 0
    assert list(document(path)["mcpServers"]) == ["b"]
    assert list(document(home.servers)["mcpServers"]) == ["a", "c"]
    done = run("import", "claude-desktop", "--yes", "--only", "a")
    assert (done.code, done.out) == (2, "")
    assert "has no server 'a'. It has: b." in done.err


def test_undo_after_other_edits(home: Home, run: RunCommand) -> None:
    """What was edited since stays, in the host and in ours; what the import changed is changed back."""
    path = home.write(home.desktop, {"mcpServers": {"good": evil(), "x": evil()}})
    assert run("import", "claude-desktop", "--yes", "--only", "good").code == 0
    path.write_text(set_value(path.read_text(), ["theme"], "dark"))
    home.servers.write_text(set_value(home.servers.read_text(), ["mcpServers", "mine"], {"command": "y"}))
    done = run("import", "claude-desktop", "--undo")
    assert done.code == 0
    assert "was changed since; taken back there: mcpServers.good, mcpServers.batonmcp." in done.out
    assert document(path) == {"mcpServers": {"x": evil(), "good": evil()}, "theme": "dark"}
    assert document(home.servers) == {"mcpServers": {"mine": {"command": "y"}}}


def test_what_the_host_will_no_longer_see(home: Home, run: RunCommand, token: str) -> None:
    """Prompts and resources are not passed on: what is lost of them is named."""
    code = (
        "shake = s.initialize\n"
        "more = {'tools': {}, 'prompts': {}, 'resources': {}}\n"
        "s.handlers['initialize'] = lambda *a: {**shake(*a), 'capabilities': more}\n"
        "s.handlers['prompts/list'] = lambda *_: {'prompts': [{'name': 'greet'}]}\n"
        "s.handlers['resources/list'] = lambda *_: {'resources': [{'name': n, 'uri': 'a:' + n} for n in 'xy']}\n"
    )
    transport = scripted(code, token).transport
    assert isinstance(transport, StdioServer)
    entry = {"command": transport.command, "args": [*transport.args], "env": {**transport.env}}
    home.write(home.desktop, {"mcpServers": {"kind": entry, "plain": evil()}})
    done = run("import", "claude-desktop", "--yes", "--keep")
    assert done.code == 0
    assert "Claude Desktop will no longer see of kind: 1 prompt (greet) and 2 resources (x, y)." in done.out
    assert "of plain" not in done.out


def test_vs_code_and_a_project(home: Home, run: RunCommand) -> None:
    """The file of a project comes over with its folder written out and VS Code's inputs as variables."""
    shop = home.folder / "shop"
    written = {
        "inputs": [{"id": "zone", "default": "Europe/Paris"}],
        "servers": {
            "here": {
                "type": "stdio",
                "command": "sh",
                "args": ["-c", 'test -f marker && exec own-python "$@"', "sh", *argv("ok")[1:]],
                "env": {"ZONE": "${input:zone}", "ROOT": "${workspaceFolder}"},
            }
        },
    }
    path = home.write(shop / ".vscode/mcp.json", written)
    (shop / "marker").touch()
    done = run("import", "vscode", "--yes", "--file", str(path))
    assert (done.code, done.err) == (0, "")
    entry = document(home.servers)["mcpServers"]["here"]
    assert entry["cwd"] == str(shop)
    assert entry["env"] == {"ZONE": "${ZONE:-Europe/Paris}", "ROOT": str(shop)}
    assert document(path)["servers"]["batonmcp"]["type"] == "stdio"
    assert document(path)["inputs"] == written["inputs"]


@pytest.mark.parametrize(
    ("data", "says"),
    [(b'{"mcpServers": {', "is not JSON here"), (b'{"mcpServers": []}', "mcpServers: is not an object")],
)
def test_a_broken_host_file(data: bytes, says: str, home: Home, run: RunCommand) -> None:
    """It is refused with its place, and never overwritten."""
    path = home.write(home.desktop, data)
    done = run("import", "claude-desktop", "--yes")
    assert (done.code, done.out) == (2, "")
    assert f"batonmcp: {path}" in done.err
    assert says in done.err
    assert path.read_bytes() == data
    assert not home.servers.exists()


@pytest.mark.parametrize("document", [None, b"", b"{}", b'{"mcpServers": {"batonmcp": {"command": "batonmcp"}}}'])
def test_nothing_to_import(document: bytes | None, home: Home, run: RunCommand) -> None:
    """A host without servers, or with us alone, has nothing to give."""
    if document is not None:
        home.write(home.desktop, document)
    before = home.files()
    done = run("import", "claude-desktop", "--yes")
    assert (done.code, done.err) == (0, "")
    assert "has no server to import." in done.out
    assert home.files() == before


def test_a_host_file_that_may_not_be_written(home: Home, run: RunCommand) -> None:
    """The servers came over, and the host stays as it is; what was done can be taken back."""
    path = home.write(home.desktop, {"mcpServers": {"good": evil()}})
    path.chmod(0o444)
    before = home.files()
    done = run("import", "claude-desktop", "--yes")
    assert done.code == 2
    assert f"{path}: cannot be written (Permission denied); it is as it was." in done.err
    assert home.servers.exists()
    assert run("import", "claude-desktop", "--undo").code == 0
    assert home.files() == before


def test_a_secrets_env_that_others_may_read(home: Home, run: RunCommand) -> None:
    """Secrets are not moved to where they are not read from; nothing was written."""
    home.write(home.desktop, with_good(env={"GITHUB_TOKEN": TOKEN}))
    secrets = home.write(home.servers.with_name("secrets.env"), b"A=1\n")
    secrets.chmod(0o644)
    before = home.files()
    done = run("import", "claude-desktop", "--yes")
    assert done.code == 2
    assert f"{secrets}: is not used, as others may read it. First: chmod 600 {secrets}" in done.err
    assert home.files() == before


def terminal(home: Home, *arguments: str) -> Terminal:
    """Run the command on a terminal."""
    command = [*our_program(), "import", "claude-desktop", "--config", str(home.servers), *arguments]
    return Terminal(command, env=home.environment(PATH=os.defpath))


@pytest.mark.slow
@pytest.mark.parametrize("second", ["y\n", "n\n"])
def test_on_a_terminal_a_person_is_asked_twice(second: str, home: Home) -> None:
    """Once for our file, once for the host's, when it is known what works."""
    path = home.write(home.desktop, {"mcpServers": {"good": evil()}})
    with terminal(home) as shown:
        shown.expect(f"Write this into {home.servers}? [y/N]: ")
        assert not home.servers.exists()
        shown.type("y\n")
        shown.expect("Take this server out of Claude Desktop, and put batonmcp in? [y/N]: ")
        assert home.servers.exists()
        assert "Tools by what they may do" in shown.seen
        shown.type(second)
        assert shown.wait() == 0
    assert list(document(path)["mcpServers"]) == (["batonmcp"] if second == "y\n" else ["good"])
    assert (f"{path} was left as it is." in shown.seen) is (second == "n\n")


@pytest.mark.slow
def test_on_a_terminal_no_means_no(home: Home) -> None:
    """Nothing is written, nothing is started."""
    home.write(home.desktop, {"mcpServers": {"good": evil()}})
    before = home.files()
    with terminal(home, "--keep") as shown:
        shown.expect("[y/N]: ")
        assert "what that means is told; Claude Desktop stays as it is" in shown.seen
        shown.type("\n")
        assert shown.wait() == 1
    assert "Nothing was changed." in shown.seen
    assert home.files() == before


@pytest.mark.slow
def test_an_entry_that_a_host_edits_meanwhile(home: Home) -> None:
    """What is no longer what came over is not taken out."""
    path = home.write(home.desktop, {"mcpServers": {"good": evil(), "more": evil()}})
    with terminal(home) as shown:
        shown.expect("[y/N]: ")
        path.write_text(set_value(path.read_text(), ["mcpServers", "more", "env"], {"A": "1"}))
        shown.type("y\n")
        shown.expect("put batonmcp in? [y/N]: ")
        shown.type("y\n")
        assert shown.wait() == 0
    assert list(document(path)["mcpServers"]) == ["more", "batonmcp"]


def test_a_model_of_the_shell(
    home: Home, write_config: WriteConfig, run: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model of the shell is told not to be seen by the host, and a configuration that needs it stops all."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789abcdef")
    monkeypatch.setenv("BATONMCP_MODEL", "m")
    host = home.write(home.desktop, {"mcpServers": {"good": {"command": sys.executable, "args": argv("ok")[1:]}}})
    config = write_config({})
    arguments = ("import", "claude-desktop", "--yes", "--keep", "--file", str(host), "--config", str(config))
    done: Done = run(*arguments)
    assert done.code == 0
    assert "of your shell will not be seen: hosts do not pass it on." in done.err
    write_config({}, llm={"model": "m"})
    done = run(*arguments)
    assert done.code == 2
    assert "can be used in your shell, but not where a host starts batonmcp" in done.err
