"""A reply that comes as a stream of events, put together as it comes."""

import codecs
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from batonmcp.llm.port import ArgumentsGrew, CallBegun, Piece, TextGrew
from batonmcp.llm.reply.shapes import as_list, as_object, as_text

__all__ = ["Assembly", "Streaming", "assembled", "streaming"]

_MOST_CALLS = 256
_BEGINNINGS = ("data:", "event:", ":")
_LONGEST_BEGINNING = 64

Streaming: TypeAlias = Literal["whole", "broken", "none"]
"""What a body is: a stream that came to its end, one that did not, or no stream of events."""


def assembled(text: str) -> dict[str, Any] | None:
    """Return the completion that the events of a text make together, None if it is no stream of events."""
    return _read(text).document()


def streaming(body: bytes) -> Streaming:
    """Say what the body of an answer is of which a stream was asked."""
    assembly = _read(body.decode("utf-8", "replace"))
    if assembly.document() is None:
        return "none"
    return "whole" if assembly.is_whole else "broken"


def _read(text: str) -> "Assembly":
    assembly = Assembly()
    assembly.hear(text.encode("utf-8", "surrogatepass"))
    assembly.end()
    return assembly


class Assembly:
    """The completion that events make together, however their bytes are cut."""

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._rest = ""
        self._is_stream: bool | None = None
        self._events = 0
        self._message = _Message()
        self._finish: object = None
        self._usage: object = None
        self._error: object = None
        self._done = False

    @property
    def is_whole(self) -> bool:
        """Whether its end has come: it says why it ends, or that this is all, and no error came before."""
        return self._error is None and (self._done or bool(self._finish))

    def hear(self, data: bytes) -> list[Piece]:
        """Take more bytes; return what is new in them."""
        self._rest += self._decode(data)
        return self._lines(last=False)

    def end(self) -> list[Piece]:
        """Take note that nothing more comes; return what was still held back."""
        self._rest += self._decode(b"", final=True)
        return self._lines(last=True)

    def document(self) -> dict[str, Any] | None:
        """Return the completion as far as it has come, None if there are no events."""
        if not self._events:
            return None
        if self._error is not None:
            return {"error": self._error}
        choice = {"message": self._message.whole(), "finish_reason": self._finish}
        return {"choices": [choice], "usage": self._usage}

    def _lines(self, *, last: bool) -> list[Piece]:
        if self._is_stream is None:
            beginning = self._rest.lstrip()
            if not last and len(beginning) < _LONGEST_BEGINNING and "\n" not in beginning:
                return []
            self._is_stream = beginning.startswith(_BEGINNINGS)
        if not self._is_stream:
            self._rest = ""
            return []
        *lines, self._rest = self._rest.split("\n")
        if last:
            lines.append(self._rest)
        return [piece for line in lines for piece in self._line(line)]

    def _line(self, line: str) -> Iterator[Piece]:
        said = line.removeprefix("data:").strip()
        if not line.startswith("data:") or not said:
            return
        if said == "[DONE]":
            self._done = True
            return
        try:
            event = as_object(json.loads(said))
        except (ValueError, RecursionError):
            return
        self._events += 1
        if self._error is None:
            yield from self._event(event)

    def _event(self, event: dict[str, Any]) -> Iterator[Piece]:
        if event.get("error"):
            self._error = event["error"]
            return
        self._usage = event.get("usage") or self._usage
        for choice in as_list(event.get("choices"))[:1]:
            entry = as_object(choice)
            self._finish = entry.get("finish_reason") or self._finish
            yield from self._message.add(as_object(entry.get("delta")) or as_object(entry.get("message")))


@dataclass(slots=True)
class _Call:
    """A call of which parts are still to come.

    Attributes:
        told: How many parts of its arguments have been told of; None while not even its name has.
    """

    index: object
    id: str
    name: str
    arguments: list[str] = field(default_factory=list[str])
    whole: object = None
    told: int | None = None

    def takes(self, index: object, id_: str, name: str) -> bool:
        """Whether a part belongs to it: not by its index alone, since some endpoints say 0 for all of them."""
        if id_ and self.id:
            return id_ == self.id
        if name and self.name:
            return False
        return index is None or self.index is None or index == self.index

    def add(self, id_: str, name: str, given: object) -> None:
        """Take a part. A name may come in several, too, as long as there are no arguments; some repeat it whole."""
        self.id = self.id or id_
        if not self.name or (name != self.name and self.told is None and not self.arguments and self.whole is None):
            self.name += name
        if isinstance(given, str):
            self.arguments.append(given)
        elif given is not None:
            self.whole = given

    def news(self, place: int, *, over: bool) -> Iterator[Piece]:
        """Yield what has not been told of it; its name once that can grow no more."""
        begun = self.whole is not None or any(self.arguments)
        if not self.name or not (begun or over):
            return
        if self.told is None:
            self.told = 0
            yield CallBegun(place, self.name)
            if self.whole is not None:
                yield ArgumentsGrew(place, json.dumps(self.whole))
        if self.whole is None and (more := "".join(self.arguments[self.told :])):
            self.told = len(self.arguments)
            yield ArgumentsGrew(place, more)


class _Message:
    """A message that grows."""

    def __init__(self) -> None:
        self._texts: dict[str, list[str]] = {"content": [], "refusal": [], "reasoning_content": []}
        self._calls: list[_Call] = []

    def add(self, delta: dict[str, Any]) -> Iterator[Piece]:
        """Take a part of it; yield what is new."""
        for key, parts in self._texts.items():
            if isinstance(delta.get(key), str):
                parts.append(delta[key])
        if isinstance(said := delta.get("content"), str) and said:
            yield TextGrew(said)
        for part in as_list(delta.get("tool_calls")):
            yield from self._add_call(as_object(part))

    def whole(self) -> dict[str, Any]:
        """Return it as far as it has come."""
        texts = {key: "".join(parts) for key, parts in self._texts.items()}
        calls = [
            {"id": call.id, "function": {"name": call.name, "arguments": call.whole or "".join(call.arguments)}}
            for call in self._calls
        ]
        return {**texts, "tool_calls": calls}

    def _add_call(self, part: dict[str, Any]) -> Iterator[Piece]:
        function = as_object(part.get("function"))
        index, id_, name = part.get("index"), as_text(part.get("id")), as_text(function.get("name"))
        place = next((at for at in reversed(range(len(self._calls))) if self._calls[at].takes(index, id_, name)), None)
        if place is None:
            if len(self._calls) >= _MOST_CALLS:
                return
            place = len(self._calls)
            self._calls.append(_Call(index, id_, name))
            if place:
                yield from self._calls[place - 1].news(place - 1, over=True)
            name = ""
        self._calls[place].add(id_, name, function.get("arguments"))
        yield from self._calls[place].news(place, over=False)
