"""The report on a server."""

import pytest

from batonmcp.config.settings import HttpServer, ServerSettings, StdioServer
from batonmcp.downstream.report import started


@pytest.mark.parametrize(
    ("transport", "words"),
    [
        (StdioServer(command="npx", args=("-y", "a b", "--x=$1")), "npx -y 'a b' '--x=$1'"),
        (HttpServer(url="https://me:secret@example.com/mcp?key=secret"), "https://example.com/mcp"),
        (None, ""),
    ],
)
def test_start_is_told_without_secrets_of_an_address(transport: StdioServer | HttpServer | None, words: str) -> None:
    """A command can be copied into a shell; an address is told without what people hide in it."""
    assert started(ServerSettings(name="s", transport=transport)) == words
