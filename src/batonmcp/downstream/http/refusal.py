"""A refusal over HTTP, read: what it says, when to ask again, what the server wants."""

import re
from collections.abc import Collection
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx2

from batonmcp.core.redaction import Redaction

__all__ = ["MOST_READ", "excerpt", "retry_after", "secrets_of", "wants_oauth"]

MOST_READ = 65_536
"""How much of a refusal is read, in bytes."""

_LONGEST = 200
_LONGEST_WAIT = 3_600.0
_SHORTEST_SECRET = 4
_SECONDS = re.compile(r"\d{1,20}(?:\.\d{1,20})?", re.ASCII)
_MARKUP = re.compile(r"<(?:style|script)\b[^<>]*>[^<]*|<[^<>]*>", re.IGNORECASE)  # linear: no tag holds another


def excerpt(body: bytes, secrets: Collection[str]) -> str:
    """Return the beginning of an answer on one line, without markup, control characters and secrets."""
    text = _MARKUP.sub(" ", body[:MOST_READ].decode("utf-8", "replace"))
    text = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    text = Redaction.of(secrets, shortest=_SHORTEST_SECRET).text(text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def secrets_of(url: httpx2.URL, headers: Collection[str]) -> frozenset[str]:
    """Return what must not be shown: values of headers and what is secret in them, and of an address."""
    values = {part for value in headers for part in (value, value.split()[-1] if value.split() else "")}
    values |= {url.username, url.password, url.query.decode("ascii", "replace"), *url.params.values()}
    return frozenset(value for value in values if len(value) >= _SHORTEST_SECRET)


def retry_after(value: str | None, *, now: datetime) -> float | None:
    """Return in how many seconds a server wants to be asked again, an hour at most; None if that is not to be read."""
    text = (value or "").strip()
    if _SECONDS.fullmatch(text):
        return min(float(text), _LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - now).total_seconds(), 0.0), _LONGEST_WAIT)


def wants_oauth(challenge: str | None) -> bool:
    """Whether a WWW-Authenticate header sends its reader to an OAuth server. Where it sends, nobody goes."""
    return "resource_metadata" in (challenge or "").lower()
