"""The frame of one evaluation, which every evaluator is given."""

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import JsonValue

from batonmcp.core.expression.budget import Budget

__all__ = ["Evaluator", "Frame", "Function", "Key"]


@dataclass(slots=True, kw_only=True)
class Frame:
    """One evaluation under way.

    Attributes:
        variables: The value of each variable, at the slot that `Scopes` gave it.
        budget: What the evaluation may still spend.
    """

    variables: list[JsonValue]
    budget: Budget


Evaluator = Callable[[Frame], JsonValue]
"""A part of an expression, ready to be run."""

Key = Callable[[JsonValue], JsonValue]
"""What `sorted` and its like compare an item by."""

Function = Callable[..., JsonValue]
"""A function or method of the language, which is given the budget and then its arguments."""
