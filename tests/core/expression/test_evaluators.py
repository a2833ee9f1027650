"""Each kind of term does what Python's does."""

from collections.abc import Callable, Sequence

import pytest
from pydantic import JsonValue

from batonmcp.core.expression import evaluators
from batonmcp.core.expression.budget import DEFAULT_LIMITS, Budget
from batonmcp.core.expression.frame import Evaluator, Frame
from batonmcp.core.expression.operators import COMPARISONS

Value = Callable[..., JsonValue]


@pytest.fixture
def frame() -> Frame:
    """Return a frame with one variable, 5."""
    return Frame(variables=[5], budget=Budget(DEFAULT_LIMITS))


def _watched(value: JsonValue, seen: list[JsonValue]) -> Evaluator:
    """Return an evaluator that notes when it is run."""

    def evaluate(_: Frame) -> JsonValue:
        seen.append(value)
        return value

    return evaluate


def test_leaves_give_values(frame: Frame) -> None:
    """A constant gives itself, a variable what its slot holds."""
    assert (evaluators.constant("a")(frame), evaluators.variable(0)(frame)) == ("a", 5)


@pytest.mark.parametrize(
    ("combine", "values", "result", "run"),
    [
        (evaluators.conjunction, [1, 0, 2], 0, [1, 0]),
        (evaluators.conjunction, [1, 2], 2, [1, 2]),
        (evaluators.disjunction, [0, 3, 2], 3, [0, 3]),
        (evaluators.disjunction, [0, ""], "", [0, ""]),
    ],
)
def test_logic_stops_early(
    frame: Frame,
    combine: Callable[[Sequence[Evaluator]], Evaluator],
    values: list[JsonValue],
    result: JsonValue,
    run: list[JsonValue],
) -> None:
    """`and` and `or` give the deciding value and leave out the rest."""
    seen: list[JsonValue] = []
    assert combine([_watched(value, seen) for value in values])(frame) == result
    assert seen == run


def test_chain_ends_at_the_first_that_fails(frame: Frame) -> None:
    """A chain of comparisons runs each term once, and none after the first failure."""
    seen: list[JsonValue] = []
    less = COMPARISONS["<"]
    chain = evaluators.comparison(_watched(1, seen), [(less, _watched(0, seen)), (less, _watched(9, seen))])
    assert chain(frame) is False
    assert seen == [1, 0]


def test_condition_runs_one_branch(frame: Frame) -> None:
    """Only the branch that is taken is run."""
    seen: list[JsonValue] = []
    term = evaluators.conditional(evaluators.variable(0), _watched("a", seen), _watched("b", seen))
    assert term(frame) == "a"
    assert seen == ["a"]


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("a.b", 1),
        ("a['b']", 1),
        ("a.c[0]", 1),
        ("a.c[-1]", 3),
        ("a.c[1:]", [2, 3]),
        ("a.c[::2]", [1, 3]),
        ("not a.b", False),
        ("-a.b", -1),
        ("a.b + 1", 2),
        ("1 < 2 < 3", True),
        ("1 < 2 > 3", False),
        ("isinstance(a, dict)", True),
        ("[a.b, 2]", [1, 2]),
        ("(a.b, 2)", [1, 2]),
        ("{'x': a.b, 1: 2, null: 3}", {"x": 1, "1": 2, "null": 3}),
        ("{**a, 'b': 2}", {"b": 2, "c": [1, 2, 3]}),
        ("{**null}", {}),
        ("f'{a.b}-{a.c}'", "1-[1, 2, 3]"),
        ("f'{a.b:>{a.c[2]}}|'", "  1|"),
        ("f'{\"x\"!r:>5}'", "  'x'"),
        ("f'{a.b!s}{\"é\"!a}'", "1'\\xe9'"),
        ("f''", ""),
        ("max(1, 2)", 2),
        ("max([1, 2], default=3)", 2),
    ],
)
def test_term_has_its_value(value: Value, source: str, result: JsonValue) -> None:
    """Each kind of term, alone."""
    assert value(source, a={"b": 1, "c": [1, 2, 3]}) == result


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{**a}", "`**` needs an object, got number 1."),
        ("{[]: 1}", "the key of an object is text"),
        ("f'{b}{b}'", "a text of 1200000 characters is too long"),
    ],
)
def test_display_has_its_faults(failure: Callable[..., str], source: str, message: str) -> None:
    """What an object or an f-string cannot take in is explained."""
    assert message in failure(source, a=1, b="x" * 600_000)
