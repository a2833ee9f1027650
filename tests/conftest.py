"""Fixtures that several test modules share."""

import json
import secrets
import sys
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any

import pytest
from trio.testing import MockClock

from doubles.fifo import Fifo
from doubles.installed import node_packages
from doubles.processes import TOKEN_VARIABLE, kill, marked
from faults.survived import pytest_terminal_summary

__all__: list[str] = ["pytest_terminal_summary"]

pytest_plugins = ["pace"]

NODE_PACKAGES = (
    "@modelcontextprotocol/inspector@0.15.0",
    "@modelcontextprotocol/server-everything@2026.8.31",
    "@modelcontextprotocol/server-filesystem@2026.8.31",
)

WriteConfig = Callable[..., Path]


@pytest.fixture
def anyio_backend(request: pytest.FixtureRequest) -> str | tuple[str, dict[str, object]]:
    """Run async tests on asyncio, as the product does; those that ask for `virtual` by a clock that jumps."""
    if getattr(request, "param", "real") == "virtual":
        return "trio", {"clock": MockClock(autojump_threshold=0)}
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def no_configuration_of_a_person(tmp_path_factory: pytest.TempPathFactory) -> Generator[None]:
    """Keep the tests away from the configuration of whoever runs them, and from their secrets.env."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("configuration")))
        yield


@pytest.fixture(autouse=True)
def _nothing_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep every test, and the programs it starts, out of the store of the person who runs it."""
    monkeypatch.setenv("BATONMCP_STORE", "memory")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path_factory.getbasetemp() / secrets.token_hex(8)))


@pytest.fixture
def token() -> Generator[str]:
    """A mark for processes: whatever carries it is killed when the test ends."""
    mark = secrets.token_hex(8)
    yield mark
    kill(marked(mark))


@pytest.fixture
def fifo(tmp_path: Path) -> Generator[Fifo]:
    """A file in which servers tell what happens to them, as it happens."""
    found = Fifo(tmp_path)
    yield found
    found.close()


@pytest.fixture
def write_config(tmp_path: Path, token: str) -> WriteConfig:
    """Write a servers.json whose servers carry the test's mark, and return its path."""

    def write(servers: Mapping[str, Mapping[str, Any]], **baton: Any) -> Path:  # noqa: ANN401 - JSON
        entries = {
            name: entry if "url" in entry else {**entry, "env": {TOKEN_VARIABLE: token, **entry.get("env", {})}}
            for name, entry in servers.items()
        }
        path = tmp_path / "servers.json"
        ours = {"store": "memory", **baton}  # a host hands down no variables: the file says it too
        path.write_text(json.dumps({"mcpServers": entries, "batonmcp": ours}))
        return path

    return write


@pytest.fixture
def sample_servers() -> dict[str, dict[str, Any]]:
    """The three sample agents, started by this Python."""
    names = ("data_agent", "analytics_agent", "config_agent")
    return {name: {"command": sys.executable, "args": ["-m", f"batonmcp.examples.{name}"]} for name in names}


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """The folder of the installed Node packages; the test is skipped where there is no Node."""
    return node_packages(*NODE_PACKAGES)
