"""The hosts that are known, and where each keeps its servers."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal, Self, TypeAlias

from batonmcp.config.surroundings import Section
from batonmcp.core.errors import BatonError

__all__ = ["HOSTS", "Host", "HostName", "System"]

HostName: TypeAlias = Literal["claude-desktop", "claude-code", "vscode", "cursor"]

_STORE_BUILD: Final = "Packages/Claude_pzs8sxrjxfjjc"
"""The folder of Claude Desktop as Windows' Store and its present installer put it there: it sees no other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """Where a person's files are, so that the folders of any system can be looked up on any other.

    Attributes:
        platform: As `sys.platform` tells it.
        environment: The variables.
        home: The person's folder.
    """

    platform: str
    environment: Mapping[str, str]
    home: Path

    @classmethod
    def here(cls) -> Self:
        """Return the system on which we run, for the person who runs us."""
        return cls(platform=sys.platform, environment=os.environ, home=Path.home())

    def applications(self) -> Path:
        """Return the folder in which applications keep what a person has set."""
        if self.platform == "win32":
            return self._named("APPDATA", "AppData/Roaming")
        if self.platform == "darwin":
            return self.home / "Library/Application Support"
        return self._named("XDG_CONFIG_HOME", ".config")

    def local_applications(self) -> Path:
        """Return the folder in which Windows keeps what belongs to this machine."""
        return self._named("LOCALAPPDATA", "AppData/Local")

    def _named(self, variable: str, otherwise: str) -> Path:
        named = self.environment.get(variable)
        return Path(named) if named else self.home / otherwise


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A host.

    Attributes:
        name: What it is called on the command line.
        title: What it calls itself.
        section: The key under which its file has the servers.
        typed: Whether it writes the type of a server that is a program.
        user_file: Finds the file of the person.
        project_file: The file of a project, from the project's folder; None if it has none.
        fills_in: Whether it replaces `${...}` in entries.
        restart: What makes it read the file again.
    """

    name: HostName
    title: str
    section: Section
    user_file: Callable[[System], Path]
    project_file: str | None = None
    typed: bool = False
    fills_in: bool = True
    restart: str

    def file(self, system: System, *, project: Path | None = None) -> Path:
        """Return the file in which it keeps the person's servers, or those of a project.

        Raises:
            BatonError: It keeps none for a project.
        """
        if project is None:
            return self.user_file(system)
        if self.project_file is None:
            raise BatonError(
                kind="bad_arguments",
                message=f"{self.title} has no file for a project.",
                cure="Leave --project out, or name a file with --file.",
            )
        return project / self.project_file

    def project_of(self, file: Path) -> Path | None:
        """Return the folder of the project to which a file belongs; None for the person's own.

        Cursor's has the same name in a project as in the person's folder.
        """
        if self.project_file is None or not file.as_posix().endswith(f"/{self.project_file}"):
            return None
        return None if file == self.user_file(System.here()) else file.parents[self.project_file.count("/")]


def _claude_desktop(system: System) -> Path:
    folder = system.applications() / "Claude"
    if system.platform == "win32" and (package := system.local_applications() / _STORE_BUILD).is_dir():
        folder = package / "LocalCache/Roaming/Claude"
    return folder / "claude_desktop_config.json"


def _claude_code(system: System) -> Path:
    named = system.environment.get("CLAUDE_CONFIG_DIR")
    return (Path(named) if named else system.home) / ".claude.json"


def _vscode(system: System) -> Path:
    return system.applications() / "Code/User/mcp.json"


def _cursor(system: System) -> Path:
    return system.home / ".cursor/mcp.json"


HOSTS: Final[Mapping[HostName, Host]] = MappingProxyType(
    {
        host.name: host
        for host in (
            Host(
                name="claude-desktop",
                title="Claude Desktop",
                section="mcpServers",
                user_file=_claude_desktop,
                fills_in=False,
                restart="Quit Claude Desktop and start it again.",
            ),
            Host(
                name="claude-code",
                title="Claude Code",
                section="mcpServers",
                user_file=_claude_code,
                project_file=".mcp.json",
                typed=True,
                restart="Start a new session of Claude Code.",
            ),
            Host(
                name="vscode",
                title="VS Code",
                section="servers",
                user_file=_vscode,
                project_file=".vscode/mcp.json",
                typed=True,
                restart="VS Code sees the change itself; start the server there when it offers to.",
            ),
            Host(
                name="cursor",
                title="Cursor",
                section="mcpServers",
                user_file=_cursor,
                project_file=".cursor/mcp.json",
                restart="Cursor sees the change itself; check the server under its settings.",
            ),
        )
    }
)
"""All of them, by their names on the command line."""
