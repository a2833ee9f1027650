"""Keys give what items are compared by."""

import pytest
from pydantic import JsonValue

from batonmcp.core.expression.budget import Budget, Limits
from batonmcp.core.expression.fault import Fault
from batonmcp.core.expression.frame import Frame
from batonmcp.core.expression.keys import key_by_evaluator, key_by_path, keys_of


def _frame(fuel: int = 100) -> Frame:
    return Frame(variables=[None], budget=Budget(Limits(fuel=fuel)))


def test_item_is_its_own_key() -> None:
    """Without a key, items are compared by themselves."""
    assert keys_of([3, 1], None) == [3, 1]


def test_evaluator_gives_the_key() -> None:
    """A term with one variable is run for each item, and pays for it."""
    frame = _frame()
    key = key_by_evaluator(0, lambda frame: [frame.variables[0]], steps=40)(frame)
    assert key is not None
    assert keys_of([1, 2], key) == [[1], [2]]
    with pytest.raises(Fault, match="steps"):
        key(3)


@pytest.mark.parametrize(("path", "keys"), [("a", [{"b": 1}, None]), ("a.b", [1, None])])
def test_path_selects_the_key(path: str, keys: JsonValue) -> None:
    """The name of a field or a dotted path selects from each item, from null null."""
    key = key_by_path(lambda _: path)(_frame())
    assert keys_of([{"a": {"b": 1}}, None], key) == keys


def test_null_is_no_key() -> None:
    """Null stands for the item itself."""
    assert key_by_path(lambda _: None)(_frame()) is None


@pytest.mark.parametrize(
    ("path", "item", "message"), [(3, 1, "got number 3"), ("b", {"a": 1}, "`item` has no key 'b'")]
)
def test_wrong_key_is_explained(path: JsonValue, item: JsonValue, message: str) -> None:
    """A key that is no name, or not there, is a fault."""
    with pytest.raises(Fault, match=message):
        keys_of([item], key_by_path(lambda _: path)(_frame()))
