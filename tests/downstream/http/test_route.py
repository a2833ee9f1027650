"""The way to a server: proxies and certificates."""

from collections.abc import AsyncGenerator

import httpx2
import pytest

from batonmcp.downstream.http.route import is_loopback, open_route, proxy_for
from doubles.evil_http import Evil, serving

pytestmark = pytest.mark.anyio

FAR = httpx2.URL("http://example.com/mcp")
VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without proxies."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


@pytest.fixture
async def proxy() -> AsyncGenerator[Evil]:
    """Something that listens like a proxy, and takes note of what it is asked."""
    async with serving("ok") as evil:
        yield evil


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("localhost.", True),
        ("a.localhost", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.1", False),
        ("localhost.example.com", False),
        ("127.0.0.1.example.com", False),
        ("example.com", False),
    ],
)
def test_loopback(host: str, loopback: bool) -> None:  # noqa: FBT001
    """This machine is known by its names and addresses; nothing is resolved."""
    assert is_loopback(host) is loopback


def test_proxy_of_the_environment(environment: pytest.MonkeyPatch) -> None:
    """It is for addresses beyond this machine, by their scheme, and not for those that it is not to be used for."""
    assert proxy_for(FAR) is None
    environment.setenv("all_proxy", "proxy:1")
    environment.setenv("https_proxy", "http://proxy:2")
    environment.setenv("no_proxy", "direct.com")
    assert proxy_for(FAR) == "http://proxy:1"
    assert proxy_for(httpx2.URL("https://example.com")) == "http://proxy:2"
    for url in ("http://direct.com", "http://127.0.0.1:1", "http://localhost/mcp", "http://[::1]/"):
        assert proxy_for(httpx2.URL(url)) is None


async def test_proxy_of_another_kind_is_not_gone_past(environment: pytest.MonkeyPatch) -> None:
    """It is refused: to go directly would show where we are."""
    environment.setenv("ALL_PROXY", "socks5://proxy:1")
    with pytest.raises(httpx2.UnsupportedProtocol, match="a proxy of the kind socks5"):
        await open_route(FAR)


async def test_request_goes_through_the_proxy(environment: pytest.MonkeyPatch, proxy: Evil) -> None:
    """The proxy gets the whole address, and the user that its own has; a server of this machine goes past it."""
    environment.setenv("http_proxy", proxy.url.replace("://", "://me:pass@").removesuffix("/mcp"))
    message = {"method": "notifications/initialized"}
    async with httpx2.AsyncClient(transport=await open_route(FAR), trust_env=False) as client:
        assert (await client.post(FAR, json=message)).status_code == 202
    assert proxy.seen[0].path == "http://example.com/mcp"
    assert proxy.seen[0].headers["proxy-authorization"] == "Basic bWU6cGFzcw=="
    near = httpx2.URL(proxy.url)
    async with httpx2.AsyncClient(transport=await open_route(near), trust_env=False) as client:
        await client.post(near, json=message)
    assert proxy.seen[1].path == "/mcp"


async def test_certificates_of_the_environment(environment: pytest.MonkeyPatch, tmp_path: object) -> None:
    """A file of certificates is read for addresses beyond this machine; for this machine it is not looked at."""
    environment.setenv("SSL_CERT_FILE", f"{tmp_path}/none")
    await (await open_route(httpx2.URL("https://127.0.0.1"))).aclose()
    await (await open_route(FAR)).aclose()
    with pytest.raises(FileNotFoundError):
        await open_route(httpx2.URL("https://example.com"))


async def test_encrypted_proxy(environment: pytest.MonkeyPatch) -> None:
    """A proxy that is reached by https gets certificates too."""
    environment.setenv("http_proxy", "https://127.0.0.1:1")
    async with httpx2.AsyncClient(transport=await open_route(FAR), trust_env=False) as client:
        with pytest.raises(httpx2.ConnectError):
            await client.get(FAR)


async def test_server_that_does_not_speak_tls(proxy: Evil) -> None:
    """The time for connecting is that for coming to terms, too."""
    url = httpx2.URL(proxy.url).copy_with(scheme="https")
    async with httpx2.AsyncClient(transport=await open_route(url), trust_env=False, timeout=0.2) as client:
        with pytest.raises(httpx2.ConnectTimeout):
            await client.get(url)
