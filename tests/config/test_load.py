"""From servers.json and the environment to settings."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from batonmcp.config.load import find_config, load
from batonmcp.config.settings import HttpServer, ServerSettings, Settings, StdioServer
from batonmcp.core.errors import ConfigError
from batonmcp.core.limits import Limits

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """The places where a configuration is looked for, none of which has one yet; the working directory is one."""
    found = {name: tmp_path / name / "servers.json" for name in ("given", "variable", "here")}
    found["user"] = tmp_path / "user" / "batonmcp" / "servers.json"
    for path in found.values():
        path.parent.mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "user"))
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a test writes its configuration."""
    return tmp_path / "servers.json"


def loaded(path: Path, document: Mapping[str, Any], environment: Mapping[str, str] | None = None) -> Settings:
    """Write a configuration and read it."""
    path.write_text(json.dumps(document), encoding="utf-8")
    return load(path, environment or {})


def server(path: Path, entry: object, environment: Mapping[str, str] | None = None) -> ServerSettings:
    """Return the settings of the only server, called `a`."""
    (settings,) = loaded(path, {"mcpServers": {"a": entry}}, environment).servers
    return settings


@pytest.mark.parametrize("winner", ["given", "variable", "here", "user"])
def test_first_place_wins(places: dict[str, Path], winner: str) -> None:
    """The option, the variable, the working directory and the user's folder are tried in this order."""
    order = list(places)
    for name in order[order.index(winner) :]:
        places[name].write_text("{}")
    given = places["given"] if winner == "given" else None
    environment = {"BATONMCP_CONFIG": str(places["variable"])} if winner in {"given", "variable"} else {}
    assert find_config(given, environment).absolute() == places[winner]


@pytest.mark.usefixtures("places")
@pytest.mark.parametrize(("option", "environment"), [("no.json", {}), (None, {"BATONMCP_CONFIG": "no.json"})])
def test_named_file_must_exist(option: str | None, environment: dict[str, str], places: dict[str, Path]) -> None:
    """A file that was named is never replaced by another one that happens to exist."""
    places["here"].write_text("{}")
    with pytest.raises(ConfigError, match=r"no\.json: there is no such file\. Check --config or BATONMCP_CONFIG"):
        find_config(Path(option) if option else None, environment)


def test_nothing_found_names_the_places(places: dict[str, Path]) -> None:
    """Without any file the sentence names both places and shows one to start with."""
    with pytest.raises(ConfigError, match=r"there is no servers\.json") as caught:
        find_config(None, {"BATONMCP_CONFIG": ""})
    for name in ("here", "user"):
        assert str(places[name]) in str(caught.value)
    example = str(caught.value)[str(caught.value).index("{") :]
    assert json.JSONDecoder().raw_decode(example)[0]["mcpServers"]


def test_shipped_file_is_clean() -> None:
    """The servers.json of the repository starts three servers and gives no warning."""
    settings = load(ROOT / "servers.json", {})
    assert [server.name for server in settings.servers] == ["data_agent", "analytics_agent", "config_agent"]
    assert not settings.warnings
    assert not [server.trouble for server in settings.servers if server.trouble]
    assert settings.llm is None


def test_stdio_entry(path: Path) -> None:
    """Every text of an entry may name variables, and a folder may begin with a tilde."""
    entry = {
        "type": "stdio",
        "command": "${BIN}/run",
        "args": ["--key", "${env:KEY}", "$1"],
        "env": {"TOKEN": "t-${KEY}"},
        "cwd": "~/x",
        "timeout": 5,
        "untrusted": True,
        "protocol": "legacy",
    }
    settings = server(path, entry, {"BIN": "/opt", "KEY": "k"})
    assert settings == ServerSettings(
        name="a",
        transport=StdioServer(
            command="/opt/run", args=("--key", "k", "$1"), env={"TOKEN": "t-k"}, cwd=str(Path("~/x").expanduser())
        ),
        timeout=5.0,
        untrusted=True,
        protocol="legacy",
    )


@pytest.mark.parametrize("kind", [None, "http", "streamable-http", "streamableHttp"])
def test_http_entry(path: Path, kind: str | None) -> None:
    """An address makes an entry one over HTTP, however its type is written; the end of a line is no part of a token."""
    entry = {"url": "${BASE}/mcp", "headers": {"Authorization": "Bearer ${KEY}"}} | ({"type": kind} if kind else {})
    settings = server(path, entry, {"BASE": "https://example.com", "KEY": "k\n"})
    assert settings.transport == HttpServer(url="https://example.com/mcp", headers={"Authorization": "Bearer k"})


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"command": "x", "args": ["${UNSET}"]}, "the variable UNSET that mcpServers.a names is not set."),
        ({"url": "http://h", "headers": {"X": "${UNSET}"}}, "the variable UNSET that mcpServers.a names is not set."),
        ({}, 'mcpServers.a needs either "command" or "url".'),
        ({"command": "x", "url": "http://h"}, 'mcpServers.a needs either "command" or "url".'),
        ({"url": "http://h", "headers": {"X": "s3\ncret"}}, "mcpServers.a.headers.X holds characters that cannot be"),
        ({"command": ["x"]}, "mcpServers.a: command: input should be a valid string."),
        ({"command": "x", "type": "sse"}, "'stdio', 'http', 'streamable-http' or 'streamableHttp'."),
        ("uvx mcp-server-time", "mcpServers.a: it should be an object."),
    ],
)
def test_wrong_entry_costs_itself_only(path: Path, entry: object, said: str) -> None:
    """A server that cannot be used stays, with a sentence that says what to change; the others are used."""
    settings = loaded(path, {"mcpServers": {"a": entry, "b": {"command": "y"}}})
    wrong, good = settings.servers
    assert (wrong.name, wrong.transport) == ("a", None)
    assert said in (wrong.trouble or "")
    assert "s3" not in (wrong.trouble or "")
    assert good == ServerSettings(name="b", transport=StdioServer(command="y"))


def test_disabled_entry_is_left_out(path: Path) -> None:
    """A disabled server is not there at all, and nothing is said about its variables."""
    settings = loaded(path, {"mcpServers": {"a": {"command": "${UNSET}", "disabled": True}, "b": {"command": "y"}}})
    assert [server.name for server in settings.servers] == ["b"]


def test_own_settings(path: Path) -> None:
    """Planner, effects, limits and the LLM are read; what is not said keeps its default."""
    baton = {
        "planner": "host",
        "effects": {"a__get*": "read", "a__*": "write"},
        "limits": {"steps": 3, "call_timeout": 1.5},
        "llm": {"model": "m", "base_url": "http://127.0.0.1/v1"},
    }
    settings = loaded(path, {"mcpServers": {"a": {"command": "x"}}, "batonmcp": baton})
    assert settings.source == path
    assert settings.planner == "host"
    assert list(settings.effects.items()) == [("a__get*", "read"), ("a__*", "write")]
    assert settings.limits == Limits(steps=3, call_timeout=1.5)
    assert settings.llm is not None
    assert settings.llm.model == "m"


@pytest.mark.parametrize(
    ("baton", "said"),
    [
        ({"limits": {"steps": "many"}}, r"batonmcp\.limits\.steps: input should be a valid integer"),
        ({"planner": "guess"}, r"batonmcp\.planner: input should be 'auto', 'llm', 'host' or 'lexical'"),
        ({"effects": []}, r"batonmcp\.effects: it should be an object"),
        ([], r"batonmcp: it should be an object"),
        ({"llm": {"model": "${UNSET}"}}, r"batonmcp\.llm: the variable UNSET is not set"),
    ],
)
def test_wrong_setting_of_ours_ends_it(path: Path, baton: object, said: str) -> None:
    """Our own settings are never guessed: a wrong one is an error with file and place."""
    with pytest.raises(ConfigError, match=said) as caught:
        loaded(path, {"mcpServers": {"a": {"command": "x"}}, "batonmcp": baton})
    assert str(caught.value).startswith(str(path))


def test_servers_must_be_a_map(path: Path) -> None:
    """A list of servers is refused as what it is."""
    with pytest.raises(ConfigError, match=r"mcpServers: it should be an object"):
        loaded(path, {"mcpServers": ["a"]})


def test_unknown_keys_are_named(path: Path) -> None:
    """A key that means nothing is passed over aloud, at any depth, with the nearest that does."""
    document: dict[str, Any] = {
        "mcpServers": {"a": {"command": "x", "tiemout": 5, "autoApprove": []}},
        "batonmcp": {"polcy": {}, "limits": {"step": 1}, "llm": {"route": {"modle": "m"}}},
    }
    warnings = loaded(path, document).warnings
    assert all(warning.startswith(f"{path}: ") for warning in warnings)
    assert {warning.removeprefix(f"{path}: ") for warning in warnings} >= {
        "mcpServers.a.tiemout is not known and was passed over. Did you mean 'timeout'?",
        "mcpServers.a.autoApprove is not known and was passed over.",
        "batonmcp.limits.step is not known and was passed over. Did you mean 'steps'?",
        "batonmcp.llm.route.modle is not known and was passed over. Did you mean 'model'?",
    }
    assert any(warning.startswith(f"{path}: batonmcp.polcy is not known") for warning in warnings)


@pytest.mark.parametrize("document", [{}, {"mcpservers": {"a": {"command": "x"}}}, {"mcpServers": {}}])
def test_file_without_servers_is_told(path: Path, document: dict[str, Any]) -> None:
    """A file that names no server, as after a slip in the key, is not taken in silence."""
    settings = loaded(path, document)
    assert not settings.servers
    (warning,) = settings.warnings
    assert "it names no server. Write some under mcpServers" in warning
