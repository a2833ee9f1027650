"""Parts of a document that may be of any type."""

import pytest

from batonmcp.llm.reply.shapes import as_list, as_object, as_text, is_list, is_object

NEITHER: list[object] = [None, 7, True, "[]", 1.5]


@pytest.mark.parametrize("value", NEITHER)
def test_anything_else_is_empty(value: object) -> None:
    """What is neither an object nor a list is an empty one of either."""
    assert as_object(value) == {}
    assert as_list(value) == []
    assert not is_object(value)
    assert not is_list(value)


def test_each_is_itself() -> None:
    """Objects and lists are what they are; one object stands for a list of it, an empty one for none."""
    assert as_object({"a": 1}) == {"a": 1}
    assert as_list([1]) == [1]
    assert as_list({"a": 1}) == [{"a": 1}]
    assert as_list({}) == []
    assert is_object({})
    assert is_list([])


def test_text_has_no_space_around_it() -> None:
    """A text is taken without white space; anything else is an empty one."""
    assert as_text(" a b\n") == "a b"
    assert as_text(None) == as_text(["a"]) == ""
