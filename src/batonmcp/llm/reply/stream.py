"""A reply that came as a stream of events although none was asked for, put together again."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from batonmcp.llm.reply.shapes import as_list, as_object, as_text

__all__ = ["assembled"]

_MOST_CALLS = 256


def assembled(text: str) -> dict[str, Any] | None:
    """Return the completion that the events of a text make together, None if it is no stream of events."""
    if not text.lstrip().startswith(("data:", "event:", ":")):
        return None
    message, events = _Message(), list(_events(text))
    finish = usage = None
    for event in events:
        if event.get("error"):
            return {"error": event["error"]}
        usage = event.get("usage") or usage
        for choice in as_list(event.get("choices"))[:1]:
            entry = as_object(choice)
            finish = entry.get("finish_reason") or finish
            message.add(as_object(entry.get("delta")) or as_object(entry.get("message")))
    if not events:
        return None
    return {"choices": [{"message": message.whole(), "finish_reason": finish}], "usage": usage}


def _events(text: str) -> Iterator[dict[str, Any]]:
    for line in text.split("\n"):
        said = line.removeprefix("data:").strip()
        if line.startswith("data:") and said and said != "[DONE]":
            try:
                yield as_object(json.loads(said))
            except (ValueError, RecursionError):
                continue


@dataclass(slots=True)
class _Call:
    """A call of which parts are still to come."""

    index: object
    id: str
    name: str
    arguments: list[str] = field(default_factory=list[str])
    whole: object = None

    def takes(self, index: object, id_: str, name: str) -> bool:
        """Whether a part belongs to it: not by its index alone, since some endpoints say 0 for all of them."""
        if id_ and self.id:
            return id_ == self.id
        if name and self.name:
            return False
        return index is None or self.index is None or index == self.index


class _Message:
    """A message that grows."""

    def __init__(self) -> None:
        self._texts: dict[str, list[str]] = {"content": [], "refusal": [], "reasoning_content": []}
        self._calls: list[_Call] = []

    def add(self, delta: dict[str, Any]) -> None:
        for key, parts in self._texts.items():
            if isinstance(delta.get(key), str):
                parts.append(delta[key])
        for part in as_list(delta.get("tool_calls")):
            self._add_call(as_object(part))

    def whole(self) -> dict[str, Any]:
        texts = {key: "".join(parts) for key, parts in self._texts.items()}
        calls = [
            {"id": call.id, "function": {"name": call.name, "arguments": call.whole or "".join(call.arguments)}}
            for call in self._calls
        ]
        return {**texts, "tool_calls": calls}

    def _add_call(self, part: dict[str, Any]) -> None:
        function = as_object(part.get("function"))
        index, id_, name = part.get("index"), as_text(part.get("id")), as_text(function.get("name"))
        call = next((call for call in reversed(self._calls) if call.takes(index, id_, name)), None)
        if call is None:
            if len(self._calls) >= _MOST_CALLS:
                return
            call = _Call(index, id_, name)
            self._calls.append(call)
        call.id, call.name = call.id or id_, call.name or name
        given = function.get("arguments")
        if isinstance(given, str):
            call.arguments.append(given)
        elif given is not None:
            call.whole = given
