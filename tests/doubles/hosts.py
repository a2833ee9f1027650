"""A person's home with hosts in it, and commands run there as a host would: without a shell's variables, from `/`."""

import json
import os
import stat
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batonmcp.config.itself import our_program
from doubles.command import Done

__all__ = ["Home"]


@dataclass(frozen=True, slots=True)
class Home:
    """A home folder.

    Attributes:
        folder: Where it is.
    """

    folder: Path

    @property
    def desktop(self) -> Path:
        """The file of Claude Desktop."""
        return self.folder / ".config" / "Claude" / "claude_desktop_config.json"

    @property
    def servers(self) -> Path:
        """Our servers.json in the person's configuration folder."""
        return self.folder / ".config" / "batonmcp" / "servers.json"

    @property
    def bin(self) -> Path:
        """A folder of programs that installers use."""
        return self.folder / ".local" / "bin"

    def write(self, path: Path, document: Mapping[str, Any] | bytes) -> Path:
        """Write a file, with its folders."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(document if isinstance(document, bytes) else json.dumps(document, indent=2).encode())
        return path

    def program(self, path: Path, *words: str) -> Path:
        """Write a program that starts another, with its own arguments behind those given here."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'#!/bin/sh\nexec {" ".join(words)} "$@"\n')
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    def files(self) -> dict[str, bytes]:
        """Return every file of the home but our own data, with its bytes."""
        found = (path for path in self.folder.rglob("*") if path.is_file() and ".local" not in path.parts)
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in found}

    def environment(self, **more: str) -> dict[str, str]:
        """Return what is set here: where the home is, and what coverage needs to see subprocesses."""
        measured = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE")}
        return {"HOME": str(self.folder), **measured, **more}

    def run(self, *arguments: str, **more: str) -> Done:
        """Run a command of batonmcp from `/`, in a pipe, with nothing set but what is said here."""
        done = subprocess.run(
            [*our_program(), *arguments],
            env=self.environment(**more),
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        return Done(code=done.returncode, out=done.stdout, err=done.stderr)

    @staticmethod
    def example() -> str:
        """Return the path of the sample agents' program."""
        return str(Path(sysconfig.get_path("scripts")) / "batonmcp-example")

    @staticmethod
    def python() -> str:
        """Return the path of the running Python."""
        return sys.executable
