"""Edits of a JSON text that a person wrote: one value changes, and every other byte stays.

Comments, trailing commas, indentation, line ends and a byte order mark are those of the text. What is new is written
as its neighbours are.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Final

from pydantic import JsonValue

from batonmcp.config.comments import without_comments
from batonmcp.config.json_spots import JsonObject, Member, in_line_comment, readable, spot
from batonmcp.core.errors import ConfigError

__all__ = ["remove_value", "set_value"]

_INDENT: Final = re.compile(r"(?:\A|[\r\n])\ufeff?([ \t]*)\Z")


def set_value(text: str, path: Sequence[str], value: JsonValue) -> str:
    """Return the text with the value at a path of keys set; objects that are missing on the way are made.

    A text of nothing but space and comments gets an object. A value that is there already changes nothing.

    Raises:
        ConfigError: The text is no JSON object, or something on the way is none.
    """
    edited = text if without_comments(text).strip("\ufeff \t\r\n") else f"{text}{{}}{_line_end(text)}"
    document = _Text(edited, readable(edited))
    way = document.way(path)
    found = way[-1].member(path[len(way) - 1])
    if found is None:
        missing = path[len(way) :]
        inner: JsonValue = reduce(lambda within, key: {key: within}, reversed(missing), value)
        return document.with_member(way[-1], path[len(way) - 1], inner)
    if _same(json.loads(document.plain[found.value : found.end]), value):
        return text
    return f"{edited[: found.value]}{document.dumped(value, found.start)}{edited[found.end :]}"


def remove_value(text: str, path: Sequence[str]) -> str:
    """Return the text without the member at a path of keys; comments around it stay.

    One that is not there changes nothing.

    Raises:
        ConfigError: The text is no JSON object, or something on the way is none.
    """
    if not without_comments(text).strip("\ufeff \t\r\n"):
        return text
    document = _Text(text, readable(text))
    way = document.way(path)
    found = way[-1].member(path[len(way) - 1])
    if found is None or len(way) < len(path):
        return text
    return document.without_member(way[-1], found)


def _same(one: JsonValue, other: JsonValue) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _line_end(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


@dataclass(frozen=True, slots=True)
class _Text:
    """A text and what is plain JSON of it, position for position."""

    text: str
    plain: str

    def way(self, path: Sequence[str]) -> Sequence[JsonObject]:
        """Return the objects on the way to a path's last key, the root first, as far as there are any."""
        way = [spot(self.text, self.plain, self.plain.index("{"))]
        for depth, key in enumerate(path[:-1], 1):
            found = way[-1].member(key)
            if found is None:
                break
            if self.plain[found.value] != "{":
                raise ConfigError(
                    place=".".join(path[:depth]), message="is not an object.", cure="Write {} there, or remove it."
                )
            way.append(spot(self.text, self.plain, found.value))
        return way

    def with_member(self, parent: JsonObject, key: str, value: JsonValue) -> str:
        """Write a new member after the others and whatever comments follow them."""
        last = parent.members[-1] if parent.members else None
        inner = self.text[last.end if last else parent.start + 1 : parent.close]
        tail = inner[len(inner.rstrip(" \t\r\n")) :]
        at = parent.close - len(tail)
        own = self._indent_of_line(parent.start)
        head = self.text[: last.end] + "," * (last.comma is None) + self.text[last.end : at] if last else self.text[:at]
        trailing = "," if last and last.comma is not None else ""
        if self._on_one_line(parent):
            gap = " " if inner.strip() or last else ""
            return f"{head}{gap}{_json(key)}: {_json(value)}{trailing}{tail}{self.text[parent.close :]}"
        indent = self._indent_of_members(parent)
        end = tail if last or "\n" in tail or "\r" in tail else f"{self._end}{own}"
        written = f"{self._end}{indent}{_json(key)}: {self._dumped(value, indent)}{trailing}"
        return f"{head}{written}{end}{self.text[parent.close :]}"

    def without_member(self, parent: JsonObject, gone: Member) -> str:
        """Take a member out, with the comma that it makes superfluous and the line that it leaves empty."""
        at = parent.members.index(gone)
        before = parent.members[at - 1] if at else None
        surplus = gone.comma if gone.comma is not None or before is None else before.comma
        cuts = {(gone.start, gone.end)}
        if surplus is not None:
            cuts.add((surplus, surplus + 1))
        cuts.add(self._space_to_cut(before.end if before else parent.start + 1, gone, parent.close))
        kept = _without(self.text[: parent.close], cuts)
        opened = self.text[: parent.start + 1]
        if len(parent.members) == 1 and not kept[len(opened) :].strip(" \t\r\n"):
            kept = opened
        return kept + self.text[parent.close :]

    def _space_to_cut(self, previous: int, gone: Member, close: int) -> tuple[int, int]:
        """Return the space before a member; that behind it where something else follows on the line."""
        after = gone.end if gone.comma is None else gone.comma + 1
        line, *more = re.split(r"[\r\n]", self.text[after:close], maxsplit=1)
        remark = self.text[gone.end : gone.comma].strip() if gone.comma is not None else ""
        if remark or line.strip() or (not more and in_line_comment(self.text, previous, gone.start)):
            return after, after + len(line) - len(line.lstrip(" \t"))
        return len(self.text[: gone.start].rstrip(" \t\r\n")), gone.start

    def dumped(self, value: JsonValue, at: int) -> str:
        """Write a value in the place of another, whose key stands at `at`."""
        found = _INDENT.search(self.text[:at])
        return self._dumped(value, found[1]) if found else _json(value)

    @property
    def _end(self) -> str:
        return _line_end(self.text)

    def _dumped(self, value: JsonValue, indent: str) -> str:
        return _json(value, self._unit()).replace("\n", f"{self._end}{indent}")

    def _unit(self) -> str:
        """Return what a level is indented by: as the first member of the root is."""
        root = spot(self.text, self.plain, self.plain.index("{"))
        found = _INDENT.search(self.text[: root.members[0].start]) if root.members else None
        return (found[1] if found else "") or "  "

    def _on_one_line(self, parent: JsonObject) -> bool:
        """Whether a new member belongs on the line of the others; in an empty object, as the root has its own."""
        if re.search(r"[\r\n]", self.text[parent.start : parent.close]):
            return False
        if parent.members:
            return True
        root = spot(self.text, self.plain, self.plain.index("{"))
        return bool(root.members) and not re.search(r"[\r\n]", self.text[root.start : root.close])

    def _indent_of_members(self, parent: JsonObject) -> str:
        found = (_INDENT.search(self.text[: member.start]) for member in reversed(parent.members))
        return next((indent[1] for indent in found if indent), self._indent_of_line(parent.start) + self._unit())

    def _indent_of_line(self, at: int) -> str:
        line = re.split(r"[\r\n]", self.text[:at])[-1].removeprefix("\ufeff")
        return line[: len(line) - len(line.lstrip(" \t"))]


def _without(text: str, cuts: set[tuple[int, int]]) -> str:
    kept, at = "", 0
    for start, end in sorted(cuts):
        kept += text[at:start]
        at = max(at, end)
    return kept + text[at:]


def _json(value: JsonValue, indent: str | None = None) -> str:
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    return text if text.isprintable() or _encodable(text) else json.dumps(value, indent=indent)


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return True
