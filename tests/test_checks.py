"""The static checks, as part of the test run."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def _run(*command: str) -> None:
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_ruff_finds_nothing() -> None:
    """Every rule of ruff holds, but for those that pyproject.toml ignores with a reason."""
    _run("ruff", "check", ".")


def test_ruff_would_format_nothing() -> None:
    """The code is formatted."""
    _run("ruff", "format", "--check", ".")


def test_imports_only_go_down() -> None:
    """The layers of docs/design.md hold."""
    tool = shutil.which("lint-imports", path=str(Path(sys.executable).parent))
    assert tool is not None
    done = subprocess.run([tool, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_pyright_finds_nothing() -> None:
    """Strict type checking of source, tests and benchmarks reports nothing."""
    if not shutil.which("node"):
        pytest.skip("pyright needs Node.js")
    _run("pyright", "--pythonpath", sys.executable)
