"""The origin of an address."""

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batonmcp.downstream.http.origin import public_address, same_origin, shown

SERVER = httpx2.URL("http://user:s3cret@h:8000/mcp?key=s3cret")
HOSTS = (
    "evil", "h.evil", "evil.h", "h.", "h%2eevil", "h%00", "xn--h-7ga", "127.0.0.1", "127.1", "0177.0.0.1",
    "0x7f.0.0.1", "0x7f000001", "2130706433", "localhost", "localhost.", "[::1]", "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:169.254.169.254]", "169.254.169.254", "metadata.google.internal", "10.0.0.1",
    "192.168.0.1", "[fe80::1]", "[fd00:ec2::254]", "0", "0.0.0.0", "[::]",  # noqa: S104 - a name, not a binding
)  # fmt: skip
ODD = [
    f"{scheme}//{user}{host}{port}/mcp"
    for scheme in ("http:", "https:", "")
    for user in ("", "user:s3cret@", "h:8000@")
    for host in HOSTS
    for port in ("", ":8000")
]
NAMES = st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True)


@pytest.mark.parametrize("place", ["/mcp/", "?x=1", "http://h:8000/other", "//h:8000/x", "http://H:8000", ""])
def test_same_origin(place: str) -> None:
    """Another path or query is the same server; so is its name in other letters."""
    assert same_origin(SERVER, place)


def test_other_origin() -> None:
    """Hundreds of ways to write another address are none of the same server: nothing is resolved to find out."""
    assert len(ODD) > 200
    assert [place for place in ODD if same_origin(SERVER, place)] == []


@pytest.mark.parametrize(
    "place",
    [
        "http://h/",
        "http://h:8001/",
        "https://h:8000/",
        "ftp://h:8000/",
        "http://h:8000\\@evil/",
        "http://[::1",
        "http://x@h:8000/",
        "http://h:99999999/",
    ],
)
def test_almost_the_same_origin(place: str) -> None:
    """Another port, scheme or user is another server, and so is what cannot be read."""
    assert not same_origin(SERVER, place)


def test_place_is_shown_without_secrets() -> None:
    """Like any address; what is none is called that."""
    assert shown(SERVER, "/x?key=s3cret#f") == "http://h:8000/x"
    assert shown(SERVER, "http://a:s3cret@evil/x") == "http://evil/x"
    assert shown(SERVER, "http://[::1") == "an address that is none"
    assert len(shown(SERVER, "/" + "x" * 999)) == 200


@pytest.mark.parametrize(
    ("url", "public"),
    [
        ("https://example.com/mcp", "https://example.com/mcp"),
        ("http://127.0.0.1:8000/a/b", "http://127.0.0.1:8000/a/b"),
        ("https://user:pass@example.com/mcp?key=k#f", "https://example.com/mcp"),
        ("https://a@b@example.com", "https://example.com"),
        ("example.com/mcp?key=k", "example.com/mcp"),
    ],
)
def test_public_address_has_no_secret(url: str, public: str) -> None:
    """User, password, query and fragment are left out; the rest stays."""
    assert public_address(url) == public


@given(host=NAMES, user=NAMES, password=NAMES, query=NAMES)
def test_public_address_never_shows_what_is_left_out(host: str, user: str, password: str, query: str) -> None:
    """Whatever the secrets are, the address is that without them."""
    assert public_address(f"https://{user}:{password}@{host}/p?{query}") == f"https://{host}/p"
