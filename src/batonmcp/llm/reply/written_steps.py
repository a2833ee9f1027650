"""The steps that a model writes into its text, each as soon as it is whole.

Each time an object closes that may be a step, the text so far is ended there and read as a whole reply is. So what is
given is what the reply would hold if it came to its end now; what may still become something else is left to the end.
"""

import re

from pydantic import JsonValue

from batonmcp.llm.port import FunctionCall
from batonmcp.llm.reply.growing import GrowingValues
from batonmcp.llm.reply.markup import has_markup
from batonmcp.llm.reply.shapes import is_list, is_object
from batonmcp.llm.reply.thinking import without_thinking
from batonmcp.llm.reply.values import first_value, whole_characters
from batonmcp.llm.reply.written import Offered, calls_in_text

__all__ = ["WrittenSteps", "step_of"]

_LONGEST = 65_536
"""Characters after which a text is left to the end."""

_MOST_READINGS = 64
_BRACKET = re.compile(r"[{\[]")
_FRAME = re.compile(r"(?:\s|```[\w-]*|<\|?(?:tool|function|python|plan|json|answer|output|response)[^<>\n]{0,40}>)*")
"""What may stand before a plan that is no word of the model's."""


def step_of(number: int, name: str, arguments: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Return the step that a call stands for: the one with this number, from 1, among those of a reply."""
    return {"id": f"s{number}", "tool": name, "arguments": arguments}


class WrittenSteps:
    """Reads the steps of one text while it grows.

    Words before the first value may be thoughts whose beginning a chat template has written: nothing is read then
    until the end of thoughts has come.

    Args:
        offered: What the model may call.

    Attributes:
        given: The steps so far.
        off: Whether the rest is left to the end.
    """

    def __init__(self, offered: Offered) -> None:
        self.given: list[dict[str, JsonValue]] = []
        self.off = False
        self._offered = offered
        self._text = ""
        self._values: GrowingValues | None = None
        self._begin = 0
        self._read = 0

    def add(self, more: str) -> list[dict[str, JsonValue]]:
        """Take more of the text; return the steps that it makes whole."""
        self.off = self.off or len(self._text) + len(more) > _LONGEST
        if self.off:
            return []
        self._text += more
        if self._values:
            self._values.add(more)
        elif _BRACKET.search(more):
            self._find()
        before = len(self.given)
        while not self.off and self._values and self._read < len(self._values.endings):
            place, closers = self._values.endings[self._read]
            self._read += 1
            self._take(self._text[: self._begin + place], closers)
            self.off = self.off or self._read == _MOST_READINGS
        return self.given[before:]

    def _find(self) -> None:
        """Find where the first value begins."""
        self._read = 0
        text = self._text.rstrip()
        said = without_thinking(text)
        place = first_value(said)
        if place is None or not text.endswith(said):
            return
        has_thought = len(said) < len(text.lstrip())
        if has_thought or _FRAME.fullmatch(said[:place]):
            self._begin = len(text) - len(said) + place
            self._values = GrowingValues("steps")
            self._values.add(self._text[self._begin :])

    def _take(self, text: str, closers: str) -> None:
        """Read a text that could end here, with these brackets, and take what is new in it."""
        said = str(whole_characters(without_thinking(text + closers)))
        if not said:
            self._values = None  # it was the tag with which thoughts begin
            return
        try:
            steps = None if "<|channel|>" in text or has_markup(said) else self._steps(said, ended=not closers)
        except ValueError:
            steps = None
        if steps is None or steps[: len(self.given)] != self.given:
            self.off = True
            return
        self.given += steps[len(self.given) :]

    def _steps(self, text: str, *, ended: bool) -> list[dict[str, JsonValue]] | None:
        """Return the steps of a text, calls in a list only once it has ended; None where one is no object."""
        calls = calls_in_text(text, self._offered).calls
        plan = next((call for call in calls if call.name == self._offered.plan), None)
        if plan is not None:
            return _objects(plan)
        return [step_of(number, call.name, call.arguments) for number, call in enumerate(calls, 1)] if ended else []


def _objects(plan: FunctionCall) -> list[dict[str, JsonValue]] | None:
    steps = plan.arguments.get("steps")
    if not is_list(steps):
        return []
    found = [step for step in steps if is_object(step)]
    return found if len(found) == len(steps) else None
