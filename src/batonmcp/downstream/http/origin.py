"""The origin of an address: what must stay the same wherever a server points to."""

from urllib.parse import urlsplit

import httpx2

__all__ = ["public_address", "same_origin", "shown"]

_LONGEST = 200


def public_address(url: str) -> str:
    """Return an address without the parts that people put secrets in: user, password, query."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def same_origin(url: httpx2.URL, place: str) -> bool:
    """Whether a place that a server names is on the same scheme, host and port, with no other user."""
    try:
        target = url.join(place)
    except (httpx2.InvalidURL, ValueError):
        return False
    same = (target.scheme, target.host, target.port) == (url.scheme, url.host, url.port)
    return same and target.userinfo in {b"", url.userinfo}


def shown(url: httpx2.URL, place: str) -> str:
    """Return a place that a server names as it may be shown."""
    try:
        text = public_address(str(url.join(place)))
    except (httpx2.InvalidURL, ValueError):
        return "an address that is none"
    return "".join(char for char in text if char.isprintable())[:_LONGEST]
