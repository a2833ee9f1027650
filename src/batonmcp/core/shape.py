"""A value cut to a room: its structure is kept, and what is missing is counted.

A room is characters of JSON text; a model's tokens are about a quarter as many. Small members survive whole, large ones
share what is left. Whatever is cut says so where it stands: a list has an item `"… 980 more items (of 1,000)"`, an
object an entry of that kind, a text such an ending.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, cast

from pydantic import JsonValue

from batonmcp.core.clip import clip
from batonmcp.core.cut import Cut, Path, Shaped
from batonmcp.core.json_text import characters_up_to
from batonmcp.core.share import share

__all__ = ["LEAST_ROOM", "shape"]

LEAST_ROOM: Final = 64
"""The least room in which something can be said of any value."""

_Members: TypeAlias = Iterable[tuple[Any, int, JsonValue]]
"""Members of a container: key or index, characters that each takes beside its own text, and the member."""

_CONTAINERS: Final = (dict, list)
_MARK: Final = "…"
_MOST_LEVELS: Final = 40
_FEW_ITEMS: Final = 16
_FEW_ENTRIES: Final = 64
"""So many members, where there are as many, share the room of a container before any of them takes more."""

_WHOLE: Final = 400
"""About the length of a record in a list: fewer whole ones are better than many of which little is left."""

_MOST_PASSED: Final = 100
"""Entries without room after which no more are looked at."""


def shape(value: JsonValue, room: int) -> Shaped:
    """Cut a value so that its JSON text has at most so many characters.

    Args:
        value: The value. It is not changed; parts that need no cut are shared with it.
        room: The most characters; fewer than `LEAST_ROOM` are taken as that many.
    """
    room = max(room, LEAST_ROOM)
    if characters_up_to(value, room) <= room:
        return Shaped(value=value)
    cuts: list[Cut] = []
    return Shaped(value=_cut(value, room, (), cuts), cuts=tuple(cuts))


def _cut(value: JsonValue, room: int, path: Path, cuts: list[Cut]) -> JsonValue:
    """Cut a value that does not fit into its room."""
    inner = room - 1  # a container has one more sign than its members bring
    match value:
        case dict() | list() if len(path) >= _MOST_LEVELS:
            levels = len(path) + _levels_of(value)
            cuts.append(Cut(path=path, what="levels", shown=len(path), total=levels, first=len(path)))
            more = f"{_MARK} {levels - len(path)} more levels"
            return {_MARK: more} if isinstance(value, dict) else [more]
        case dict():
            return _cut_object(value, inner, path, cuts)
        case list():
            return _cut_list(value, inner, path, cuts)
        case _:
            return _cut_text(str(value), room, path, cuts)  # if no text, then a number of very many digits


def _cut_text(text: str, room: int, path: Path, cuts: list[Cut]) -> str:
    """Return the beginning of a text, and how long it is."""
    left = room - len(_ending(len(text), len(text)))
    few, many = 0, min(len(text), left) + 1
    while many - few > 1:
        middle = (few + many) // 2
        fits = characters_up_to(text[:middle], left) <= left  # its JSON text may have escapes
        few, many = (middle, many) if fits else (few, middle)
    kept = clip(text, few)
    cuts.append(Cut(path=path, what="characters", shown=len(kept), total=len(text), first=len(kept)))
    return kept + _ending(len(kept), len(text))


def _cut_list(items: list[JsonValue], room: int, path: Path, cuts: list[Cut]) -> list[JsonValue]:
    """Return the first items and some of the last: lists begin or end with what they are mostly asked for."""
    total = len(items)
    floor = max(LEAST_ROOM, room // _FEW_ITEMS, min(room // 3, _WHOLE))
    offered = ((place, 1, items[place]) for place in range(total))
    chosen = _Chosen.of(offered, room, floor)
    if len(chosen.members) == total:
        return [member for _, member in chosen.cut(path, cuts)]
    left = room - len(_more("items", 0, total)) - 3
    chosen = _Chosen.of(((place, 1, items[place]) for place in _from_both_ends(total)), left, floor)
    chosen.members.sort(key=lambda member: cast("int", member[0]))
    first = next((number for number, (place, *_) in enumerate(chosen.members) if number != place), len(chosen.members))
    shown = [member for _, member in chosen.cut(path, cuts)]
    cuts.append(Cut(path=path, what="items", shown=len(shown), total=total, first=first))
    return [*shown[:first], _more("items", len(shown), total), *shown[first:]]


def _cut_object(entries: dict[str, JsonValue], room: int, path: Path, cuts: list[Cut]) -> dict[str, JsonValue]:
    """Return the entries in their order, without those for which there is no room."""
    total = len(entries)
    floor = max(LEAST_ROOM, room // min(max(total, _FEW_ITEMS), _FEW_ENTRIES))

    def offered() -> _Members:
        return ((key, 2 + characters_up_to(key, floor), member) for key, member in entries.items())

    chosen = _Chosen.of(offered(), room, floor)
    if len(chosen.members) == total:
        return dict(chosen.cut(path, cuts))
    left = room - len(_more("entries", 0, total)) - 3 - len(_MARK) - 3
    unmarked = (member for member in offered() if member[0] != _MARK)
    chosen = _Chosen.of(unmarked, left, floor, passing=_MOST_PASSED)
    shown = dict(chosen.cut(path, cuts))
    keys = iter(entries)
    first = next(number for number, key in enumerate(keys) if key not in shown)
    cuts.append(Cut(path=path, what="entries", shown=len(shown), total=total, first=first))
    return {**shown, _MARK: _more("entries", len(shown), total)}


@dataclass(slots=True)
class _Chosen:
    """Members of a container for which there is room.

    Attributes:
        members: Key or index, the member, and whether it is no longer than the floor.
        room: What all of them share.
        floor: The room that each can have.
    """

    members: list[tuple[Any, JsonValue, bool]]
    room: int
    floor: int

    @classmethod
    def of(cls, offered: _Members, room: int, floor: int, *, passing: int = 0) -> "_Chosen":
        """Choose members as long as each can have the floor, or all it needs; so many without room are passed over."""
        members: list[tuple[Any, JsonValue, bool]] = []
        left = own = room
        for label, beside, member in offered:
            size = characters_up_to(member, floor)
            wanted = beside + min(size, floor)
            if wanted > left or beside > floor:
                passing -= 1
                if passing < 0:
                    break
                continue
            left -= wanted
            own -= beside + (size if size <= floor else 0)
            members.append((label, member, size <= floor))
        return cls(members, own, floor)

    def cut(self, path: Path, cuts: list[Cut]) -> Iterator[tuple[Any, JsonValue]]:
        """Yield them by key or index, cut where they are larger than their share."""
        large = [member for _, member, small in self.members if not small]
        measured = share(
            len(large), self.room, measure=lambda n, most: characters_up_to(large[n], most), least=self.floor
        )
        rooms = iter(measured)
        for label, member, small in self.members:
            room = self.floor if small else next(rooms)
            if small or characters_up_to(member, room) <= room:
                yield label, member
            else:
                yield label, _cut(member, room, (*path, label), cuts)


def _from_both_ends(total: int) -> Iterator[int]:
    """Yield the places of a list, three from its beginning for each from its end."""
    first, last = 0, total - 1
    for turn in range(total):
        if turn % 4 == 3:  # noqa: PLR2004 - as said
            yield last
            last -= 1
        else:
            yield first
            first += 1


def _levels_of(value: JsonValue) -> int:
    """Return how many levels of lists and objects a value has."""
    levels = 0
    level: list[Any] = [value]
    while level:
        levels += 1
        inner = [cast("Iterable[Any]", outer.values() if isinstance(outer, dict) else outer) for outer in level]  # pyright: ignore[reportUnknownMemberType]
        level = [member for members in inner for member in members if type(member) in _CONTAINERS]
        level = list({id(member): member for member in level}.values())
    return levels


def _more(what: str, shown: int, total: int) -> str:
    return f"{_MARK} {total - shown:,} more {what} (of {total:,})"


def _ending(shown: int, total: int) -> str:
    return f"{_MARK} ({shown:,} of {total:,} characters)"
