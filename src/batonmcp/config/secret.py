"""What in a configuration is a secret."""

import re
from base64 import b64encode
from collections.abc import Iterator
from urllib.parse import parse_qsl, unquote, urlsplit

from batonmcp.core.redaction import SHORTEST

__all__ = ["credentials", "looks_like_a_token", "secret_parts"]

_TELLING = re.compile(r"(?i:auth|credential|cookie|passw|pwd|secret|token|(?<![a-z])pat(?![a-z])|(?<![a-z])dsn|key)")
_SCHEME = re.compile(r"(?i:basic|bearer|token)\s+")
_PREFIX = re.compile(
    r"(?:sk|pk|rk|ghp|gho|ghs|ghu|github_pat|glpat|xox[a-z]|hf|ntn|secret|npm|pypi|dop_v1|shpat|lin_api)[-_]\S{12,}"
    r"|AIza\S{20,}|AKIA[A-Z0-9]{12,}|eyJ[\w-]{10,}\.\S+"
)
_RANDOM = re.compile(r"(?=[A-Za-z0-9]*[0-9])(?=[A-Za-z0-9]*[A-Za-z])[A-Za-z0-9]{20,}")
_PLACE = re.compile(r"[~.]{0,2}[/\\]|[A-Za-z]:[/\\]|[a-z][a-z0-9+.-]*://")
_PLAIN = re.compile(r"[-+.:\d\s]+|[a-z]+/[a-z0-9.+-]+(?:[,;].*)?")
_NAMES = re.compile(r"(?:(?:\d?[A-Za-z]{1,15}\d{0,2}|\d{1,8})(?:[-_./:@,;=+]+|\Z))+")
"""Words and small numbers: zones, regions, versions, hosts, addresses of mail. Answers would make no sense without."""
_WORDS = re.compile(r"[a-z]+(?:[-_. ][a-z]+)*|<.*>|.*\byour\b.*", re.IGNORECASE)


def looks_like_a_token(name: str, value: str) -> bool:
    """Whether the value that stands under a name is plainly a key: rather silent than wrong."""
    core = _SCHEME.sub("", value.strip(), count=1)
    if _PLACE.match(core) or _WORDS.fullmatch(core) or re.search(r"\s", core):
        return False
    return bool(_PREFIX.match(core) or _RANDOM.search(core) or (_TELLING.search(name) and len(core) >= 2 * SHORTEST))


def secret_parts(name: str, value: str, *, surely: bool = False) -> Iterator[str]:
    """Yield what must not be shown of the value that stands under a name: rather too much than too little.

    Args:
        name: Of the variable or header.
        value: Its value, references filled in.
        surely: Whether it is known to be a secret, whatever it looks like.
    """
    if surely or _TELLING.search(name) or not _is_harmless(value):
        yield from _long_enough(value, _SCHEME.sub("", value, count=1))
    yield from _long_enough(*_in_address(value))


def credentials(address: str) -> Iterator[str]:
    """Yield what is sent of the user and password in an address of HTTP: what must not be shown either."""
    parts = urlsplit(address)
    if parts.password:
        user, password = unquote(parts.username or ""), unquote(parts.password)
        yield from _long_enough(password, b64encode(f"{user}:{password}".encode("utf-8", "replace")).decode())


def _is_harmless(value: str) -> bool:
    return bool(_PLAIN.fullmatch(value) or _PLACE.match(value) or _NAMES.fullmatch(value))


def _long_enough(*texts: str) -> Iterator[str]:
    return (text for text in map(str.strip, texts) if len(text) >= SHORTEST)


def _in_address(text: str) -> Iterator[str]:
    """Yield the password, the telling parameters and the keys in the path of an address."""
    try:
        parts = urlsplit(text)
        parameters = parse_qsl(parts.query)
    except ValueError:  # brackets that do not close
        return
    if parts.password:
        yield parts.password
    if parts.netloc:
        yield from (part for part in parts.path.split("/") if looks_like_a_token("", part))
    for name, value in parameters:
        if _TELLING.search(name) or looks_like_a_token(name, value):
            yield value
