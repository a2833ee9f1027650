"""The redaction of secrets: in whatever leaves the process, three stars stand for them."""

import json
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final, Self
from urllib.parse import quote

from pydantic import JsonValue

__all__ = ["REDACTED", "SHORTEST", "Redaction"]

REDACTED: Final = "***"
"""Stands for a secret. It is shorter than any secret, so that it cannot hold one."""

SHORTEST: Final = 6
"""Shorter texts are no secrets: to blot them out everywhere would blot out words."""

_MOST_CUTS: Final = 1_000
_TOKEN: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*', re.DOTALL)

_NOT_IN_AN_ESCAPE: Final = r"(?<!\\)" + "".join(rf"(?<!\\u[0-9a-fA-F]{{{digits}}})" for digits in range(4))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Redaction:
    """Takes secrets out of texts, and costs nothing if there are none.

    A secret is found as it is, within JSON that is itself a text, and percent-encoded as in an address; and its first
    half where a text is cut, at its end or before an ellipsis.

    Attributes:
        spellings: How the secrets may stand in a text, the longest first. Secret.
        starts: What each of them begins with, and is still told from a word by: a text may be cut within it. Secret.
        escaped: How the starts may stand in a text of JSON. Secret.
    """

    spellings: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()
    escaped: tuple[str, ...] = ()

    @classmethod
    def of(cls, secrets: Iterable[str], *, shortest: int = SHORTEST) -> Self:
        """Return the redaction of these secrets, as far as they have that many characters."""
        spellings = {spelling for secret in secrets for spelling in _spellings(secret, shortest)}
        ordered = _longest_first(spellings)
        starts = tuple(spelling[: max(shortest, len(spelling) // 2)] for spelling in ordered)
        escaped = {_inner(start, ascii_only=only) for start in starts for only in (True, False)}
        return cls(spellings=ordered, starts=starts, escaped=_longest_first(escaped))

    def text(self, text: str) -> str:
        """Return a text without secrets. If it is JSON, it stays JSON."""
        if not any(start in text for start in self.starts):
            return text
        if not text.startswith(("{", "[")):
            return self._blotted(text)
        text = self.json(text)
        return self._blotted(text, _NOT_IN_AN_ESCAPE if _is_json(text) else "")

    def json(self, text: str) -> str:
        """Return a text of JSON without those of its texts and numbers in which secrets are."""
        found = deque(sorted(place for escaped in self.escaped for place in _places(escaped, text)))
        return self._without(found, text) if found else text

    def value(self, value: JsonValue) -> JsonValue:
        """Return a value without secrets; itself if there are none to be found."""
        if not self.spellings:
            return value
        match value:
            case str():
                return self.text(value)
            case dict():
                return {self.text(key): self.value(member) for key, member in value.items()}
            case list():
                return [self.value(member) for member in value]
            case bool() | None:
                return value
            case _:
                return REDACTED if any(spelling in repr(value) for spelling in self.spellings) else value

    def _blotted(self, text: str, unless: str = "") -> str:
        count = 1
        while count and (found := [spelling for spelling in self.spellings if spelling in text]):
            pattern = f"{unless}(?:{'|'.join(map(re.escape, found))})"
            text, count = re.subn(pattern, REDACTED, text)  # again and again: what is left may join to another
        return self._without_halves(text)

    def _without_halves(self, text: str) -> str:
        """Take out what is left of secrets where the text is cut."""
        halves = [
            (spelling, start) for spelling, start in zip(self.spellings, self.starts, strict=True) if start in text
        ]
        for end in (len(text), *reversed(list(islice(_places("…", text), _MOST_CUTS)))) if halves else ():
            begins = [place for spelling, start in halves if (place := _half(text, end, spelling, start)) is not None]
            if begins:
                text = text[: min(begins)] + REDACTED + text[end:]
        return text

    def _without(self, found: deque[int], text: str) -> str:
        """Redact those texts and numbers of a text of JSON in which a secret may begin at one of these places."""
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
        if not written.startswith('"'):
            return f'"{REDACTED}"'
        try:
            read = json.loads(written, strict=False)
        except ValueError:  # no JSON after all
            return self._blotted(written)
        return json.dumps(self.text(read), ensure_ascii=written.isascii())


def _half(text: str, end: int, spelling: str, start: str) -> int | None:
    """Return where the first half of a secret, or more of it, begins that is cut off at `end`."""
    place = text.find(start, max(0, end - len(spelling)), end)
    while place >= 0 and not spelling.startswith(text[place:end]):
        place = text.find(start, place + 1, end)
    return place if place >= 0 else None


def _is_json(text: str) -> bool:
    try:
        json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return False
    return True


def _places(part: str, text: str) -> Iterator[int]:
    """Yield where a part begins in a text: as a rule nowhere, and this is the fastest look."""
    place = text.find(part)
    while place >= 0:
        yield place
        place = text.find(part, place + 1)


def _spellings(secret: str, shortest: int) -> Iterator[str]:
    """Yield how a secret may stand in a text."""
    for plain in {secret, secret.strip()}:
        if len(plain) >= shortest:
            yield plain
            yield quote(plain, safe="", errors="replace")
            for ascii_only in (True, False):
                once = _inner(plain, ascii_only=ascii_only)
                yield once
                yield _inner(once, ascii_only=ascii_only)


def _longest_first(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(texts, key=lambda text: (-len(text), text)))


def _inner(text: str, *, ascii_only: bool) -> str:
    return json.dumps(text, ensure_ascii=ascii_only)[1:-1]
