"""Which texts of a configuration are secret."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from batonmcp.config.secrets import secrets_of
from batonmcp.config.settings import HttpServer, LlmSettings, ServerSettings, Settings, StdioServer


def of_env(env: Mapping[str, str]) -> frozenset[str]:
    """Return the secrets of a server with these variables."""
    return of(StdioServer(command="a", args=("--arg",), env=env))


def of_http(headers: Mapping[str, str], url: str = "https://a.example/mcp") -> frozenset[str]:
    """Return the secrets of a server with these headers."""
    return of(HttpServer(url=url, headers=headers))


def of(transport: StdioServer | HttpServer | None, llm: LlmSettings | None = None) -> frozenset[str]:
    """Return the secrets of settings with one server."""
    server = ServerSettings(name="a", transport=transport)
    return secrets_of(Settings(source=Path("servers.json"), servers=(server,), llm=llm))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GITHUB_TOKEN", "ghp_abc123"),
        ("ANYTHING", "a8f3-99x"),
        ("DB_PASSWORD", "correcthorse"),
        ("API_KEY", "12345"),
        ("OPAQUE", "correct horse battery"),
        ("DSN", "server=db;uid=me"),
    ],
)
def test_values_of_variables_are_secret(name: str, value: str) -> None:
    """What a variable holds is secret, whatever its name is."""
    assert of_env({name: value}) == {value}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LOG_LEVEL", "warning"),
        ("NODE_ENV", "production"),
        ("MODE", "DEBUG"),
        ("PORT", "8080"),
        ("HOST", "127.0.0.1"),
        ("ROOT", "/home/me/projects"),
        ("DATA", "~/data files"),
        ("FORMAT", "application/json"),
        ("EMPTY", ""),
    ],
)
def test_ordinary_values_are_not(name: str, value: str) -> None:
    """One word, a short number, a path: taking those out of every text would spoil the texts and hide nothing."""
    assert of_env({name: value}) == frozenset()


def test_the_name_of_a_variable_can_make_a_word_secret() -> None:
    """A password may be one word."""
    assert of_env({"PASSPHRASE": "production", "Session": "/tmp/x"}) == {"production", "/tmp/x"}  # noqa: S108 - no file


def test_headers() -> None:
    """A header is secret, and so is what follows its scheme; what every client sends is not."""
    headers = {"Authorization": "Bearer abc-123", "X-Api-Key": "k-123", "Accept": "text/event-stream; q=1"}
    assert of_http(headers) == {"Bearer abc-123", "abc-123", "k-123"}


def test_addresses() -> None:
    """Of an address the password and the secret parts of its query are secret, also as they are once decoded."""
    assert of_http({}, "https://me:pa%24s@a.example/mcp?token=t%2B1&page=2") == {"pa%24s", "pa$s", "t%2B1", "t+1"}
    url = "postgres://me:pa55word@db/x"
    assert of_env({"DATABASE_URL": url}) == {url, "pa55word"}
    assert of_http({}, "https://[half") == frozenset()


def test_the_model() -> None:
    """The API key is secret, and a password in the endpoint's address."""
    llm = LlmSettings(base_url="https://u:p-123456@llm.example/v1", api_key="sk-1", model="m")
    assert of(None, llm) == {"sk-1", "p-123456"}
