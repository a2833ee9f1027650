"""What is missing of a value that was cut, and where."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from pydantic import JsonValue

from batonmcp.core.clip import clip

__all__ = ["Cut", "Path", "Shaped", "largest_first"]

Path: TypeAlias = tuple[str | int, ...]

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LONGEST_KEY: Final = 60
_LONGEST_PLACE: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A place at which something is missing.

    Attributes:
        path: Keys and indexes that lead there in the value as it was.
        what: What is counted.
        shown: How many are left.
        total: How many there were.
        first: The number of the first that is missing.
    """

    path: Path
    what: Literal["items", "entries", "characters", "levels"]
    shown: int
    total: int
    first: int

    def __str__(self) -> str:
        """Return where it is, and how much of the total is left."""
        return f"{self.place or 'all of it'}: {self.shown:,} of {self.total:,} {self.what}"

    @property
    def place(self) -> str:
        """The path as an expression; the end of a long one is left out."""
        place = ""
        for part in self.path:
            if isinstance(part, int):
                place += f"[{part}]"
            elif _NAME.fullmatch(part):
                place += f".{part}" if place else part
            else:
                kept = clip(part, _LONGEST_KEY)
                place += f"[{json.dumps(kept if kept == part else f'{kept}…', ensure_ascii=False)}]"
            if len(place) > _LONGEST_PLACE:
                return f"{clip(place, _LONGEST_PLACE)}…"
        return place


@dataclass(frozen=True, slots=True, kw_only=True)
class Shaped:
    """A value with what was cut from it; if nothing was, it is the value itself."""

    value: JsonValue
    cuts: tuple[Cut, ...] = ()


def largest_first(cuts: Iterable[Cut]) -> list[Cut]:
    """Return cuts by how much is missing: whole members before characters of a text."""
    return sorted(cuts, key=lambda cut: (cut.what == "characters", cut.shown - cut.total))
