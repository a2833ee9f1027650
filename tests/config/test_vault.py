"""The moving of literal secrets out of entries and into secrets.env."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batonmcp.config.dotenv import read_dotenv
from batonmcp.config.interpolate import interpolate
from batonmcp.config.variables import Variables
from batonmcp.config.vault import Vault
from batonmcp.core.errors import ConfigError

TOKEN = "ghp_0123456789abcdefgh"  # noqa: S105 - made up


def vault(home: Path = Path("/nowhere/secrets.env"), values: Mapping[str, str] | None = None) -> Vault:
    """Return a vault where these are set, in the environment or in files."""
    return Vault(Variables(values=values or {}, home=home, files=(home,)))


def filled(value: Any, values: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON
    """Return a value with its references filled in."""
    match value:
        case str():
            return interpolate(value, values)
        case dict():
            return {key: filled(member, values) for key, member in cast("dict[str, Any]", value).items()}
        case list():
            return [filled(member, values) for member in cast("list[Any]", value)]
        case _:
            return value


ARGUMENTS = [
    *("run", "-e", f"GITHUB_TOKEN={TOKEN}", "--api-key", f"{TOKEN}1", f"--secret={TOKEN}2", "image", "--verbose"),
    *("--header", f"Authorization: Bearer {TOKEN}3", f"X-Api-Key:{TOKEN}4", f"--dsn=postgres://u:{TOKEN}5@h/db", "-y"),
    f"https://h/mcp?api_key={TOKEN}6&x=1",
]
ENTRY: dict[str, Any] = {
    "command": "docker",
    "args": ARGUMENTS,
    "env": {"API_KEY": f"{TOKEN}7", "ZONE": "Europe/Paris", "URL": f"https://u:{TOKEN}8@h/", "SET": "${API_KEY}"},
    "headers": {"Authorization": f"Bearer {TOKEN}9", "Accept": "text/html"},
    "url": f"https://h/s/{TOKEN}0a/mcp",
    "cwd": "/srv",
    "disabled": False,
}


def test_secrets_wherever_they_stand() -> None:
    """Each becomes a variable of its own; the words around it, and what is no secret, stay."""
    safe = vault()
    kept = safe.without_secrets("git-hub", ENTRY)
    assert TOKEN not in json.dumps(kept)
    assert kept["args"] == [
        "run",
        "-e",
        "GITHUB_TOKEN=${GIT_HUB_GITHUB_TOKEN}",
        "--api-key",
        "${GIT_HUB_API_KEY_2}",
        "--secret=${GIT_HUB_SECRET_2}",
        "image",
        "--verbose",
        "--header",
        "Authorization: Bearer ${GIT_HUB_AUTHORIZATION_2}",
        "X-Api-Key:${GIT_HUB_X_API_KEY}",
        "--dsn=postgres://u:${GIT_HUB_SECRET_3}@h/db",
        "-y",
        "https://h/mcp?api_key=${GIT_HUB_SECRET_4}&x=1",
    ]
    assert kept["env"] == {
        "API_KEY": "${GIT_HUB_API_KEY}",
        "ZONE": "Europe/Paris",
        "URL": "https://u:${GIT_HUB_SECRET}@h/",
        "SET": "${API_KEY}",
    }
    assert kept["headers"] == {"Authorization": "Bearer ${GIT_HUB_AUTHORIZATION}", "Accept": "text/html"}
    assert kept["url"] == "https://h/s/${GIT_HUB_SECRET_5}/mcp"
    assert (kept["command"], kept["cwd"], kept["disabled"]) == ("docker", "/srv", False)
    assert filled(kept, {**safe.new, "API_KEY": "${API_KEY}"}) == ENTRY


def test_the_same_secret_twice_is_one_variable() -> None:
    """One name of a server stands for one value."""
    safe = vault()
    kept = safe.without_secrets("a", {"env": {"TOKEN": TOKEN}, "args": ["--token", TOKEN]})
    assert kept == {"env": {"TOKEN": "${A_TOKEN}"}, "args": ["--token", "${A_TOKEN}"]}
    assert safe.new == {"A_TOKEN": TOKEN}


@pytest.mark.parametrize(
    ("server", "name", "variable"),
    [
        ("github", "GITHUB_TOKEN", "GITHUB_TOKEN"),
        ("gh", "GITHUB_TOKEN", "GH_GITHUB_TOKEN"),
        ("my server.2", "api-key", "MY_SERVER_2_API_KEY"),
        ("1st", "TOKEN", "_1ST_TOKEN"),
        ("日本", "TOKEN", "TOKEN"),
        ("日本", "鍵", "_"),
    ],
)
def test_the_name_of_a_variable(server: str, name: str, variable: str) -> None:
    """It tells the server and what the secret is for, in characters that a reference can hold."""
    safe = vault()
    safe.without_secrets(server, {"env": {name: TOKEN}})
    assert list(safe.new) == [variable]


def test_a_variable_that_is_set_is_never_given_another_value(tmp_path: Path) -> None:
    """One of secrets.env or of the environment with that value is used, one with another is passed by."""
    home = tmp_path / "secrets.env"
    home.write_text(f"A_TOKEN=other\nB_TOKEN={TOKEN}\n")
    home.chmod(0o600)
    safe = vault(home, {"A_TOKEN": "other", "B_TOKEN": TOKEN, "C_TOKEN": "other", "D_TOKEN": TOKEN})
    names = {name: safe.without_secrets(name, {"env": {"TOKEN": TOKEN}})["env"] for name in "abcd"}
    assert names == {
        "a": {"TOKEN": "${A_TOKEN_2}"},
        "b": {"TOKEN": "${B_TOKEN}"},
        "c": {"TOKEN": "${C_TOKEN_2}"},
        "d": {"TOKEN": "${D_TOKEN}"},
    }
    assert safe.new == {"A_TOKEN_2": TOKEN, "C_TOKEN_2": TOKEN, "D_TOKEN": TOKEN}


def test_entries_that_are_none() -> None:
    """What is of another form stays, for whoever reads it to complain."""
    entry: dict[str, Any] = {"env": ["TOKEN", TOKEN], "args": {"--token": TOKEN}, "headers": None, "url": 3}
    assert vault().without_secrets("a", entry) == entry
    assert vault().without_secrets("a", {"args": [1, None], "env": {"A": 2}}) == {"args": [1, None], "env": {"A": 2}}


def test_what_is_added_to_secrets_env(tmp_path: Path) -> None:
    """Its lines stay; a last one without an end gets one, as the others have it."""
    safe = vault()
    safe.new = {"A": "1", "B": "two words"}
    path = tmp_path / "secrets.env"
    assert safe.added_to("", path) == "A=1\nB='two words'\n"
    assert safe.added_to("# mine\r\nX=1", path) == "# mine\r\nX=1\r\nA=1\r\nB='two words'\r\n"
    assert safe.added_to("X=1\n", path) == "X=1\nA=1\nB='two words'\n"


def test_a_secrets_env_that_is_not_used(tmp_path: Path) -> None:
    """Secrets are not moved to where nobody would read them."""
    path = tmp_path / "secrets.env"
    path.write_text("")
    path.chmod(0o644)
    with pytest.raises(ConfigError, match=r"is not used, as others may read it\. First: chmod 600"):
        vault().added_to("", path)
    assert vault(path).new == {}
    path.write_bytes(b"A=\xff")
    path.chmod(0o600)
    with pytest.raises(ConfigError, match=r"secrets\.env: is not UTF-8 text\. Repair it"):
        vault(path)


SECRETS = st.text(st.sampled_from("abcXYZ019_-=/+'\"\\ \r\n#$%&:?"), min_size=1, max_size=30)
NAMES = st.sampled_from(["TOKEN", "Authorization", "A", "url", "x-key", ""])


@given(st.dictionaries(NAMES, SECRETS | st.builds("https://u:{}@h/{}".format, SECRETS, SECRETS)), st.lists(SECRETS))
def test_what_was_taken_out_comes_in_again(values: dict[str, str], arguments: list[str]) -> None:
    """An entry means the same before and after, with the variables as secrets.env then gives them."""
    entry: dict[str, Any] = {"env": values, "headers": values, "args": arguments, "url": values.get("url", "")}
    safe = vault()
    kept = safe.without_secrets("s", entry)
    written = safe.added_to("", Path("/nowhere/secrets.env"))
    found = read_dotenv(written)
    assert (found.values, found.wrong) == (safe.new, ())
    assert filled(kept, safe.new) == entry
