"""From one server's entry to its settings."""

from pathlib import Path

import pytest
from pydantic import JsonValue

from batonmcp.config.entry import Entry, read_entry
from batonmcp.config.settings import HttpServer
from batonmcp.config.surroundings import Surroundings
from batonmcp.config.variables import read_variables


def entry(folder: Path, written: JsonValue, **environment: str) -> Entry:
    """Read an entry called `a` of a configuration in a folder."""
    path = folder / "servers.json"
    return read_entry(
        "a", written, Surroundings(path=path, section="servers", variables=read_variables(path, environment, {}))
    )


def trouble(found: Entry) -> str:
    """Return why its server is not used."""
    assert found.settings is not None
    assert found.settings.transport is None
    return found.settings.trouble or ""


def test_env_file_is_watched_even_where_it_is_missing(tmp_path: Path) -> None:
    """The file that would cure a server is one that its settings depend on."""
    written: JsonValue = {"command": "x", "envFile": "a.env"}
    found = entry(tmp_path, written)
    assert found.files == (tmp_path / "a.env",)
    assert trouble(found) == f"a is not used: servers.a.envFile names {tmp_path / 'a.env'}, which does not exist."
    (tmp_path / "a.env").write_text("TOKEN=abcdefgh")
    found = entry(tmp_path, written)
    assert found.files == (tmp_path / "a.env",)
    assert found.secrets == {"abcdefgh"}


def test_env_file_means_nothing_to_a_remote_server(tmp_path: Path) -> None:
    """A server that is no program of ours gets no variables."""
    found = entry(tmp_path, {"url": "http://h", "envFile": "a.env"})
    assert (found.files, found.settings and found.settings.transport) == ((), HttpServer(url="http://h"))


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"url": "${UNSET}"}, "the variable UNSET that servers.a names is not set. Set it where batonmcp is started"),
        ({"url": "http://h", "headers": {"A B": "x"}}, "servers.a.headers.A B holds characters that cannot be sent"),
        ({"url": "http://h", "headers": {"A": "é"}}, "servers.a.headers.A holds characters that cannot be sent"),
        ({"url": "ftp://s3cret@h"}, "servers.a.url is no address"),
        ({"url": "http://h:port"}, "servers.a.url is no address"),
        ({"url": ""}, "servers.a.url is no address"),
    ],
)
def test_remote_server_that_cannot_be_called(tmp_path: Path, written: JsonValue, said: str) -> None:
    """Each mistake has its place, and no value is quoted."""
    found = trouble(entry(tmp_path, written))
    assert said in found
    assert "s3cret" not in found


def test_unusable_entry_still_has_its_unknown_keys_told(tmp_path: Path) -> None:
    """The slip in a key is often why an entry cannot be used."""
    found = entry(tmp_path, {"comand": "x"})
    assert 'servers.a needs either "command" or "url"' in trouble(found)
    assert found.warnings == ("servers.a.comand is not known and was passed over. Did you mean 'command'?",)


def test_disabled_entry_says_nothing(tmp_path: Path) -> None:
    """Of a server that is switched off neither keys nor variables nor files matter."""
    assert entry(tmp_path, {"comand": "${X}", "disabled": True, "envFile": "x"}) == Entry()


def test_shows_no_secret(tmp_path: Path) -> None:
    """What an entry comes to does not show its secrets."""
    found = entry(tmp_path, {"command": "x", "env": {"TOKEN": "${TOKEN}"}}, TOKEN="s3cret-value")  # noqa: S106 - of nothing
    assert found.secrets == {"s3cret-value"}
    assert "s3cret" not in repr(found)
