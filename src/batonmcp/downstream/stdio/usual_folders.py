"""The folders in which people's programs are, beside those of the system.

An application with a window passes on the short PATH of the desktop, not that of a person's shell, in which the
installers of uv, Node and their like have put themselves.
"""

import os
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

__all__ = ["usual_folders"]

_AT_HOME = (
    ".local/bin",
    ".cargo/bin",
    ".bun/bin",
    ".deno/bin",
    ".volta/bin",
    ".npm-global/bin",
    ".local/share/fnm/aliases/default/bin",
    ".fnm/aliases/default/bin",
    ".local/share/mise/shims",
    ".asdf/shims",
    ".pyenv/shims",
    ".local/share/pnpm",
    "go/bin",
)
_OF_MACOS = ("Library/pnpm", "Library/Application Support/fnm/aliases/default/bin")
_OF_WINDOWS = ("AppData/Roaming/npm", "AppData/Local/pnpm", "scoop/shims", "AppData/Local/Microsoft/WinGet/Links")
_OF_THE_MACHINE = ("/usr/local/bin", "/opt/homebrew/bin", "/home/linuxbrew/.linuxbrew/bin", "/snap/bin")


@cache
def usual_folders(home: Path, *, platform: str = sys.platform) -> tuple[str, ...]:
    """Return those that exist, in the order in which they are to be searched. Looked up once for a process."""
    return tuple(str(folder) for folder in _candidates(home, platform) if os.path.isdir(folder))  # noqa: PTH112 - never raises


def _candidates(home: Path, platform: str) -> Iterator[Path]:
    yield from (home / folder for folder in _AT_HOME)
    if platform == "win32":
        yield from (home / folder for folder in _OF_WINDOWS)
        yield from _newest(home / "AppData/Local/Programs/Python", "Python*/Scripts")
        return
    if platform == "darwin":
        yield from (home / folder for folder in _OF_MACOS)
    yield from _newest(home / ".nvm/versions/node", "*/bin")
    yield from map(Path, _OF_THE_MACHINE)


def _newest(folder: Path, pattern: str) -> list[Path]:
    """Return the match with the highest version in its name, in a list; an empty one where there is none."""
    return sorted(
        folder.glob(pattern), key=lambda path: [int(number) for number in re.findall(r"\d+", path.parent.name)]
    )[-1:]
