"""The folders in which people's programs are."""

import os
from pathlib import Path

from batonmcp.downstream.stdio.usual_folders import usual_folders


def folders(home: Path, *names: str, platform: str = "linux") -> list[str]:
    """Make folders in a home and return those that are found in it, relative to it."""
    for name in names:
        (home / name).mkdir(parents=True)
    return [
        os.path.relpath(found, home) for found in usual_folders(home, platform=platform) if home in Path(found).parents
    ]


def test_only_those_that_exist(tmp_path: Path) -> None:
    """Folders that are not there make no PATH longer; those of the machine are looked at as well."""
    assert folders(tmp_path, ".cargo/bin", ".local/bin", "bin") == [".local/bin", ".cargo/bin"]
    assert all(Path(found).is_dir() for found in usual_folders(tmp_path))
    assert ("/usr/local/bin" in usual_folders(tmp_path)) == Path("/usr/local/bin").is_dir()


def test_newest_node_of_nvm(tmp_path: Path) -> None:
    """Of several versions the highest counts, as a number and not as text."""
    versions = (".nvm/versions/node/v9.11.2/bin", ".nvm/versions/node/v22.3.0/bin", ".nvm/versions/node/v22.12.0/bin")
    assert folders(tmp_path, *versions) == [".nvm/versions/node/v22.12.0/bin"]


def test_each_system_has_its_own(tmp_path: Path) -> None:
    """What installers use on macOS and Windows is looked for there only."""
    mac, windows = tmp_path / "mac", tmp_path / "windows"
    for home in (mac, windows):
        for name in ("Library/pnpm", "AppData/Roaming/npm", "AppData/Local/Programs/Python/Python312/Scripts"):
            (home / name).mkdir(parents=True)
    assert folders(mac, platform="darwin") == ["Library/pnpm"]
    assert folders(windows, platform="win32") == [
        "AppData/Roaming/npm",
        "AppData/Local/Programs/Python/Python312/Scripts",
    ]


def test_looked_up_once(tmp_path: Path) -> None:
    """A server's start costs no search through the disk."""
    assert usual_folders(tmp_path) is usual_folders(tmp_path)
