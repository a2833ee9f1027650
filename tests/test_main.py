"""The program: which command gets which arguments."""

import gc
import subprocess
import sys
from pathlib import Path

import pytest

from batonmcp import __version__
from batonmcp.__main__ import main


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> object:
    """Run the program in this process and return its exit code."""
    monkeypatch.setattr(sys, "argv", ["batonmcp", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    gc.unfreeze()  # `serve` keeps what is there for good, and this process goes on without it
    return end.value.code or 0


@pytest.mark.parametrize(
    "arguments",
    [["serve", "--config", "{}"], ["--config", "{}", "serve"], ["--config={}", "serve"], ["serve", "--config={}"]],
    ids=["after", "before", "before, joined", "after, joined"],
)
def test_serve_gets_its_configuration(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--config` reaches `serve` wherever it stands."""
    path = tmp_path / "nowhere.json"
    assert run(monkeypatch, *(argument.format(path) for argument in arguments)) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(f"batonmcp: {path}: there is no such file.")


def test_serve_takes_its_own_way(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`serve --help` is the help of that command, which does not come from typer."""
    assert run(monkeypatch, "serve", "--help") == 0
    assert capsys.readouterr().out.startswith("usage: batonmcp serve [-h] [--config FILE]")


def test_the_collector_rests_while_serve_is_imported(tmp_path: Path) -> None:
    """It is on again before `serve` does anything, and what was imported is left out of its work for good."""
    program = """
import atexit, gc, sys
from batonmcp.__main__ import main
sys.addaudithook(lambda event, what: what[:1] == ("batonmcp.cli.serve",) and print(event, gc.isenabled()))
atexit.register(lambda: print("end", gc.isenabled(), gc.get_freeze_count() > 0))
sys.argv = ["batonmcp", "serve", "--help"]
main()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path, check=True)
    said = done.stdout.splitlines()
    assert (said[0], said[-1]) == ("import False", "end True True")


@pytest.mark.parametrize(
    "arguments",
    [["tools", "--config", "{}"], ["--config", "{}", "tools"], ["--config={}", "tools"]],
    ids=["after", "before", "before, joined"],
)
def test_other_commands_get_theirs(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--config` reaches every other command wherever it stands."""
    path = tmp_path / "nowhere.json"
    assert run(monkeypatch, *(argument.format(path) for argument in arguments)) == 2
    assert capsys.readouterr().err.startswith(f"batonmcp: {path}: there is no such file.")


@pytest.mark.parametrize("arguments", [["--config"], ["--config", "x"], ["serve", "--config"]])
def test_a_command_line_that_breaks_off(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A command line without its end is bad usage."""
    assert run(monkeypatch, *arguments) == 2


def test_as_a_module() -> None:
    """`python -m batonmcp` is the program."""
    done = subprocess.run(
        [sys.executable, "-m", "batonmcp", "--version"], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, f"batonmcp {__version__}\n", "")
