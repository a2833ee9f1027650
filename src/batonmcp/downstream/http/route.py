"""The way to a server over HTTP: proxies and certificates, which only addresses beyond this machine need."""

import ssl
from collections.abc import Iterable
from ipaddress import ip_address
from typing import cast
from urllib.request import getproxies, proxy_bypass

import anyio.to_thread
import httpcore2
import httpx2

__all__ = ["is_loopback", "open_route", "proxy_for"]

_LIMITS = httpx2.Limits(max_connections=128, max_keepalive_connections=16, keepalive_expiry=3.0)
"""Many servers close an idle connection after 5 s: one that is used as it closes fails, and nobody knows what ran."""

_SIP = 4_096


async def open_route(url: httpx2.URL) -> httpx2.AsyncBaseTransport:
    """Return a transport for the address of a server.

    Raises:
        UnsupportedProtocol: The environment wants a proxy that is none for HTTP.
    """
    proxy = proxy_for(url)
    secure = url.scheme == "https" or (proxy or "").startswith("https:")
    context = await anyio.to_thread.run_sync(_trusting, not is_loopback(url.host)) if secure else _trusting_none()
    return _Route(context, httpx2.URL(proxy) if proxy else None)


def proxy_for(url: httpx2.URL) -> str | None:
    """Return the proxy that the environment names for an address; None to go there directly.

    Raises:
        UnsupportedProtocol: It is none for HTTP. To go past it in silence would show where we are.
    """
    if is_loopback(url.host) or proxy_bypass(url.host):
        return None
    named = getproxies()
    found = named.get(url.scheme) or named.get("all")
    if not found:
        return None
    found = found if "://" in found else f"http://{found}"
    if httpx2.URL(found).scheme not in {"http", "https"}:
        message = f"the environment names a proxy of the kind {httpx2.URL(found).scheme}, and only http and https work"
        raise httpx2.UnsupportedProtocol(message)
    return found


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself."""
    if host.rstrip(".") == "localhost" or host.endswith((".localhost", ".localhost.")):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _trusting(environment: bool) -> ssl.SSLContext:  # noqa: FBT001 - handed over by position to a thread
    """Load the certificates of the system, or those that the environment names instead. It takes a while."""
    return httpx2.create_ssl_context(trust_env=environment)


def _trusting_none() -> ssl.SSLContext:
    """Return a context for addresses that do not need one; it trusts nobody, in case one does."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class _Route(httpx2.AsyncHTTPTransport):
    """A transport over a network that is read in sips."""

    def __init__(self, context: ssl.SSLContext, proxy: httpx2.URL | None) -> None:
        super().__init__(verify=context, limits=_LIMITS)
        through = None
        if proxy is not None:
            named = httpcore2.URL(
                scheme=proxy.raw_scheme, host=proxy.raw_host, port=proxy.port, target=proxy.raw_path or b"/"
            )
            through = httpcore2.Proxy(
                url=named,
                auth=(proxy.username, proxy.password) if proxy.userinfo else None,
                ssl_context=context if proxy.scheme == "https" else None,
            )
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=context,
            proxy=through,
            max_connections=_LIMITS.max_connections,
            max_keepalive_connections=_LIMITS.max_keepalive_connections,
            keepalive_expiry=_LIMITS.keepalive_expiry,
            network_backend=_Network(),
        )


class _Network(httpcore2.AsyncNetworkBackend):
    """The network, as the HTTP client knows it, but for how it is read."""

    def __init__(self) -> None:
        self._network = cast("httpcore2.AsyncNetworkBackend", httpcore2.AnyIOBackend())

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the client's interface
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect."""
        return _Sips(await self._network.connect_tcp(host, port, timeout, local_address, socket_options))

    async def sleep(self, seconds: float) -> None:
        """Wait before the next attempt."""
        await self._network.sleep(seconds)


class _Sips(httpcore2.AsyncNetworkStream):
    """A stream that is read a little at a time: thousands of tiny responses fit into a large piece."""

    def __init__(self, stream: httpcore2.AsyncNetworkStream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        """Read a sip."""
        return await self._stream.read(min(max_bytes, _SIP), timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Write it all."""
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        """Close."""
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore2.AsyncNetworkStream:
        """Encrypt from here on."""
        return _Sips(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> object:
        """Tell something about the connection."""
        return self._stream.get_extra_info(info)
