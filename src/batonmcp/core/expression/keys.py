"""The keys: what functions sort, group and tell apart the items of a list by."""

from collections.abc import Callable
from typing import Any

from pydantic import JsonValue

from batonmcp.core.expression.fault import Fault
from batonmcp.core.expression.frame import Evaluator, Frame, Key
from batonmcp.core.expression.selection import select_key
from batonmcp.core.expression.wording import describe

__all__ = ["KeyEvaluator", "key_by_evaluator", "key_by_path", "keys_of"]

_KEY_STEPS = 4

KeyEvaluator = Callable[[Frame], Key | None]


def keys_of(items: list[JsonValue], key: Key | None) -> list[Any]:
    """Return what each item is compared by.

    Args:
        items: The items.
        key: Gives the key of an item; without it each item is its own.
    """
    return items if key is None else [key(item) for item in items]


def key_by_evaluator(slot: int, body: Evaluator, steps: int) -> KeyEvaluator:
    """Give a key that a term with one variable computes, such as `lambda x: x.price`.

    Args:
        slot: The slot of the variable.
        body: The term.
        steps: What it costs.
    """

    def evaluate(frame: Frame) -> Key:
        def key(item: JsonValue) -> JsonValue:
            frame.budget.spend(_KEY_STEPS + steps)
            frame.variables[slot] = item
            return body(frame)

        return key

    return evaluate


def key_by_path(path: Evaluator) -> KeyEvaluator:
    """Give a key that the name of a field or a dotted path selects; null stands for the item itself.

    Args:
        path: Gives the path.
    """

    def evaluate(frame: Frame) -> Key | None:
        value = path(frame)
        if value is None:
            return None
        if not isinstance(value, str):
            raise Fault(
                message=f"`key` needs the name of a field, got {describe(value)}.",
                cure="Write key='field' or key=lambda x: x.field.",
            )
        names = value.split(".")

        def key(item: JsonValue) -> JsonValue:
            frame.budget.spend(_KEY_STEPS + len(names))
            for name in names:
                item = select_key(item, name, _item)
            return item

        return key

    return evaluate


def _item() -> str:
    return "item"
