"""From servers.json and the environment to settings."""

import json
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batonmcp.config.load import config_to_write, find_config, load
from batonmcp.config.settings import HttpKind, HttpServer, ServerSettings, Settings, StdioServer
from batonmcp.core.errors import ConfigError
from batonmcp.core.limits import Limits
from batonmcp.core.policy import Policy

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


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that each example of a property test writes anew."""
    return tmp_path_factory.mktemp("load") / "servers.json"


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


@pytest.mark.parametrize("winner", ["given", "variable", "here", "user"])
def test_a_file_that_is_to_be_made(places: dict[str, Path], winner: str) -> None:
    """It is the one that was named, or the user's own; one that is in the working directory is taken as it is."""
    if winner == "here":
        places["here"].write_text("{}")
    given = places["given"] if winner == "given" else None
    environment = {"BATONMCP_CONFIG": str(places["variable"])} if winner in {"given", "variable"} else {}
    assert config_to_write(given, environment).absolute() == places[winner]


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
    assert not settings.secrets
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


@pytest.mark.parametrize(
    ("kind", "speaks"),
    [
        (None, "auto"),
        ("http", "http"),
        ("streamable-http", "http"),
        ("streamableHttp", "http"),
        ("sse", "sse"),
    ],
)
def test_http_entry(path: Path, kind: str | None, speaks: HttpKind) -> None:
    """An address makes an entry one over HTTP, however its type is written; the end of a line is no part of a token."""
    entry = {"url": "${BASE}/mcp", "headers": {"Authorization": "Bearer ${KEY}"}} | ({"type": kind} if kind else {})
    settings = server(path, entry, {"BASE": "https://example.com", "KEY": "k\n"})
    assert settings.transport == HttpServer(
        url="https://example.com/mcp", headers={"Authorization": "Bearer k"}, speaks=speaks
    )


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"command": "x", "args": ["${UNSET}"]}, "the variable UNSET that mcpServers.a names is not set."),
        ({"url": "http://h", "headers": {"X": "${UNSET}"}}, "the variable UNSET that mcpServers.a names is not set."),
        ({}, 'mcpServers.a needs either "command" or "url".'),
        ({"command": "x", "url": "http://h"}, 'mcpServers.a needs either "command" or "url".'),
        ({"url": "http://h", "headers": {"X": "s3\ncret"}}, "mcpServers.a.headers.X holds characters that cannot be"),
        ({"command": ["x"]}, "mcpServers.a: command: input should be a valid string."),
        ({"command": "x", "type": "ws"}, "mcpServers.a: type: input should be 'stdio', 'http', 'streamable-http', "),
        ({"command": "x", "type": "sse"}, "mcpServers.a has the type 'sse', which needs \"url\"."),
        ({"url": "http://h", "type": "stdio"}, "mcpServers.a has the type 'stdio', which needs \"command\"."),
        ({"url": "h/mcp"}, "mcpServers.a.url is no address such as https://example.com/mcp."),
        ({"command": "x", "args": ["a", 1]}, "mcpServers.a: args.1: input should be a valid string."),
        ({"command": "x", "env": {"A": 1}}, "mcpServers.a: env.A: input should be a valid string."),
        ({"command": "batonmcp", "args": ["serve"]}, "mcpServers.a starts batonmcp itself, which would never end."),
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
        "limits": {"steps": 3, "call_timeout": 1.5, "early_start": False},
        "llm": {"model": "m", "base_url": "http://127.0.0.1/v1"},
    }
    settings = loaded(path, {"mcpServers": {"a": {"command": "x"}}, "batonmcp": baton})
    assert settings.source == path
    assert settings.planner == "host"
    assert list(settings.effects.items()) == [("a__get*", "read"), ("a__*", "write")]
    assert settings.limits == Limits(steps=3, call_timeout=1.5, early_start=False)
    assert settings.llm is not None
    assert settings.llm.model == "m"


@pytest.mark.parametrize(
    ("written", "policy"),
    [
        ({}, Policy()),
        ("read_only", Policy(profile="read_only")),
        ({"profile": "always", "without_elicitation": "host"}, Policy(profile="always", without_elicitation="host")),
        ({"allow": ["a__get*"], "deny": ["a__*", "b__x"]}, Policy(allow=("a__get*",), deny=("a__*", "b__x"))),
    ],
)
def test_policy(path: Path, written: object, policy: Policy) -> None:
    """What may run is read as it is written; a process that was told nothing asks."""
    assert loaded(path, {"mcpServers": {}, "batonmcp": {"policy": written}}).policy == policy
    assert loaded(path, {"mcpServers": {}}).policy == Policy()


def test_limits_of_hosts_runs(path: Path) -> None:
    """All bounds of hosts' runs can be set; what is not said keeps its default."""
    limits: dict[str, Any] = {
        "answer_within": 20,
        "runs": 2,
        "waiting_runs": 0,
        "kept_runs": 3,
        "kept_bytes": 4_000,
        "kept_seconds": 9,
    }
    found = loaded(path, {"mcpServers": {}, "batonmcp": {"limits": limits}}).limits
    assert found == Limits(**limits)


@pytest.mark.parametrize(
    ("baton", "said"),
    [
        ({"limits": {"steps": "many"}}, r"batonmcp\.limits\.steps: input should be a valid integer"),
        ({"limits": {"answer_within": "soon"}}, r"batonmcp\.limits\.answer_within: input should be a valid number"),
        ({"policy": "careful"}, r"batonmcp\.policy\.profile: input should be 'read_only', 'ask', 'always' or 'never'"),
        ({"policy": {"deny": "mail__*"}}, r"batonmcp\.policy\.deny: input should be a valid list"),
        ({"policy": []}, r"batonmcp\.policy: it should be an object"),
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
    misspelt = {"route": {"modle": "m"}, "embeddings": {"modl": "e"}}
    document: dict[str, Any] = {
        "mcpServers": {
            "a": {"command": "x", "tiemout": 5, "autoApprove": ["get"]},
            "b": {"comand": "x"},
            "c": {"command": ["x"], "arg": []},
        },
        "batonmcp": {"polcy": {}, "policy": {"alow": []}, "limits": {"step": 1}, "llm": misspelt},
    }
    warnings = loaded(path, document).warnings
    assert all(warning.startswith(f"{path}: ") for warning in warnings)
    assert {warning.removeprefix(f"{path}: ") for warning in warnings} >= {
        "mcpServers.a.tiemout is not known and was passed over. Did you mean 'timeout'?",
        "mcpServers.b.comand is not known and was passed over. Did you mean 'command'?",
        "mcpServers.c.arg is not known and was passed over. Did you mean 'args'?",
        "mcpServers.a.autoApprove: not followed; what another host may do unasked does not hold here.",
        "batonmcp.limits.step is not known and was passed over. Did you mean 'steps'?",
        "batonmcp.policy.alow is not known and was passed over. Did you mean 'allow'?",
        "batonmcp.llm.route.modle is not known and was passed over. Did you mean 'model'?",
        "batonmcp.llm.embeddings.modl is not known and was passed over. Did you mean 'model'?",
    }
    assert any(warning.startswith(f"{path}: batonmcp.polcy is not known") for warning in warnings)


@pytest.mark.parametrize("document", [{}, {"mcpservers": {"a": {"command": "x"}}}, {"mcpServers": {}}])
def test_file_without_servers_is_told(path: Path, document: dict[str, Any]) -> None:
    """A file that names no server, as after a slip in the key, is not taken in silence."""
    settings = loaded(path, document)
    assert not settings.servers
    (warning,) = settings.warnings
    assert "it names no server. Write some under mcpServers" in warning


def test_named_folder_is_told_as_such(tmp_path: Path) -> None:
    """A folder in the place of the file is another mistake than none, and no path raises anything else."""
    with pytest.raises(ConfigError, match=r"it is a folder\. Check --config"):
        find_config(tmp_path, {})
    for path in (Path("x" * 5_000), Path("a\0b")):
        with pytest.raises(ConfigError, match="there is no such file"):
            find_config(path, {})


def test_file_of_vs_code(path: Path) -> None:
    """VS Code's servers and inputs are read; the variable that stands for an input is named, and so is its section."""
    document = {
        "inputs": [
            {"id": "api-key", "type": "promptString", "password": True},
            {"id": "region", "type": "promptString", "default": "north"},
        ],
        "servers": {
            "a": {"type": "http", "url": "https://h/${input:region}", "headers": {"X": "${input:api-key}"}},
            "b": {"type": "stdio", "command": "x", "args": ["${input:region}"]},
        },
    }
    first, second = loaded(path, document).servers
    assert first.trouble == (
        "a is not used: the variable API_KEY, which stands for ${input:api-key} in servers.a, is not set. "
        f"Set it where batonmcp is started, or in {path.parent / 'secrets.env'}."
    )
    assert second.transport == StdioServer(command="x", args=("north",))
    first, second = loaded(path, document, {"API_KEY": "k", "REGION": "south"}).servers
    assert first.transport == HttpServer(url="https://h/south", headers={"X": "k"}, speaks="http")


def test_two_maps_of_servers_are_told(path: Path) -> None:
    """Where both names are there, the one that is passed over is not so in silence."""
    settings = loaded(path, {"mcpServers": {"a": {"command": "x"}}, "servers": {"b": {"command": "y"}}})
    assert [server.name for server in settings.servers] == ["a"]
    assert settings.warnings == (f'{path}: it has both "mcpServers" and "servers"; the latter was passed over.',)


def test_own_keys_of_an_entry(path: Path) -> None:
    """What narrows a server's tools is read under our names and those of other hosts, and so is the idle time."""
    entry = {"command": "x", "allow": ["get_*"], "deny": ["*_all"], "idle_timeout": 60}
    settings = server(path, entry)
    assert (settings.allow, settings.deny, settings.idle_timeout) == (("get_*",), ("*_all",), 60.0)
    entry = {"command": "x", "includeTools": ["a"], "excludeTools": ["b"], "disabledTools": ["c"], "deny": ["d"]}
    settings = server(path, entry)
    assert (settings.allow, settings.deny) == (("a",), ("d", "b", "c"))


def test_secrets_come_from_the_file_beside(path: Path) -> None:
    """A secrets.env serves the servers and the model, and what it holds is known as secret."""
    secrets = path.parent / "secrets.env"
    secrets.touch(mode=0o600)
    secrets.write_text("DOCS_TOKEN=t0k3n-docs\nOPENAI_API_KEY=sk-of-mine\nUNUSED=never-named\n")
    document = {
        "mcpServers": {"a": {"url": "http://h/mcp", "headers": {"Authorization": "Bearer ${DOCS_TOKEN}"}}},
        "batonmcp": {"llm": {"model": "m"}},
    }
    settings = loaded(path, document)
    (first,) = settings.servers
    assert first.transport == HttpServer(url="http://h/mcp", headers={"Authorization": "Bearer t0k3n-docs"})
    assert settings.llm is not None
    assert settings.llm.api_key == "sk-of-mine"
    assert settings.secrets == {"t0k3n-docs", "Bearer t0k3n-docs", "sk-of-mine"}
    assert settings.files[:2] == (path, secrets)
    assert not settings.warnings
    secrets.chmod(0o644)
    with pytest.raises(ConfigError, match="there is no API key"):
        loaded(path, document)


def test_secrets_of_servers_are_known(path: Path) -> None:
    """Values of variables and headers, keys in arguments and addresses are secrets; words and paths are not."""
    servers = {
        "a": {"command": "x", "env": {"KEY": "0123456789", "MODE": "production", "DATA": "/srv/data"}},
        "b": {"command": "x", "args": ["--key=sk-abcdef0123456789", "--db", "${DB}", "${MODE}"]},
        "c": {"url": "http://ada:pass-w0rd@h/mcp?token=q-123456"},
    }
    settings = loaded(path, {"mcpServers": servers}, {"DB": "postgres://u:hunter2-x@h/db", "MODE": "production"})
    sent = b64encode(b"ada:pass-w0rd").decode()
    assert settings.secrets == {"0123456789", "sk-abcdef0123456789", "hunter2-x", "pass-w0rd", "q-123456", sent}


def test_secrets_of_each_stage_are_known(path: Path) -> None:
    """The keys of all endpoints are secrets."""
    elsewhere = {"base_url": "http://127.0.0.1:2/v1", "api_key": "key-of-the-writer"}
    vectors = {"base_url": "http://127.0.0.1:3/v1", "api_key": "key-of-vectors", "model": "e"}
    llm = {"model": "m", "base_url": "http://127.0.0.1:1/v1", "api_key": "key-of-both", "synthesize": elsewhere}
    found = loaded(path, {"batonmcp": {"llm": {**llm, "embeddings": vectors}}}).secrets
    assert found == {"key-of-both", "key-of-the-writer", "key-of-vectors"}


def test_secrets_in_the_file_are_told(path: Path) -> None:
    """A token that stands in the file itself is named by its place, never by its value."""
    token = "8f14e45fceea167a5a36dedd4bea2543"  # noqa: S105 - of nothing
    servers = {
        "a": {"command": "x", "env": {"KEY": token, "PATH": "/usr/bin", "MODE": "production"}},
        "b": {"url": "http://h", "headers": {"Authorization": f"Bearer {token}"}},
    }
    llm = {"model": "m", "api_key": f"sk-{token}", "route": {"api_key": f"sk-r{token}"}}
    llm["embeddings"] = {"model": "e", "api_key": f"sk-e{token}"}
    warnings = loaded(path, {"mcpServers": servers, "batonmcp": {"llm": llm}}).warnings
    told = [warning.removeprefix(f"{path}: ").partition(" holds what looks like a secret")[0] for warning in warnings]
    assert told == [
        "batonmcp.llm.api_key",
        "batonmcp.llm.route.api_key",
        "batonmcp.llm.embeddings.api_key",
        "mcpServers.a.env.KEY",
        "mcpServers.b.headers.Authorization",
    ]
    assert not any(token in warning for warning in warnings)
    local = {"model": "m", "base_url": "http://127.0.0.1/v1", "api_key": "any-long-key-1"}
    assert not loaded(path, {"mcpServers": {"c": {"command": "x"}}, "batonmcp": {"llm": local}}).warnings


def test_file_that_everybody_may_change_starts_no_program(path: Path) -> None:
    """Whoever can write the file could have us run anything; servers over HTTP are still used."""
    document = {"mcpServers": {"a": {"command": "x"}, "b": {"url": "http://h"}}}
    loaded(path, document)
    path.chmod(0o666)
    program, remote = load(path, {}).servers
    assert program.trouble == (
        "a is not used: mcpServers.a would start a program, and everybody may change the file. "
        f"First: chmod o-w {path}."
    )
    assert remote.trouble is None
    path.chmod(0o664)
    assert not [found.trouble for found in load(path, {}).servers if found.trouble]


def test_hundreds_of_servers(path: Path) -> None:
    """A long list is read as a short one, in its order."""
    names = [f"s{index}" for index in range(500)]
    settings = loaded(path, {"mcpServers": {name: {"command": "x", "args": [name]} for name in names}})
    assert [found.name for found in settings.servers] == names


@pytest.mark.parametrize("limit", [0, -1, float("nan"), float("inf"), 10**30, True, "1", None, [], {}])
def test_limit_that_cannot_be_meant(path: Path, limit: object) -> None:
    """A limit outside its bounds is refused with its place, however it is wrong; null is no limit of ours."""
    document = {"batonmcp": {"limits": {"steps": limit}}}
    if limit is None:
        assert loaded(path, document).limits == Limits()
        return
    with pytest.raises(ConfigError, match=r"batonmcp\.limits\.steps: input should be"):
        loaded(path, document)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(
    ["command", "args", "env", "envFile", "cwd", "url", "type", "headers", "timeout", "allow", "disabled", "tools"]
)


@given(st.dictionaries(KEYS, JUNK | st.just("x") | st.just("${A}") | st.just({"A": "b\ud800"}), max_size=5))
def test_any_entry_gives_a_server_or_its_trouble(scratch: Path, entry: dict[str, Any]) -> None:
    """Whatever an entry holds, it is used, disabled, or says why not; nothing else is raised."""
    for found in loaded(scratch, {"mcpServers": {"a": entry}}).servers:
        assert (found.transport is None) == (found.trouble is not None)
