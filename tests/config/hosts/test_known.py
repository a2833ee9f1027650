"""The hosts that are known, and where each keeps its servers."""

import sys
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import pytest

from batonmcp.config.hosts.known import HOSTS, HostName, System
from batonmcp.core.errors import BatonError

HOME = Path("/home/ada")

PLACES: list[tuple[str, Mapping[str, str], HostName, str]] = [
    ("darwin", {}, "claude-desktop", "/home/ada/Library/Application Support/Claude/claude_desktop_config.json"),
    ("darwin", {"XDG_CONFIG_HOME": "/x"}, "vscode", "/home/ada/Library/Application Support/Code/User/mcp.json"),
    ("linux", {}, "claude-desktop", "/home/ada/.config/Claude/claude_desktop_config.json"),
    ("linux", {"XDG_CONFIG_HOME": "/x"}, "claude-desktop", "/x/Claude/claude_desktop_config.json"),
    ("linux", {}, "vscode", "/home/ada/.config/Code/User/mcp.json"),
    ("win32", {}, "claude-desktop", "/home/ada/AppData/Roaming/Claude/claude_desktop_config.json"),
    ("win32", {"APPDATA": "/r"}, "claude-desktop", "/r/Claude/claude_desktop_config.json"),
    ("win32", {"APPDATA": "/r"}, "vscode", "/r/Code/User/mcp.json"),
    ("linux", {}, "claude-code", "/home/ada/.claude.json"),
    ("win32", {}, "claude-code", "/home/ada/.claude.json"),
    ("linux", {"CLAUDE_CONFIG_DIR": "/c"}, "claude-code", "/c/.claude.json"),
    ("darwin", {}, "cursor", "/home/ada/.cursor/mcp.json"),
]


@pytest.mark.parametrize(("platform", "environment", "name", "place"), PLACES)
def test_file_of_a_person(platform: str, environment: Mapping[str, str], name: HostName, place: str) -> None:
    """Each host has its file where it looks on that system."""
    system = System(platform=platform, environment=environment, home=HOME)
    assert HOSTS[name].file(system) == Path(place)


def test_store_build_of_claude_desktop(tmp_path: Path) -> None:
    """The build of Windows' Store reads a folder of its own; the usual one counts only where there is no such build."""
    environment = {"APPDATA": str(tmp_path / "Roaming"), "LOCALAPPDATA": str(tmp_path / "Local")}
    system = System(platform="win32", environment=environment, home=HOME)
    host = HOSTS["claude-desktop"]
    assert host.file(system) == tmp_path / "Roaming/Claude/claude_desktop_config.json"
    package = tmp_path / "Local/Packages/Claude_pzs8sxrjxfjjc"
    package.mkdir(parents=True)
    assert host.file(system) == package / "LocalCache/Roaming/Claude/claude_desktop_config.json"
    assert host.file(System(platform="linux", environment=environment, home=HOME)).parts[:3] == HOME.parts


def test_store_build_without_variables(tmp_path: Path) -> None:
    """The folders of a person are known without the variables that name them."""
    (tmp_path / "AppData/Local/Packages/Claude_pzs8sxrjxfjjc").mkdir(parents=True)
    system = System(platform="win32", environment={}, home=tmp_path)
    assert "Claude_pzs8sxrjxfjjc" in HOSTS["claude-desktop"].file(system).parts


@pytest.mark.parametrize(
    ("name", "file"), [("claude-code", ".mcp.json"), ("vscode", ".vscode/mcp.json"), ("cursor", ".cursor/mcp.json")]
)
def test_file_of_a_project(name: HostName, file: str) -> None:
    """A host with projects has a file in them, and knows the project from the file."""
    host, project = HOSTS[name], Path("/projects/shop")
    found = host.file(System(platform=sys.platform, environment={}, home=HOME), project=project)
    assert PurePosixPath(found) == PurePosixPath(f"/projects/shop/{file}")
    assert host.project_of(found) == project
    assert host.project_of(Path("/projects/shop/other.json")) is None


def test_the_file_of_the_person_is_no_projects(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Cursor calls it the same in the person's folder as in a project; VS Code keeps the person's elsewhere."""
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert HOSTS["cursor"].project_of(HOSTS["cursor"].file(System.here())) is None
    assert HOSTS["cursor"].project_of(tmp_path / "shop/.cursor/mcp.json") == tmp_path / "shop"
    assert HOSTS["vscode"].project_of(tmp_path / ".vscode/mcp.json") == tmp_path


def test_no_file_of_a_project() -> None:
    """Claude Desktop has none, which is said with what to do."""
    system = System(platform="linux", environment={}, home=HOME)
    with pytest.raises(BatonError, match=r"Claude Desktop has no file for a project\. Leave --project out"):
        HOSTS["claude-desktop"].file(system, project=HOME)
    assert HOSTS["claude-desktop"].project_of(HOSTS["claude-desktop"].file(system)) is None


def test_every_host_has_its_name() -> None:
    """Each is found by the name that it has itself."""
    assert {name: host.name for name, host in HOSTS.items()} == {name: name for name in HOSTS}
