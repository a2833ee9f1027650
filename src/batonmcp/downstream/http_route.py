"""The way to a server over HTTP: proxies and certificates, which only addresses beyond this machine need."""

import ssl
from ipaddress import ip_address
from urllib.request import getproxies, proxy_bypass

import anyio.to_thread
import httpx2

__all__ = ["is_loopback", "open_route", "proxy_for"]

_LIMITS = httpx2.Limits(max_connections=128, max_keepalive_connections=16, keepalive_expiry=3.0)
"""Many servers close an idle connection after 5 s: one that is used as it closes fails, and nobody knows what ran."""


async def open_route(url: httpx2.URL) -> httpx2.AsyncHTTPTransport:
    """Return a transport for the address of a server.

    Raises:
        UnsupportedProtocol: The environment wants a proxy that is none for HTTP.
    """
    proxy = proxy_for(url)
    secure = url.scheme == "https" or (proxy or "").startswith("https:")
    context = await anyio.to_thread.run_sync(_trusting, not is_loopback(url.host)) if secure else _trusting_none()
    return httpx2.AsyncHTTPTransport(
        verify=context,
        limits=_LIMITS,
        proxy=httpx2.Proxy(proxy, ssl_context=context if proxy.startswith("https:") else None) if proxy else None,
    )


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
