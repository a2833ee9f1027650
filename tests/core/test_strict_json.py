"""JSON texts, read strictly."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from batonmcp.core.strict_json import read_json_text

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(JSON)
def test_json_is_read_as_it_was_written(value: JsonValue) -> None:
    """Every JSON value comes back as itself."""
    assert read_json_text(json.dumps(value)) == value


@pytest.mark.parametrize("text", ["", "{", "nul", "NaN", "[Infinity]", "-Infinity", "1e999", "[" * 100_000])
def test_what_is_no_json_is_refused(text: str) -> None:
    """What Python reads beyond JSON, and what it cannot read at all, is the same error."""
    with pytest.raises(ValueError, match=r".*"):
        read_json_text(text)


def test_numbers_keep_their_kind() -> None:
    """A whole number stays one, a fraction is a float."""
    assert [type(read_json_text(text)) for text in ("1", "1.0", "1e2")] == [int, float, float]
    assert math.isclose(float(str(read_json_text("0.1"))), 0.1)
