"""The transport to a server."""

import pytest

from batonmcp.config.settings import HttpServer, Protocol, ServerSettings, StdioServer
from batonmcp.downstream.transport import Approach, approach, open_transport, spoken
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
    entry = ServerSettings(name="s", transport=transport, protocol=protocol)
    assert approach(entry, remembered) == Approach(mode=mode)


def test_era_follows_from_the_version() -> None:
    """Versions from 2026-07-28 on need no handshake."""
    plain = Approach(mode="auto")
    assert spoken("2026-07-28", plain) == "modern"
    assert {spoken(version, plain) for version in ("2024-11-05", "2025-06-18", "2025-11-25")} == {"legacy"}


def test_older_transport_is_found_out_or_configured() -> None:
    """SSE is spoken in the older era only; whoever turned out to speak it is remembered for it."""
    sse = Approach(mode="legacy", sse=True)
    configured = ServerSettings(name="s", transport=HttpServer(url="http://127.0.0.1/sse", speaks="sse"))
    found_out = ServerSettings(name="s", transport=HTTP)
    assert approach(configured, "modern") == sse == approach(found_out, "sse")
    assert spoken("2025-06-18", sse) == "sse"
    assert sse.applied(found_out).transport == HttpServer(url="http://127.0.0.1/mcp", speaks="sse")
    assert approach(found_out).applied(found_out) is found_out


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
