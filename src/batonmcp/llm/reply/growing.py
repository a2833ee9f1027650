"""JSON objects in a text that grows: where they close, as soon as they do.

Only brackets, texts and the key of one list are looked at. What stands between is read by whoever gets it, with the
same reader as a whole text, so that nothing is taken for complete that is not.
"""

import json
import re

__all__ = ["GrowingList", "GrowingObject", "GrowingValues"]

_LONGEST = 65_536
"""Characters after which a text is left to the end: each part that is added costs as much as there is already."""

_SIGN = re.compile(r'["\\{}\[\]]')
_CLOSERS = {"{": "}", "[": "]"}
_DEEPEST = 3
"""How many brackets a list of steps may be in, itself included."""


class _Brackets:
    """A text that grows, and the brackets that are open in it."""

    def __init__(self) -> None:
        self.text = ""
        self.open: list[str] = []
        self.broken = False
        self._at = 0
        self._string: int | None = None

    def add(self, more: str) -> None:
        """Take more of the text, as long as it makes sense and is not too long."""
        self.broken = self.broken or len(self.text) + len(more) > _LONGEST
        if self.broken:
            return
        self.text += more
        while not self.broken and (sign := _SIGN.search(self.text, self._at)):
            place, found = sign.start(), sign[0]
            if found == "\\" and self._string is not None:
                if place + 1 == len(self.text):
                    self._at = place
                    return  # what it escapes is still to come
                self._at = place + 2
                continue
            self._at = place + 1
            if found == '"':
                self._quote(place)
            elif self._string is None:
                self._bracket(place, found)
        self._at = max(self._at, len(self.text)) if not self.broken else self._at

    def _quote(self, place: int) -> None:
        if self._string is None:
            self._string = place if self.open else None  # between values it is a sign like any other
        else:
            self.string(self._string, place + 1)
            self._string = None

    def _bracket(self, place: int, found: str) -> None:
        if found in "{[":
            self.open.append(found)
            self.opened(place)
        elif self.open and self.open[-1] + found in {"{}", "[]"}:
            self.open.pop()
            self.closed(place + 1)
        else:
            self.broken = True

    def string(self, begin: int, end: int) -> None:
        """Take note of a text in quotes."""

    def opened(self, place: int) -> None:
        """Take note of a bracket that opens."""

    def closed(self, place: int) -> None:
        """Take note of a bracket that closes, before this place."""


class GrowingObject(_Brackets):
    """A text that is one object.

    Attributes:
        whole: The text of the object; None as long as it is open.
    """

    def __init__(self) -> None:
        super().__init__()
        self.whole: str | None = None

    def opened(self, place: int) -> None:
        """Be broken by whatever begins with no object."""
        if len(self.open) == 1 and (self.whole is None) and (self.open[0] != "{" or self.text[:place].strip()):
            self.broken = True

    def closed(self, place: int) -> None:
        """Be whole where the first object closes; what comes after it does not count."""
        if not self.open and self.whole is None:
            self.whole = self.text[:place]


class GrowingList(_Brackets):
    """A text that is one object, of which one entry is a list of objects.

    Args:
        key: The key of that entry; the first that is a list counts.

    Attributes:
        members: The texts of the list's objects that have closed, up to the first member that is none.
    """

    def __init__(self, key: str) -> None:
        super().__init__()
        self.members: list[str] = []
        self._key = key
        self._last: tuple[int, int] = (0, 0)
        self._end: int | None = None
        self._begin: int | None = None

    def string(self, begin: int, end: int) -> None:
        """Remember the last text of the outer object, which may be a key."""
        if len(self.open) == 1:
            self._last = (begin, end)

    def opened(self, place: int) -> None:
        """Find the list, and where its members begin."""
        depth = len(self.open)
        if depth == 1:
            self.broken = self.open[0] != "{" or bool(self.text[:place].strip())
        elif depth == 2 and self._end is None:  # noqa: PLR2004 - in the outer object
            self._end = place + 1 if self.open[1] == "[" and self._is_key(place) else None
        elif depth == 3 and self._end is not None:  # noqa: PLR2004 - in the list
            between = self.text[self._end : place].strip()
            self.broken = self.open[2] != "{" or between != ("," if self.members else "")
            self._begin = place

    def closed(self, place: int) -> None:
        """Take a member that has closed; the list's own end is the end of all."""
        if self._end is None:
            self.broken = not self.open
        elif len(self.open) == 2 and self._begin is not None:  # noqa: PLR2004 - in the list
            self.members.append(self.text[self._begin : place])
            self._begin, self._end = None, place
        elif len(self.open) == 1:
            self.broken = True

    def _is_key(self, place: int) -> bool:
        """Whether the text before a bracket is the list's key, however it is spelled."""
        begin, end = self._last
        return self.text[end:place].strip() == ":" and _spells(self.text[begin:end], self._key)


class GrowingValues(_Brackets):
    """A text that begins with an object or a list, and may go on with others, one of which may hold a list of objects.

    Args:
        key: The key of that list, which may also be a value of its own.

    Attributes:
        endings: Where a value could end: each place at which one does, or a member of the list, with the brackets that
            are missing there.
    """

    def __init__(self, key: str) -> None:
        super().__init__()
        self.endings: list[tuple[int, str]] = []
        self._key = key
        self._last: tuple[int, int] = (0, 0)
        self._depth: int | None = None

    def string(self, begin: int, end: int) -> None:
        """Remember the last text, which may be a key."""
        self._last = (begin, end)

    def opened(self, place: int) -> None:
        """Find the list: in nothing but objects, and not in many."""
        depth = len(self.open)
        if self.open[-1] == "[" and depth <= _DEEPEST and self.open.count("[") == 1:
            begin, end = self._last
            is_named = self.text[end:place].strip() == ":" and _spells(self.text[begin:end], self._key)
            self._depth = depth if depth == 1 or is_named else None

    def closed(self, place: int) -> None:
        """Take note of the end of a value, and of a member of the list."""
        if not self.open or len(self.open) == self._depth:
            self.endings.append((place, "".join(_CLOSERS[bracket] for bracket in reversed(self.open))))
        elif self._depth is not None and len(self.open) < self._depth:
            self._depth = None


def _spells(quoted: str, key: str) -> bool:
    """Whether a text in quotes is a key, however it is spelled."""
    try:
        return json.loads(quoted) == key
    except ValueError:
        return False
