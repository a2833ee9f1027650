"""What the parts of a command share: which servers.json, what must not be said, its warnings."""

from collections.abc import Callable
from pathlib import Path

import pytest

from batonmcp.cli.echo import Echo
from batonmcp.cli.invocation import Invocation
from batonmcp.core.discretion import Discretion
from doubles.command import RunCommand

WriteConfig = Callable[..., Path]


@pytest.mark.parametrize("place", ["before", "after", "environment", "folder"])
def test_where_the_configuration_comes_from(
    place: str, write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch, run_command: RunCommand
) -> None:
    """`--config` stands before or after the command; else the environment names it, else it is in the folder."""
    path = write_config({"only_here": {}})
    elsewhere = path.parent / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(path.parent if place == "folder" else elsewhere)
    if place == "environment":
        monkeypatch.setenv("BATONMCP_CONFIG", str(path))
    arguments = {"before": ["--config", str(path), "tools"], "after": ["tools", "--config", str(path)]}
    assert "only_here" in run_command(*arguments.get(place, ["tools"])).out


def test_warnings_go_to_standard_error(write_config: WriteConfig, run_command: RunCommand) -> None:
    """A key that is not known is passed over and said, with the nearest that is; the command works."""
    path = write_config({}, planer="lexical")
    done = run_command("tools", "--config", str(path))
    assert done.code == 0
    assert "batonmcp.planer is not known and was passed over. Did you mean 'planner'?" in done.err
    assert "planer" not in done.out


def test_what_is_read_is_not_said(write_config: WriteConfig) -> None:
    """The keys that servers.json holds are kept out of all that is printed from then on."""
    invocation = Invocation(Echo(Discretion()), write_config({}, llm={"model": "m", "api_key": "sk-canary-2f9c"}))
    settings = invocation.settings(None)
    assert settings.llm
    assert "sk-canary-2f9c" not in invocation.echo.discretion.text("The key is sk-canary-2f9c.")
