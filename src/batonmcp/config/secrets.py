"""Which of the configured texts are secret."""

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote, urlsplit

from batonmcp.config.settings import HttpServer, Settings, StdioServer

__all__ = ["secrets_of"]

_SECRET_NAME: Final = re.compile(r"auth|cookie|credential|key|pass|pwd|secret|session|token", re.IGNORECASE)
_ORDINARY: Final = re.compile(r"[a-z]+|[A-Z]+|[A-Z][a-z]+|[0-9]{1,5}|[0-9.:]+|(?:[a-z]+/)[a-z.+*-]+|\*/\*")
"""One word, a short number, a version or an address in numbers, a media type."""

_PLAIN_HEADERS: Final = frozenset(
    {"accept", "accept-charset", "accept-encoding", "accept-language", "content-type", "user-agent"}
)


def secrets_of(settings: Settings) -> frozenset[str]:
    """Return the values of variables and headers, the API key, and the passwords within addresses.

    A value that is one plain word or a short number is left out, unless the name of its variable says that it is
    secret: `LOG_LEVEL=warning` would otherwise take a word out of every text. The same goes for the path of a folder.
    """
    return frozenset(secret for secret in _all(settings) if secret)


def _all(settings: Settings) -> Iterator[str]:
    if settings.llm:
        yield settings.llm.api_key or ""
        yield from _in_address(settings.llm.base_url)
    for server in settings.servers:
        match server.transport:
            case StdioServer(env=env):
                for name, value in env.items():
                    yield from _in_value(name, value)
            case HttpServer(url=url, headers=headers):
                yield from _in_address(url)
                for name, value in headers.items():
                    if name.lower() not in _PLAIN_HEADERS:
                        yield from _in_value(name, value)
                        yield from _credentials(name, value)
            case None:
                pass


def _in_value(name: str, value: str) -> Iterator[str]:
    if _SECRET_NAME.search(name) or not (_ORDINARY.fullmatch(value) or _is_path(value)):
        yield value
    yield from _in_address(value)


def _credentials(name: str, value: str) -> Iterator[str]:
    """Yield what follows the scheme in a header: servers repeat it without."""
    scheme, _, credentials = value.strip().partition(" ")
    if credentials and _SECRET_NAME.search(name) and scheme.isalpha():
        yield credentials.strip()


def _in_address(text: str) -> Iterator[str]:
    """Yield the password of an address and the values of its query."""
    if "://" not in text:
        return
    try:
        parts = urlsplit(text)
        password = parts.password
    except ValueError:
        return
    if password:
        yield from {password, unquote(password)}
    for pair in parts.query.split("&"):
        name, _, value = pair.partition("=")
        if _SECRET_NAME.search(name):
            yield from {value, unquote(value)}


def _is_path(value: str) -> bool:
    return re.fullmatch(r"(?:~|\.{1,2}|[A-Za-z]:)?(?:[/\\][\w .@+-]*)+", value) is not None
