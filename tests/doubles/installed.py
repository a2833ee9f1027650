"""Packages of others, installed once into a folder of the system's temporary one, and kept there.

A folder is named after what is in it, versions included, and locked while it is filled: the processes of a parallel
test run share it.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest

__all__ = ["node_packages", "python_packages"]


def node_packages(*packages: str) -> Path:
    """Return the folder `node_modules` with these packages; the test is skipped where there is no Node."""
    if not (shutil.which("node") and shutil.which("npm")):
        _unavailable("Node.js and npm are not installed")

    def install(folder: Path) -> list[list[str]]:
        return [["npm", "install", "--prefix", str(folder), "--no-package-lock", "--no-audit", "--no-fund", *packages]]

    return _installed("node", packages, install) / "node_modules"


def python_packages(*requirements: str) -> Path:
    """Return the Python of a virtual environment with these packages; the test is skipped where there is no index."""

    def install(folder: Path) -> list[list[str]]:
        quiet = ["--quiet", "--disable-pip-version-check", "--no-compile", "--only-binary", ":all:"]
        return [
            [sys.executable, "-m", "venv", "--without-pip", "--clear", str(folder / "venv")],
            [sys.executable, "-m", "pip", "--python", str(_python(folder)), "install", *quiet, *requirements],
        ]

    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return _python(_installed("python", (version, *requirements), install))


def _python(folder: Path) -> Path:
    return folder / "venv" / "bin" / "python"


def _installed(kind: str, packages: tuple[str, ...], install: Callable[[Path], list[list[str]]]) -> Path:
    """Return the folder with these packages, installing them unless that has been done."""
    key = sha256(" ".join(packages).encode()).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"batonmcp-test-{kind}-{os.getuid()}-{key}"
    folder.mkdir(exist_ok=True)
    with _locked(folder / "lock"):
        if not (folder / "complete").exists():
            for command in install(folder):
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                if done.returncode:
                    _unavailable(f"{' '.join(packages)} cannot be installed: {done.stderr[-500:]}")
            (folder / "complete").touch()
    return folder


def _unavailable(reason: str) -> None:
    if os.environ.get("BATONMCP_REQUIRE_NODE"):
        pytest.fail(f"{reason}, and BATONMCP_REQUIRE_NODE is set")
    pytest.skip(reason)


@contextmanager
def _locked(path: Path) -> Generator[None]:
    """Hold a lock among the processes of a parallel test run."""
    import fcntl  # noqa: PLC0415 - not on Windows, where the tests that need it do not run

    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
