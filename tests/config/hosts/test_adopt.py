"""The adoption of a host's servers."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from batonmcp.config.hosts.adopt import Adoption, adopt
from batonmcp.config.hosts.document import read_host_file
from batonmcp.config.hosts.known import HOSTS
from batonmcp.core.errors import BatonError, ConfigError

TOKEN = "ghp_0123456789abcdefgh"  # noqa: S105 - made up
TIME = {"command": "uvx", "args": ["mcp-server-time"]}
SECRET = {"command": "x", "env": {"TOKEN": TOKEN}}


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    """Where our servers.json is to be."""
    return tmp_path / "ours" / "servers.json"


def adopted(
    path: Path,
    ours: Path,
    servers: dict[str, Any],
    *,
    only: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Adoption:
    """Decide what comes over from a host that has these servers."""
    path.write_text(json.dumps({"mcpServers": servers}))
    return adopt(read_host_file(HOSTS["claude-desktop"], path), ours, environment or {}, only=only)


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """Where the host's file is."""
    return tmp_path / "host.json"


def test_all_servers_come_into_a_new_file(host: Path, ours: Path) -> None:
    """Secrets go to secrets.env, which is written first; our own entry is passed over; nothing is written yet."""
    servers = {"time": TIME, "git": SECRET, "batonmcp": {"command": "/x/batonmcp", "args": ["serve"]}}
    found = adopted(host, ours, servers)
    secrets, config = found.changes
    assert (secrets.path, secrets.after) == (ours.with_name("secrets.env"), f"GIT_TOKEN={TOKEN}\n")
    assert config.path == ours
    assert json.loads(config.after) == {
        "mcpServers": {"time": TIME, "git": {"command": "x", "env": {"TOKEN": "${GIT_TOKEN}"}}}
    }
    assert config.places == (("mcpServers", "time"), ("mcpServers", "git"))
    assert (found.added, found.present, found.refused, found.moved) == (("time", "git"), (), (), ("GIT_TOKEN",))
    assert found.secrets == {TOKEN}
    assert TOKEN not in repr(found)
    assert not ours.parent.exists()


def test_a_second_time_there_is_nothing_to_do(host: Path, ours: Path) -> None:
    """What is there already, defined alike, is known for it, its secrets included."""
    servers = {"time": TIME, "git": SECRET}
    ours.parent.mkdir()
    for change in adopted(host, ours, servers).changes:
        change.path.write_text(change.after)
        change.path.chmod(0o600)
    found = adopted(host, ours, servers)
    assert (found.changes, found.added, found.present, found.moved) == ((), (), ("time", "git"), ())
    assert found.names == ("time", "git")


def test_a_file_that_is_there_keeps_its_comments(host: Path, ours: Path) -> None:
    """New servers stand after the others; a name with another definition is left on both sides."""
    ours.parent.mkdir()
    written = '// ours\n{\n  "servers": {\n    "git": {"command": "other"} // mine\n  },\n  "batonmcp": {}\n}\n'
    ours.write_text(written)
    found = adopted(host, ours, {"git": SECRET, "a": {"command": "a"}})
    (config,) = found.changes
    assert config.after == written.replace(
        '"other"} // mine', '"other"}, // mine\n    "a": {\n      "command": "a"\n    }'
    )
    (refused,) = found.refused
    assert refused.startswith(f"git is left where it is: {ours} has another server of that name.")
    assert (found.added, found.moved, found.secrets) == (("a",), (), frozenset())


def test_only_the_wanted_ones(host: Path, ours: Path) -> None:
    """Names that are not there are told with those that are."""
    servers = {"a": TIME, "b": TIME, "c": TIME}
    assert adopted(host, ours, servers, only=("c", "a")).added == ("a", "c")
    with pytest.raises(BatonError, match=r"host\.json has no server 'x', 'y'\. It has: a, b, c\."):
        adopted(host, ours, servers, only=("x", "a", "y"))
    with pytest.raises(BatonError, match=r"has no server 'a'\. It has: none\."):
        adopted(host, ours, {}, only=("a",))


def test_notes_and_what_is_no_entry(host: Path, ours: Path) -> None:
    """What cannot be carried over is told; an entry of another form stays where it is."""
    found = adopted(host, ours, {"a": {"command": "x", "args": ["${X}"]}, "b": 3})
    assert found.added == ("a",)
    assert len(found.notes) == 1
    assert found.refused == (f"b is left where it is: its entry in {host} is not an object.",)


def test_a_secret_is_never_given_to_a_variable_that_is_taken(host: Path, ours: Path) -> None:
    """One of the environment stands above secrets.env, so its name is not used for another value."""
    found = adopted(host, ours, {"git": SECRET}, environment={"GIT_TOKEN": "other"})
    assert found.moved == ("GIT_TOKEN_2",)
    assert '"TOKEN": "${GIT_TOKEN_2}"' in found.changes[1].after


def test_what_cannot_take_them_in(host: Path, ours: Path) -> None:
    """The host's own file, one that is broken, and a secrets.env that others may read are refused before anything."""
    with pytest.raises(BatonError, match=r"host\.json is the file of Claude Desktop itself\. Name another"):
        adopted(host, host, {"a": TIME})
    ours.parent.mkdir()
    ours.write_text("{")
    with pytest.raises(ConfigError, match=r"servers\.json:1:2: is not JSON here"):
        adopted(host, ours, {"a": TIME})
    ours.write_text('{"mcpServers": []}')
    with pytest.raises(ConfigError, match=r"servers\.json: mcpServers: is not an object"):
        adopted(host, ours, {"a": TIME})
    ours.unlink()
    ours.with_name("secrets.env").write_text("A=1\n")
    ours.with_name("secrets.env").chmod(0o644)
    with pytest.raises(ConfigError, match=r"secrets\.env: is not used, as others may read it\. First: chmod 600"):
        adopted(host, ours, {"a": SECRET})
    assert adopted(host, ours, {"a": TIME}).added == ("a",)
