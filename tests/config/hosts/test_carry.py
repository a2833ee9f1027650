"""The carrying of a server's entry out of a host's file."""

import json
from pathlib import Path

import pytest
from pydantic import JsonValue

from batonmcp.config.hosts.carry import Carried, carry
from batonmcp.config.hosts.document import read_host_file
from batonmcp.config.hosts.known import HOSTS, HostName


def carried(entry: dict[str, JsonValue], host: HostName, path: Path, **more: JsonValue) -> Carried:
    """Carry an entry out of a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({HOSTS[host].section: {"a": entry}, **more}))
    return carry("a", entry, read_host_file(HOSTS[host], path))


def test_what_depends_on_nothing_stays_as_it_is(tmp_path: Path) -> None:
    """Every key and value is that of the host, known to us or not."""
    entry: dict[str, JsonValue] = {
        "command": "npx",
        "args": ["-y", "x", 1, None],
        "env": {"A": "b"},
        "cwd": "relative",
        "disabled": True,
        "autoApprove": ["t"],
        "x": {"y": [True]},
    }
    assert carried(entry, "claude-desktop", tmp_path / "host.json") == Carried(entry=entry)


@pytest.mark.parametrize(
    ("host", "file"), [("vscode", ".vscode/mcp.json"), ("cursor", ".cursor/mcp.json"), ("claude-code", ".mcp.json")]
)
def test_a_project_s_folder_is_written_out(host: HostName, file: str, tmp_path: Path) -> None:
    """Its servers start there, and relative paths begin there, wherever servers.json is."""
    shop = tmp_path / "shop"
    entry: dict[str, JsonValue] = {
        "command": "./server",
        "args": ["${workspaceFolder}/data", "${workspaceFolderBasename}", "${workspaceFolder:api}/x", "${HOME}"],
        "envFile": ".env",
    }
    found = carried(entry, host, shop / file)
    assert found.notes == ()
    assert found.entry == {
        "command": "./server",
        "args": [f"{shop}/data", "shop", f"{shop}/x", "${HOME}"],
        "envFile": str(shop / ".env"),
        "cwd": str(shop),
    }


@pytest.mark.parametrize(
    ("cwd", "becomes"),
    [
        ("src", "SHOP/src"),
        ("${workspaceFolder}/src", "SHOP/src"),
        ("/srv", "/srv"),
        ("~/x", "~/x"),
        ("${userHome}/x", "${userHome}/x"),
    ],
)
def test_a_server_s_own_folder(cwd: str, becomes: str, tmp_path: Path) -> None:
    """It begins in the project; one that is absolute, or a variable's, is itself."""
    found = carried({"command": "x", "cwd": cwd}, "vscode", tmp_path / ".vscode/mcp.json")
    assert found.entry["cwd"] == becomes.replace("SHOP", str(tmp_path))


def test_an_address_needs_no_folder(tmp_path: Path) -> None:
    """A server over HTTP does not start anywhere."""
    entry: dict[str, JsonValue] = {"type": "http", "url": "http://x/mcp"}
    assert carried(entry, "claude-code", tmp_path / ".mcp.json").entry == entry


def test_what_vs_code_would_ask_for(tmp_path: Path) -> None:
    """An input with a default becomes a variable with that default; one without stays, and is a variable anyway."""
    found = carried(
        {"command": "x", "env": {"A": "${input:my-key}", "B": "${input:zone}", "C": "${input:odd}"}},
        "vscode",
        tmp_path / "mcp.json",
        inputs=[
            {"id": "my-key", "type": "promptString", "password": True},
            {"id": "zone", "default": "Europe/Paris"},
            {"id": "odd", "default": "}"},
            "nonsense",
        ],
    )
    assert found.entry["env"] == {"A": "${input:my-key}", "B": "${ZONE:-Europe/Paris}", "C": "${input:odd}"}


def test_what_cannot_be_carried_over_is_told(tmp_path: Path) -> None:
    """The folder that is open in a host is not known here; and one that fills nothing in meant its text literally."""
    entry: dict[str, JsonValue] = {"command": "x", "args": ["${workspaceFolder}"]}
    found = carried(entry, "vscode", tmp_path / "User/mcp.json")
    assert found.entry == entry
    assert len(found.notes) == 1
    assert "a names ${workspaceFolder}, which in VS Code is the folder that is open." in found.notes[0]
    (note,) = carried({"command": "x", "env": {"A": "${B}"}}, "claude-desktop", tmp_path / "host.json").notes
    assert "which Claude Desktop passes on as it stands" in note
