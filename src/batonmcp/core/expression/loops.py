"""The loops: the `for` and `if` parts of comprehensions, and what they fill."""

from collections.abc import Callable, Iterator, Sequence

from pydantic import JsonValue

from batonmcp.core.expression.fault import Fault
from batonmcp.core.expression.frame import Evaluator, Frame
from batonmcp.core.expression.selection import key_text, select_items
from batonmcp.core.expression.wording import describe

__all__ = ["Bind", "Loop", "bind_each", "bind_slot", "list_comprehension", "loop", "object_comprehension"]

Bind = Callable[[Frame, JsonValue], None]
"""Gives the variables of a loop their values."""

Loop = Callable[[Frame], Iterator[None]]
"""Yields once for each round, with the variables bound."""


def bind_slot(slot: int) -> Bind:
    """Bind one variable to the whole value."""

    def bind(frame: Frame, value: JsonValue) -> None:
        frame.variables[slot] = value

    return bind


def bind_each(targets: Sequence[Bind]) -> Bind:
    """Bind several targets to the items of the value, which has as many."""

    def bind(frame: Frame, value: JsonValue) -> None:
        items = select_items(value, frame.budget, "for")
        if len(items) != len(targets):
            raise Fault(
                message=f"`for` unpacks {len(targets)} variables, got {describe(value)}.",
                cure="Use one variable and index it; loop over x.items() for the keys and values of an object.",
            )
        for target, item in zip(targets, items, strict=True):
            target(frame, item)

    return bind


def loop(items: Evaluator, bind: Bind, condition: Evaluator, inner: Loop | None, steps: int) -> Loop:
    """Run through the items, and for each that meets the condition through the inner loop.

    Args:
        items: Gives what to loop over.
        bind: Binds the variables to an item.
        condition: Decides whether the item counts.
        inner: The next `for` of the same comprehension.
        steps: What one round costs without its inner loop.
    """

    def run(frame: Frame) -> Iterator[None]:
        values = select_items(items(frame), frame.budget, "for")
        frame.budget.spend(len(values) * steps)
        for value in values:
            bind(frame, value)
            if condition(frame):
                if inner is None:
                    yield
                else:
                    yield from inner(frame)

    return run


def list_comprehension(rounds: Loop, item: Evaluator) -> Evaluator:
    """Give a list with an item for each round."""

    def evaluate(frame: Frame) -> JsonValue:
        items = [item(frame) for _ in rounds(frame)]
        frame.budget.spend_items(len(items))
        return items

    return evaluate


def object_comprehension(rounds: Loop, key: Evaluator, value: Evaluator) -> Evaluator:
    """Give an object with an entry for each round."""

    def evaluate(frame: Frame) -> JsonValue:
        entries = {key_text(key(frame), frame.budget): value(frame) for _ in rounds(frame)}
        frame.budget.spend_items(len(entries))
        return entries

    return evaluate
