"""A refusal over HTTP, read."""

from datetime import UTC, datetime
from time import perf_counter

import httpx2
import pytest

from batonmcp.downstream.http.refusal import excerpt, retry_after, secrets_of, wants_oauth

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        ("1.5", 1.5),
        ("3600", 3600.0),
        ("3601", 3600.0),
        ("9" * 20, 3600.0),
        ("9" * 5_000, None),
        ("-5", None),
        ("1e309", None),
        ("inf", None),
        ("nan", None),
        ("\N{ARABIC-INDIC DIGIT SEVEN}", None),
        ("soon", None),
        ("", None),
        (None, None),
        ("Thu, 01 Jan 2026 12:00:30 GMT", 30.0),
        ("Thu, 01 Jan 2026 12:00:30 -0000", 30.0),
        ("Thu, 01 Jan 2015 12:00:30 GMT", 0.0),
        ("Thu, 01 Jan 2099 12:00:30 GMT", 3600.0),
        ("Thu, 01 Jan 99999 12:00:30 GMT", None),
        ("Thu, 99 Jan 2026 12:00:30 GMT", None),
    ],
)
def test_when_to_ask_again(value: str | None, seconds: float | None) -> None:
    """Seconds and dates are read, an hour at most; anything else is no word of it."""
    assert retry_after(value, now=NOW) == seconds


def test_excerpt_is_plain_and_short() -> None:
    """Markup, control characters and hidden characters go; what is left is on one line and bounded."""
    page = b"<html><style>p{}</style><script>x()</script><p>No\n\tentry\x1b[0m\xe2\x80\xae</p>\xff"
    assert excerpt(page, ()) == "No entry [0m \N{REPLACEMENT CHARACTER}"
    assert excerpt(b"x" * 999, ()) == "x" * 199 + "…"
    assert excerpt(b"x" * 200, ()) == "x" * 200


@pytest.mark.parametrize("unit", [b"<", b"<script>", b"<a ", b"\xf0\x9f\x98\x80<"])
def test_excerpt_is_quick(unit: bytes) -> None:
    """Markup that never ends costs no more than any other."""
    since = perf_counter()
    excerpt(unit * 65_536, ())
    assert perf_counter() - since < 1


def test_secrets_are_not_quoted() -> None:
    """A server that says back what it was sent does not make us say it: values of headers, user, password, query."""
    url = httpx2.URL("http://user:passw@h/mcp?key=k3yk3y")
    secrets = secrets_of(url, ["Bearer t0ken", "12", ""])
    assert secrets == {"Bearer t0ken", "t0ken", "user", "passw", "key=k3yk3y", "k3yk3y"}
    assert excerpt(b"bad Bearer t0ken, or t0ken, passw k3yk3y 12", secrets) == "bad ***, or ***, *** *** 12"


def test_oauth_is_seen() -> None:
    """A challenge that names metadata wants OAuth."""
    assert wants_oauth('Bearer Resource_Metadata="http://evil"')
    assert not wants_oauth('Basic realm="x"')
    assert not wants_oauth(None)
