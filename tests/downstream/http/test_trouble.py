"""The sentence for a failed request over HTTP."""

from dataclasses import replace

import pytest

from batonmcp.config.settings import HttpServer, ServerSettings
from batonmcp.downstream.http.failure import HttpFailure
from batonmcp.downstream.http.trouble import http_trouble

SERVER = HttpServer(url="https://user:s3cret@example.com/mcp?key=s3cret", headers={"Authorization": "s3cret"})
SETTINGS = ServerSettings(name="w", transport=SERVER)
WRONG = "answered 401: it does not accept what it was sent to prove who you are. Check mcpServers.w.headers: "


@pytest.mark.parametrize(
    ("failure", "sentence"),
    [
        (
            HttpFailure(kind="unreachable", said="no such name"),
            "cannot be reached at https://example.com/mcp (no such name). Check the address and the network.",
        ),
        (
            HttpFailure(
                kind="unreachable",
                said="[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired (_ssl.c:1)",
            ),
            (
                "does not prove who it is at https://example.com/mcp (certificate has expired). If its certificate is "
                "in order, name the file of who signed it in the variable SSL_CERT_FILE."
            ),
        ),
        (
            HttpFailure(kind="broken", said="ReadError"),
            "ended the connection before it had answered (ReadError).",
        ),
        (
            HttpFailure(kind="redirected", said="it sends its visitors to http://evil/"),
            (
                "did not take the request: it sends its visitors to http://evil/, where nothing is sent by itself. "
                "If that is the server you mean, write its address in mcpServers.w.url."
            ),
        ),
        (
            HttpFailure(kind="oversize", said="more than 8,000,000 bytes"),
            (
                "sent more than 8,000,000 bytes at once, which is not taken. "
                "Ask it for less, or raise limits.result_bytes under batonmcp."
            ),
        ),
        (
            HttpFailure(kind="unreadable", said="Unexpected content type: text/html", excerpt="Welcome"),
            (
                "does not answer as an MCP server at https://example.com/mcp (Unexpected content type: text/html). "
                "It said: 'Welcome'. Check mcpServers.w.url."
            ),
        ),
        (
            HttpFailure(kind="refused", status=401, excerpt="expired"),
            WRONG + "the value of Authorization is wrong, has expired or allows too little. It said: 'expired'.",
        ),
        (
            HttpFailure(kind="refused", status=429, retry_after=7),
            "answered 429: it has been asked too often; try again in 7 s.",
        ),
        (HttpFailure(kind="refused", status=429), "answered 429: it has been asked too often; try again later."),
        (HttpFailure(kind="refused", status=503, retry_after=0), "answered 503; try again later."),
        (
            HttpFailure(kind="refused", status=500, excerpt="KeyError: 'x'"),
            "answered 500; try again later. It said: \"KeyError: 'x'\".",
        ),
        (
            HttpFailure(kind="refused", status=404),
            "answered 404: at its address there is no MCP server. Check mcpServers.w.url.",
        ),
        (
            HttpFailure(kind="refused", status=405, speaks_sse=True),
            'answered 405: it speaks SSE, the older transport. Write "type": "sse" in mcpServers.w.',
        ),
    ],
)
def test_what_failed_and_what_to_do(failure: HttpFailure, sentence: str) -> None:
    """Each failure names the setting that cures it."""
    assert http_trouble(failure, SETTINGS) == sentence


def test_header_that_is_missing() -> None:
    """Which header is sent, and which is not, is told by name; the wish for OAuth too."""
    refused = HttpFailure(kind="refused", status=401, oauth=True)
    wish = " It wants an OAuth token: get one from whoever runs it, and write it there."
    other = replace(SETTINGS, transport=HttpServer(url="http://h", headers={"X-Key": "s3cret"}))
    none = replace(SETTINGS, transport=HttpServer(url="http://h"))
    assert http_trouble(refused, other) == (
        f"{WRONG}there is X-Key, but no Authorization header, which is usual.{wish}"
    )
    assert http_trouble(refused, none) == (
        "answered 401: it wants to know who you are. "
        f"Write a header under mcpServers.w.headers, usually Authorization.{wish}"
    )
