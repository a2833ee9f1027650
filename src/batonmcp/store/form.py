"""The form in which documents are kept: JSON in ASCII, without the configured secrets."""

import json
import re
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote

from pydantic import JsonValue

__all__ = ["REDACTED", "Form", "Unwritable"]

REDACTED: Final = "***"
"""Stands for a secret. It is shorter than any secret, so that it cannot hold one."""

_SHORTEST: Final = 6
_TOKEN: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*')


class Unwritable(Exception):
    """A value that has no form: nested too deeply, or no JSON."""


class Form:
    """Writes documents without secrets, and reads them.

    A secret is found as it is, within JSON that is itself a text, and percent-encoded as in an address. Texts of fewer
    than six characters are no secrets: they would be found everywhere.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        spellings = {spelling for secret in secrets for spelling in _spellings(secret)}
        self._escaped = tuple({_inner(spelling) for spelling in spellings})
        ordered = sorted(spellings, key=len, reverse=True)
        self._secret = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def write(self, value: JsonValue) -> bytes:
        """Return the form of a value.

        Raises:
            Unwritable: It has none.
        """
        try:
            text = json.dumps(value, separators=(",", ":"))
        except (ValueError, TypeError, RecursionError) as error:
            raise Unwritable(str(error)) from None
        found = deque(sorted(place for escaped in self._escaped for place in _places(escaped, text)))
        return (self._without(found, text) if found else text).encode("ascii")

    def read(self, data: bytes) -> JsonValue:
        """Return the value of a form; null if this Python cannot read it."""
        try:
            return json.loads(data)
        except (ValueError, RecursionError):
            return None

    def key(self, key: str) -> str:
        """Return the form of a key."""
        return self._redacted(key).encode("utf-8", "backslashreplace").decode()

    def _without(self, found: deque[int], text: str) -> str:
        """Redact those texts and numbers of a JSON text in which a secret may begin at one of these places."""
        done: list[str] = []
        end = 0
        for token in _TOKEN.finditer(text):
            while found and found[0] < token.start():
                found.popleft()
            if not found:
                break
            if found[0] < token.end():
                done += text[end : token.start()], self._token(token[0])
                end = token.end()
        return "".join([*done, text[end:]])

    def _token(self, written: str) -> str:
        """Redact a text, which is read for it, since what was found may begin within an escape; or a number."""
        return json.dumps(self._redacted(json.loads(written)) if written[0] == '"' else REDACTED)

    def _redacted(self, text: str) -> str:
        count = 1 if self._secret else 0
        while self._secret and count:  # what is left may join to another secret
            text, count = self._secret.subn(REDACTED, text)
        return text


def _places(part: str, text: str) -> Iterator[int]:
    """Yield where a part begins in a text: as a rule nowhere, and this is the fastest look."""
    place = text.find(part)
    while place >= 0:
        yield place
        place = text.find(part, place + 1)


def _spellings(secret: str) -> Iterator[str]:
    """Yield how a secret may stand in a text."""
    for plain in {secret, secret.strip()}:
        if len(plain) >= _SHORTEST:
            yield plain
            yield quote(plain, safe="", errors="replace")
            for ascii_only in (True, False):
                once = _inner(plain, ascii_only=ascii_only)
                yield once
                yield _inner(once, ascii_only=ascii_only)


def _inner(text: str, *, ascii_only: bool = True) -> str:
    return json.dumps(text, ensure_ascii=ascii_only)[1:-1]
