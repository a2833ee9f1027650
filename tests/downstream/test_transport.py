"""The transport to a server."""

import pytest

from batonmcp.config.settings import HttpServer, Protocol, ServerSettings, StdioServer
from batonmcp.downstream.transport import era_of, first_mode, open_transport
from batonmcp.downstream.trouble import Evidence

STDIO = StdioServer(command="a")
HTTP = HttpServer(url="http://127.0.0.1/mcp")


@pytest.mark.parametrize(
    ("transport", "protocol", "remembered", "mode"),
    [
        (STDIO, "auto", None, "legacy"),
        (STDIO, "auto", "modern", "auto"),
        (STDIO, "auto", "legacy", "legacy"),
        (STDIO, "auto", {"of": "another version"}, "legacy"),
        (HTTP, "auto", None, "auto"),
        (HTTP, "auto", "legacy", "legacy"),
        (HTTP, "auto", ["legacy"], "auto"),
        (STDIO, "modern", "legacy", "auto"),
        (HTTP, "legacy", "modern", "legacy"),
    ],
)
def test_entry_decides_then_memory_then_the_transport(
    transport: StdioServer | HttpServer, protocol: Protocol, remembered: object, mode: str
) -> None:
    """What is safe for the transport is only asked for where nothing better is known."""
    assert first_mode(ServerSettings(name="s", transport=transport, protocol=protocol), remembered) == mode


def test_era_follows_from_the_version() -> None:
    """Versions from 2026-07-28 on need no handshake."""
    assert era_of("2026-07-28") == "modern"
    assert {era_of(version) for version in ("2024-11-05", "2025-06-18", "2025-11-25")} == {"legacy"}


def test_entry_without_a_transport_cannot_be_opened() -> None:
    """Nobody asks for it; if somebody does, that is a fault of ours."""
    settings = ServerSettings(name="s", transport=None, trouble="why")
    with pytest.raises(LookupError):
        open_transport(settings, Evidence(settings=settings, connect_timeout=1))


def test_evidence_follows_the_transport() -> None:
    """A process is watched over stdio, responses are over HTTP."""
    for transport in (STDIO, HTTP):
        settings = ServerSettings(name="s", transport=transport)
        evidence = Evidence(settings=settings, connect_timeout=1)
        open_transport(settings, evidence)
        assert (evidence.process is None) is (transport is HTTP)
        assert (evidence.exchange is None) is (transport is STDIO)
