"""A configuration as it is where a host starts us."""

import json
from pathlib import Path
from typing import Any

import pytest

from batonmcp.config.hosts.seen import as_a_host_starts_it, lost_without_the_shell, passed_on
from batonmcp.core.errors import ConfigError

KEY = {"OPENAI_API_KEY": "sk-0123456789abcdef"}


def written(folder: Path, **document: Any) -> Path:  # noqa: ANN401 - JSON
    """Write a configuration."""
    path = folder / "servers.json"
    path.write_text(json.dumps({"mcpServers": {}, **document}))
    return path


def test_what_is_passed_on() -> None:
    """What every program is given, on each system, and nothing that a shell has set."""
    assert passed_on({"HOME": "/h", "Path": "p", "OPENAI_API_KEY": "k", "BATONMCP_MODEL": "m"}) == {
        "HOME": "/h",
        "Path": "p",
    }


def test_all_the_same(tmp_path: Path) -> None:
    """Where nothing depends on the shell, nothing is said."""
    path = written(tmp_path, mcpServers={"a": {"command": "x", "args": ["${HOME}"]}})
    environment = {"HOME": "/h", "OPENAI_API_KEY": "sk-unused"}
    seen = as_a_host_starts_it(path, environment)
    assert list(lost_without_the_shell(path, environment, seen)) == []


def test_a_model_of_the_shell(tmp_path: Path) -> None:
    """A model that only the shell names is told, with its variables and where to write them."""
    path = written(tmp_path)
    environment = {**KEY, "BATONMCP_MODEL": "m"}
    seen = as_a_host_starts_it(path, environment)
    assert seen.llm is None
    (said,) = lost_without_the_shell(path, environment, seen)
    assert said.startswith("BATONMCP_MODEL and OPENAI_API_KEY of your shell will not be seen: hosts do not pass it on.")
    assert str(tmp_path / "secrets.env") in said


def test_a_model_of_secrets_env(tmp_path: Path) -> None:
    """What stands in secrets.env is seen."""
    path = written(tmp_path)
    secrets = tmp_path / "secrets.env"
    secrets.write_text(f"BATONMCP_MODEL=m\nOPENAI_API_KEY={KEY['OPENAI_API_KEY']}\n")
    secrets.chmod(0o600)
    seen = as_a_host_starts_it(path, {})
    assert seen.llm
    assert list(lost_without_the_shell(path, {**KEY, "BATONMCP_MODEL": "m"}, seen)) == []


def test_a_key_of_the_shell_without_which_nothing_goes(tmp_path: Path) -> None:
    """Where the configuration cannot be used without it, that is an error before a host finds out."""
    path = written(tmp_path, batonmcp={"llm": {"model": "m"}})
    with pytest.raises(
        ConfigError, match=r"can be used in your shell, but not where a host starts batonmcp: "
    ) as caught:
        as_a_host_starts_it(path, KEY)
    assert f"write what is missing in {tmp_path / 'secrets.env'} (chmod 600)" in str(caught.value)


def test_what_is_wrong_anyway(tmp_path: Path) -> None:
    """What can never be used is told as ever."""
    path = written(tmp_path, batonmcp={"planner": "magic"})
    with pytest.raises(ConfigError, match=r"batonmcp\.planner: input should be"):
        as_a_host_starts_it(path, KEY)


def test_a_server_s_variable_of_the_shell(tmp_path: Path) -> None:
    """A server that lacks a variable there is told; one that lacks it here too is no news."""
    servers = {"a": {"command": "x", "args": ["${ONLY_HERE}"]}, "b": {"command": "x", "args": ["${NOWHERE_SET}"]}}
    path = written(tmp_path, mcpServers=servers)
    environment = {"ONLY_HERE": "1"}
    seen = as_a_host_starts_it(path, environment)
    (said,) = lost_without_the_shell(path, environment, seen)
    assert "a is not used: the variable ONLY_HERE" in said
    assert str(tmp_path / "secrets.env") in said
