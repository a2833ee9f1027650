"""A reply that comes as a stream of events, put together as it comes."""

import codecs
import json
from collections.abc import Iterator
from typing import Any, Final, Literal, TypeAlias

from batonmcp.llm.port import Piece
from batonmcp.llm.reply.delta import Message
from batonmcp.llm.reply.shapes import as_list, as_object

__all__ = ["LARGEST_REPLY", "LARGEST_STREAM", "Assembly", "Streaming", "assembled"]

LARGEST_REPLY: Final = 4_000_000
"""Characters of a reply that are held at most; of a body that is no stream, as many bytes."""

LARGEST_STREAM: Final = 64_000_000
"""Bytes of the events that a reply may come in, of which only the reply is held. A token takes 230 to 400 of them."""

_BEGINNINGS = ("data:", "event:", "error:", "id:", "retry:", ":")
_LONGEST_BEGINNING = 64

Streaming: TypeAlias = Literal["whole", "broken", "none"]
"""What a body is: a stream that came to its end, one that did not, or no stream of events."""


def assembled(text: str) -> dict[str, Any] | None:
    """Return the completion that the events of a text make together, None if it is no stream of events."""
    assembly = Assembly()
    assembly.hear(text.encode("utf-8", "surrogatepass"))
    assembly.end()
    return assembly.document()


class Assembly:
    """The completion that events make together, however their bytes are cut.

    Attributes:
        is_endless: Whether more has come than any reply is long; nothing more is taken then.
    """

    def __init__(self) -> None:
        self.is_endless = False
        self._decode = codecs.getincrementaldecoder("utf-8-sig")("replace").decode
        self._bytes = 0
        self._rest: list[str] = []
        self._rest_size = 0
        self._is_stream: bool | None = None
        self._events = 0
        self._message = Message()
        self._finish: object = None
        self._usage: object = None
        self._error: object = None
        self._is_error = False
        self._done = False

    @property
    def is_stream(self) -> bool:
        """Whether it begins as a stream of events does."""
        return self._is_stream is True

    @property
    def streaming(self) -> Streaming:
        """What it is; whole if it says why it ends, or that this is all, and no error came before."""
        if not self._events:
            return "none"
        return "whole" if self._error is None and (self._done or self._finish) else "broken"

    def hear(self, data: bytes) -> list[Piece]:
        """Take more bytes; return what is new in them."""
        self._bytes += len(data)
        return self._take(self._decode(data), last=False)

    def end(self) -> list[Piece]:
        """Take note that nothing more comes; return what was still held back."""
        return self._take(self._decode(b"", final=True), last=True)

    def document(self) -> dict[str, Any] | None:
        """Return the completion as far as it has come, None if there are no events."""
        if not self._events:
            return None
        if self._error is not None:
            return {"error": self._error, **({"usage": self._usage} if self._usage else {})}
        choice = {"message": self._message.whole(), "finish_reason": self._finish}
        return {"choices": [choice], "usage": self._usage}

    def _take(self, text: str, *, last: bool) -> list[Piece]:
        if self.is_endless or self._is_stream is False:
            return []
        self._rest.append(text)
        self._rest_size += len(text)
        pieces = self._lines(last=last) if "\n" in text or last or self._is_stream is None else []
        size = self._rest_size + self._message.size
        self.is_endless = self.is_stream and (self._bytes > LARGEST_STREAM or size > LARGEST_REPLY)
        return pieces

    def _lines(self, *, last: bool) -> list[Piece]:
        rest = "".join(self._rest)
        if self._is_stream is None:
            beginning = rest.lstrip()
            if not last and len(beginning) < _LONGEST_BEGINNING and "\n" not in beginning:
                self._rest, self._rest_size = [beginning], len(beginning)
                return []
            self._is_stream = beginning.startswith(_BEGINNINGS)
        *lines, rest = rest.split("\n") if self._is_stream else [""]
        if last:
            lines.append(rest)
            rest = ""
        self._rest, self._rest_size = [rest], len(rest)
        return [piece for line in lines for piece in self._line(line)]

    def _line(self, line: str) -> Iterator[Piece]:
        kind, _, said = line.strip().partition(":")
        said = said.strip()
        if kind == "event" or not line.strip():
            self._is_error = said == "error"
        if kind not in {"data", "error"} or not said:
            return
        if said == "[DONE]":
            self._done = True
            return
        try:
            event = json.loads(said)
        except (ValueError, RecursionError):
            event = said if kind == "error" else None
        if event is None:
            return
        self._events += 1
        if self._error is None:
            yield from self._event(as_object(event), error=_error_in(event, said=kind == "error" or self._is_error))

    def _event(self, event: dict[str, Any], *, error: object) -> Iterator[Piece]:
        self._usage = _usage_in(event) or self._usage
        if error:
            self._error = error
            return
        for choice in as_list(event.get("choices"))[:1]:
            entry = as_object(choice)
            self._finish = _finish_in(entry) or self._finish
            yield from self._message.add(as_object(entry.get("delta")) or as_object(entry.get("message")))


def _error_in(event: object, *, said: bool) -> object:
    """Return the error that an event is, None if it is none. `said`: whether it comes as one."""
    details = as_object(event)
    if details.get("error"):
        return details["error"]
    return event if said or details.get("object") == "error" else None


def _usage_in(event: dict[str, Any]) -> object:
    """Return what was counted: some endpoints put it into the choice, or under a name of their own."""
    choice = as_object(next(iter(as_list(event.get("choices"))), None))
    return event.get("usage") or choice.get("usage") or as_object(event.get("x_groq")).get("usage")


def _finish_in(choice: dict[str, Any]) -> object:
    finish = choice.get("finish_reason")
    return None if finish == "null" else finish
