"""A message that comes in deltas, put together as they come."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import StringIO
from typing import Any

from batonmcp.llm.port import ArgumentsGrew, CallBegun, Piece, TextGrew
from batonmcp.llm.reply.shapes import as_list, as_object, as_text
from batonmcp.llm.reply.values import value_at

__all__ = ["Message"]

_MOST_CALLS = 256
_THOUGHTS = ("reasoning_content", "reasoning", "thinking")


class Message:
    """A message that grows.

    Attributes:
        size: Characters of it that are held: what a model only thought is not.
    """

    def __init__(self) -> None:
        self.size = 0
        self._texts = {"content": StringIO(), "refusal": StringIO()}
        self._thought = ""
        self._calls: list[_Call] = []

    def add(self, delta: dict[str, Any]) -> Iterator[Piece]:
        """Take a part of it; yield what is new."""
        for key, parts in self._texts.items():
            if said := _text(delta.get(key)):
                self.size += len(said)
                parts.write(said)
                if key == "content":
                    yield TextGrew(said)
        self._thought = self._thought or next(filter(None, (as_text(delta.get(key)) for key in _THOUGHTS)), "")[:100]
        for part in as_list(delta.get("tool_calls")):
            yield from self._add_call(as_object(part))
        if isinstance(delta.get("function_call"), dict):
            yield from self._add_call({"function": delta["function_call"]})

    def whole(self) -> dict[str, Any]:
        """Return it as far as it has come."""
        texts = {key: parts.getvalue() for key, parts in self._texts.items()}
        calls = [{"id": call.id, "function": {"name": call.name, "arguments": call.arguments}} for call in self._calls]
        return {**texts, "reasoning_content": self._thought, "tool_calls": calls}

    def _add_call(self, part: dict[str, Any]) -> Iterator[Piece]:
        function = as_object(part.get("function"))
        index, id_, name = part.get("index"), as_text(part.get("id")), as_text(function.get("name"))
        given, is_whole = _arguments(function.get("arguments"))
        self.size += len(name) + len(given)
        calls = self._calls
        place = next((at for at in reversed(range(len(calls))) if calls[at].takes(index, id_, name, given)), None)
        if place is None:
            if len(calls) >= _MOST_CALLS:
                return
            place = len(calls)
            calls.append(_Call(index, id_, name))
            if place:
                yield from calls[place - 1].news(place - 1, over=True)
            name = ""
        calls[place].add(id_, name, given, is_whole=is_whole)
        yield from calls[place].news(place, over=False)


@dataclass(slots=True)
class _Call:
    """A call of which parts are still to come.

    Attributes:
        told: Whether its name has been told of.
        untold: Its arguments that have not been.
    """

    index: object
    id: str
    name: str
    parts: StringIO = field(default_factory=StringIO)
    whole: str = ""
    told: bool = False
    untold: str = ""

    @property
    def arguments(self) -> str:
        """Their JSON text, as far as it has come."""
        return self.whole or self.parts.getvalue()

    @property
    def _has_begun(self) -> bool:
        """Whether any of its arguments has come."""
        return bool(self.whole) or self.parts.tell() > 0

    def takes(self, index: object, id_: str, name: str, given: str) -> bool:
        """Whether a part belongs to it: not by its index alone, since some endpoints say 0 for all of them."""
        here = index is None or self.index is None or index == self.index
        if id_ and self.id:  # some endpoints make a new id for each part; a call of its own has a name
            return id_ == self.id or (here and not name and bool(given) and bool(self.name))
        if name and self.name:  # some repeat it with each part
            return here and name == self.name and self._is_open()
        return here

    def add(self, id_: str, name: str, given: str, *, is_whole: bool) -> None:
        """Take a part. A name may come in several, too, as long as there are no arguments; some repeat it whole."""
        self.id = self.id or id_
        if not self.name or (name != self.name and not self.told and not self._has_begun):
            self.name += name
        if is_whole:
            self.whole = given
        else:
            self.parts.write(given)
            self.untold += given

    def news(self, place: int, *, over: bool) -> Iterator[Piece]:
        """Yield what has not been told of it; its name once that can grow no more."""
        if not self.name or not (self._has_begun or over):
            return
        if not self.told:
            self.told = True
            yield CallBegun(place, self.name)
            if self.whole:
                yield ArgumentsGrew(place, self.whole)
        if self.untold and not self.whole:
            yield ArgumentsGrew(place, self.untold)
            self.untold = ""

    def _is_open(self) -> bool:
        """Whether it has arguments that go on."""
        if self.whole or not self._has_begun:
            return False
        try:
            value_at(self.arguments.strip())
        except ValueError:
            return True
        return False


def _arguments(given: object) -> tuple[str, bool]:
    """Return the text of arguments, and whether it is all of them."""
    if given is None or isinstance(given, str):
        return given or "", False
    try:
        return json.dumps(given), True
    except RecursionError:
        return "[", True  # nested too deeply: not to be read


def _text(content: object) -> str:
    """Return a text, or that of a list of parts; some put what a model thought beside it."""
    if isinstance(content, str):
        return content
    parts = (as_object(part) for part in as_list(content))
    return "".join(part["text"] for part in parts if isinstance(part.get("text"), str) and part.get("type") == "text")
