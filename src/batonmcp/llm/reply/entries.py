"""The steps that a router's reply asks for, each as soon as it is whole.

The reply as it is read at its end is the only authority. This gives a beginning of the same steps in the same order,
or less: whatever is not plainly so is left to the end. Only a model that takes back what it has written makes it wrong:
with a plan after calls, calls after a plan in words, or a reply that breaks off.
"""

from collections.abc import Iterator
from typing import Any

from pydantic import JsonValue

from batonmcp.llm.port import ArgumentsGrew, CallBegun, Piece, StreamLost, TextGrew
from batonmcp.llm.reply.growing import GrowingList, GrowingObject
from batonmcp.llm.reply.shapes import is_object
from batonmcp.llm.reply.values import value_at, whole_characters
from batonmcp.llm.reply.written import Offered, bare_name
from batonmcp.llm.reply.written_steps import WrittenSteps, step_of

__all__ = ["Entries"]


class Entries:
    """Reads the steps of one reply while it comes.

    Args:
        offered: What the model may call; the call that holds a whole plan is told by its name.
    """

    def __init__(self, offered: Offered) -> None:
        self._offered = offered
        self._calls: dict[int, _Call] = {}
        self._plan: GrowingList | None = None
        self._plan_at: int | None = None
        self._text = WrittenSteps(offered)
        self._given = 0
        self._off = False

    def hear(self, piece: Piece) -> list[dict[str, JsonValue]]:
        """Take a piece; return the steps that it makes whole.

        A model that goes on from calls to a plan takes the calls back, and one that calls takes back what it has
        written: nothing more is read of such a reply. What it writes beside calls is no plan.
        """
        match piece:
            case CallBegun(index=index, name=name):
                self._begin(index, bare_name(name, self._offered))
            case ArgumentsGrew(index=index, text=text):
                self._grow(index, text)
            case StreamLost():
                self._off = True
            case TextGrew(text=text):
                return self._written(text)
        steps: list[dict[str, JsonValue]] = []
        while not self._off and (step := self._next()) is not None:
            self._given += 1
            steps.append(step)
        return steps

    def _written(self, text: str) -> list[dict[str, JsonValue]]:
        return [] if self._off or self._calls or self._plan else self._text.add(text)

    def _begin(self, index: int, name: str) -> None:
        self._off = self._off or bool(self._text.given)
        if name != self._offered.plan:
            self._calls[index] = _Call(name)
        elif self._plan is None:
            self._plan, self._plan_at = GrowingList("steps"), index
            self._off = self._off or self._given > 0

    def _grow(self, index: int, text: str) -> None:
        if self._plan is not None and index == self._plan_at:
            self._plan.add(text)
        elif index in self._calls:
            self._calls[index].arguments.add(text)

    def _next(self) -> dict[str, JsonValue] | None:
        """Return the step after those that were given, if it is whole."""
        if self._plan is not None:
            if len(self._plan.members) <= self._given:
                return None
            return self._read(self._plan.members[self._given])
        call = self._calls.get(self._given)
        if call is None or call.arguments.whole is None:
            return None
        arguments = self._read(call.arguments.whole)
        if arguments == {} and self._given + 1 not in self._calls:
            return None  # some streams begin with an empty object, and go on with the one that counts
        return None if arguments is None else step_of(self._given + 1, call.name, arguments)

    def _read(self, text: str) -> dict[str, JsonValue] | None:
        """Read an object; one that is none ends the reading."""
        found = next(_objects(text), None)
        self._off = self._off or found is None
        return found


class _Call:
    """A call that is no plan."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.arguments = GrowingObject()


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """Yield the object that a text is, read as in a whole reply."""
    try:
        value, _ = value_at(text.strip())
        value = whole_characters(value)
    except ValueError:
        return
    if is_object(value):
        yield value
