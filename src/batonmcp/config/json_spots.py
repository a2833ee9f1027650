"""Where the members of an object stand in a JSON text with comments."""

import json
import re
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from batonmcp.config.comments import without_comments
from batonmcp.core.errors import ConfigError

__all__ = ["JsonObject", "Member", "in_line_comment", "readable", "spot"]

_SPACE: Final = re.compile(r"[ \t\r\n]*")
_BETWEEN: Final = re.compile(r"//[^\r\n]*|/\*.*?\*/|(?P<comma>,)", re.DOTALL)
_DECODER: Final = json.JSONDecoder()


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A key and its value. All positions are those of the text.

    Attributes:
        key: The key, its escapes read.
        start: Where the quote of the key stands.
        value: Where the value begins.
        end: The first position after the value.
        comma: Where the comma after it stands; None if there is none.
    """

    key: str
    start: int
    value: int
    end: int
    comma: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonObject:
    """An object in a text.

    Attributes:
        start: Where its bracket opens.
        members: In the order of the text.
        close: Where its bracket closes.
    """

    start: int
    members: tuple[Member, ...]
    close: int

    def member(self, key: str) -> Member | None:
        """Return the member with this key.

        Raises:
            ConfigError: The key stands twice, so that nobody knows which one counts.
        """
        found = [member for member in self.members if member.key == key]
        if len(found) > 1:
            raise ConfigError(place=repr(key), message="stands twice in one object.", cure="Remove one.")
        return found[0] if found else None


def readable(text: str) -> str:
    """Return the text with its comments, trailing commas and byte order mark as spaces: plain JSON, same positions.

    Raises:
        ConfigError: It is no JSON object; its place is a line and a column.
    """
    plain = without_comments(text.replace("\ufeff", " ", 1) if text.startswith("\ufeff") else text)
    try:
        document: JsonValue = json.loads(plain)
    except json.JSONDecodeError as error:
        raise ConfigError(
            place=f"line {error.lineno}, column {error.colno}",
            message=f"this is not JSON: {error.msg}.",
            cure="Look for a missing or surplus comma, quote or bracket just before it.",
        ) from None
    except (RecursionError, ValueError) as error:  # the latter for a number of thousands of digits
        why = "it is nested too deeply" if isinstance(error, RecursionError) else error
        raise ConfigError(place="the text", message=f"cannot be read: {why}.") from None
    if not isinstance(document, dict):
        raise ConfigError(place="the text", message="is not a JSON object.", cure="Write {...}.")
    return plain


def spot(text: str, plain: str, start: int) -> JsonObject:
    """Find the members of the object that opens at `start`; `plain` is what `readable` made of the text."""
    found: list[tuple[str, int, int, int]] = []
    at = _after_space(plain, start + 1)
    while plain[at] != "}":
        key, after = _DECODER.raw_decode(plain, at)
        value = _after_space(plain, _after_space(plain, after) + 1)
        _, end = _DECODER.raw_decode(plain, value)
        found.append((key, at, value, end))
        at = _after_space(plain, end)
        if plain[at] == ",":
            at = _after_space(plain, at + 1)
    ends = [start for _, start, _, _ in found[1:]] + [at]
    members = (
        Member(key=key, start=begin, value=value, end=end, comma=_comma(text, end, until))
        for (key, begin, value, end), until in zip(found, ends, strict=False)
    )
    return JsonObject(start=start, members=tuple(members), close=at)


def in_line_comment(text: str, start: int, end: int) -> bool:
    """Whether the last comment between two tokens, which stand at `start` and `end`, goes on to the end of its line."""
    last = ""
    for token in _BETWEEN.finditer(text, start, end):
        last = token[0]
    return last.startswith("//")


def _comma(text: str, start: int, end: int) -> int | None:
    """Return where a comma stands between two members, or after the last; one in a comment is none."""
    return next((token.start() for token in _BETWEEN.finditer(text, start, end) if token["comma"]), None)


def _after_space(plain: str, at: int) -> int:
    found = _SPACE.match(plain, at)
    return found.end() if found else at
