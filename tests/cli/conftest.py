"""Fixtures for the tests of the command line."""

from pathlib import Path

import pytest

from batonmcp.cli.app import main
from doubles.command import Done, RunCommand
from doubles.hosts import Home

__all__: list[str] = []

OURS = ("BATONMCP_CONFIG", "BATONMCP_INSIDE", "BATONMCP_MODEL", "OPENAI_API_KEY", "OPENAI_BASE_URL")


@pytest.fixture
def run_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> RunCommand:
    """Run a command in this process, as in a pipe, with nothing of ours in the environment."""
    for name in OURS:
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str) -> Done:
        with pytest.raises(SystemExit) as end:
            main(arguments)
        shown = capsys.readouterr()
        return Done(code=end.value.code or 0, out=shown.out, err=shown.err)

    return run


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """An empty home, which is that of this process, too."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.delenv("CLAUDE_CONFIG_DIR", raising=False)
    return Home(folder)
