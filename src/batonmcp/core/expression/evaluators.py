"""The evaluators: each kind of term as a function that runs the evaluators of its parts.

The compiler puts them together once for an expression. Nothing here knows Python's syntax trees.
"""

from collections.abc import Callable, Mapping, Sequence

from pydantic import JsonValue

from batonmcp.core.expression.budget import Budget
from batonmcp.core.expression.fault import Fault
from batonmcp.core.expression.frame import Evaluator, Frame, Function
from batonmcp.core.expression.operators import Operator, Sign
from batonmcp.core.expression.selection import Place, key_text, select_index, select_key, select_slice
from batonmcp.core.expression.text import format_text
from batonmcp.core.expression.wording import describe

__all__ = [
    "Argument",
    "TextEvaluator",
    "Write",
    "arithmetic",
    "attribute",
    "call",
    "comparison",
    "conditional",
    "conjunction",
    "constant",
    "disjunction",
    "formatted",
    "index",
    "is_kind",
    "joined",
    "list_display",
    "negation",
    "object_display",
    "sign",
    "slicing",
    "variable",
    "written",
]

_MERGED_PER_STEP = 2

Argument = Callable[[Frame], object]
TextEvaluator = Callable[[Frame], str]
Write = Callable[[JsonValue, Budget], str]


def constant(value: JsonValue) -> Evaluator:
    """Give the value itself."""
    return lambda _: value


def variable(slot: int) -> Evaluator:
    """Give what the variable at a slot holds."""
    return lambda frame: frame.variables[slot]


def attribute(base: Evaluator, key: str, place: Place) -> Evaluator:
    """Give what `base.key` holds."""
    return lambda frame: select_key(base(frame), key, place)


def index(base: Evaluator, key: Evaluator, place: Place) -> Evaluator:
    """Give what `base[key]` holds."""
    return lambda frame: select_index(base(frame), key(frame), place, frame.budget)


def slicing(base: Evaluator, bounds: Sequence[Evaluator], place: Place) -> Evaluator:
    """Give `base[start:stop:step]`; all three bounds are given."""
    start, stop, step = bounds

    def evaluate(frame: Frame) -> JsonValue:
        value = base(frame)
        return select_slice(value, slice(start(frame), stop(frame), step(frame)), place, frame.budget)

    return evaluate


def negation(value: Evaluator) -> Evaluator:
    """Give `not value`."""
    return lambda frame: not value(frame)


def sign(apply: Sign, value: Evaluator) -> Evaluator:
    """Give `-value` or `+value`."""
    return lambda frame: apply(value(frame))


def arithmetic(apply: Operator, left: Evaluator, right: Evaluator) -> Evaluator:
    """Give what an operator makes of two values."""
    return lambda frame: apply(left(frame), right(frame), frame.budget)


def comparison(first: Evaluator, rest: Sequence[tuple[Operator, Evaluator]]) -> Evaluator:
    """Give whether a chain of comparisons holds; it ends at the first that does not."""
    if len(rest) == 1:
        [(only, second)] = rest
        return lambda frame: only(first(frame), second(frame), frame.budget)

    def evaluate(frame: Frame) -> JsonValue:
        left = first(frame)
        for compare, term in rest:
            right = term(frame)
            if not compare(left, right, frame.budget):
                return False
            left = right
        return True

    return evaluate


def conjunction(terms: Sequence[Evaluator]) -> Evaluator:
    """Give the first of the terms that is false, else the last."""
    *others, last = terms

    def evaluate(frame: Frame) -> JsonValue:
        for term in others:
            if not (value := term(frame)):
                return value
        return last(frame)

    return evaluate


def disjunction(terms: Sequence[Evaluator]) -> Evaluator:
    """Give the first of the terms that is true, else the last."""
    *others, last = terms

    def evaluate(frame: Frame) -> JsonValue:
        for term in others:
            if value := term(frame):
                return value
        return last(frame)

    return evaluate


def conditional(test: Evaluator, then: Evaluator, otherwise: Evaluator) -> Evaluator:
    """Give `then if test else otherwise`."""
    return lambda frame: then(frame) if test(frame) else otherwise(frame)


def is_kind(value: Evaluator, types: tuple[type, ...]) -> Evaluator:
    """Give whether the value is of one of the types."""
    return lambda frame: isinstance(value(frame), types)


def list_display(items: Sequence[Evaluator]) -> Evaluator:
    """Give a list of the items."""
    return lambda frame: [item(frame) for item in items]


def object_display(entries: Sequence[tuple[Evaluator | None, Evaluator]]) -> Evaluator:
    """Give an object of the entries; one without a key is an object whose entries are taken over."""

    def evaluate(frame: Frame) -> JsonValue:
        result: dict[str, JsonValue] = {}
        for key, value in entries:
            if key is None:
                _merge(result, value(frame), frame.budget)
            else:
                result[key_text(key(frame), frame.budget)] = value(frame)
        return result

    return evaluate


def written(value: Evaluator, write: Write) -> TextEvaluator:
    """Give the text that `{value}` stands for in an f-string."""
    return lambda frame: write(value(frame), frame.budget)


def formatted(value: Evaluator, spec: TextEvaluator) -> TextEvaluator:
    """Give the text that `{value:spec}` stands for in an f-string."""
    return lambda frame: format_text(value(frame), spec(frame), frame.budget)


def joined(parts: Sequence[TextEvaluator]) -> TextEvaluator:
    """Give the parts of an f-string as one text."""

    def evaluate(frame: Frame) -> str:
        texts = [part(frame) for part in parts]
        frame.budget.spend_text(sum(map(len, texts)))
        return "".join(texts)

    return evaluate


def call(function: Function, positional: Sequence[Argument], named: Mapping[str, Argument]) -> Evaluator:
    """Give what a function makes of its arguments."""
    if not named:
        return lambda frame: function(frame.budget, *[argument(frame) for argument in positional])
    return lambda frame: function(
        frame.budget,
        *[argument(frame) for argument in positional],
        **{name: argument(frame) for name, argument in named.items()},
    )


def _merge(result: dict[str, JsonValue], value: JsonValue, budget: Budget) -> None:
    if isinstance(value, dict):
        budget.spend_items(len(result) + len(value))
        budget.spend(len(value) // _MERGED_PER_STEP)
        result.update(value)
    elif value is not None:
        raise Fault(message=f"`**` needs an object, got {describe(value)}.")
