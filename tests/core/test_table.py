"""Lists of like objects as tables."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from batonmcp.core.json_text import json_text
from batonmcp.core.table import tabled

SCALARS: st.SearchStrategy[JsonValue] = st.none() | st.booleans() | st.integers(-99, 99) | st.text("ab…", max_size=3)
KEYS = st.sampled_from(["columns", "rows", "name", "component", "since"])


def records(inner: st.SearchStrategy[JsonValue]) -> st.SearchStrategy[list[JsonValue]]:
    """Return lists of objects of which most have the same keys, in any order, with texts between them."""
    return st.sets(KEYS, max_size=4).flatmap(
        lambda keys: st.lists(
            st.permutations(sorted(keys)).flatmap(lambda order: st.fixed_dictionaries(dict.fromkeys(order, inner)))
            | st.text("…", max_size=1),
            max_size=5,
        )
    )


VALUES: st.SearchStrategy[JsonValue] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3) | records(inner),
    max_leaves=30,
)

ROWS: list[JsonValue] = [{"id": number, "title": "t", "tags": []} for number in range(3)]


def untabled(written: JsonValue, like: JsonValue) -> JsonValue:
    """Return what a table stands for, where there is a list of objects in the value that it was made of."""
    match written, like:
        case {"columns": list(columns), "rows": list(rows)}, list():
            return [
                {str(key): untabled(cell, whole[str(key)]) for key, cell in zip(columns, row, strict=True)}
                if isinstance(row, list) and isinstance(whole, dict)
                else row
                for row, whole in zip(rows, like, strict=True)
            ]
        case list(), list():
            return [untabled(member, whole) for member, whole in zip(written, like, strict=True)]
        case dict(), dict():
            return {key: untabled(member, like[key]) for key, member in written.items()}
        case _:
            return written


@given(VALUES)
def test_same_values_in_a_shorter_text(value: JsonValue) -> None:
    """Nothing is lost, nothing moves, and no text becomes longer; what is given stays as it is."""
    before = json.dumps(value)
    written = tabled(value)
    assert untabled(written, value) == value
    assert json.dumps(value) == before
    assert len(json_text(written)) < len(before) if written != value else json_text(written) == json_text(value)


def test_keys_stand_once() -> None:
    """Columns are in the order of the first object, cells in that of the columns."""
    rows: JsonValue = [{"id": 1, "title": "one"}, {"title": "two", "id": 2}, {"id": 3, "title": "three"}]
    assert tabled({"rows": rows}) == {
        "rows": {"columns": ["id", "title"], "rows": [[1, "one"], [2, "two"], [3, "three"]]}
    }


def test_tables_in_tables() -> None:
    """A cell is a table where it is such a list itself."""
    parts: JsonValue = [{"part": name, "price": 1} for name in "abcd"]
    orders: JsonValue = [{"order": 1, "parts": parts}, {"order": 2, "parts": []}, {"order": 3, "parts": parts}]
    table = {"columns": ["part", "price"], "rows": [["a", 1], ["b", 1], ["c", 1], ["d", 1]]}
    assert tabled(orders) == {"columns": ["order", "parts"], "rows": [[1, table], [2, []], [3, table]]}


def test_a_count_of_what_was_cut_stays_in_its_place() -> None:
    """It is no row."""
    mark = "… 4 more items (of 7)"
    assert tabled([*ROWS, mark, *ROWS]) == {
        "columns": ["id", "title", "tags"],
        "rows": [[0, "t", []], [1, "t", []], [2, "t", []], mark, [0, "t", []], [1, "t", []], [2, "t", []]],
    }


@pytest.mark.parametrize(
    "value",
    [
        [],
        [{"some": 1, "key": 2}],
        [{"a": 1}, {"a": 2}],
        [{}, {}, {}, {}],
        [*ROWS, {"id": 9, "title": "without tags"}],
        [*ROWS, 5],
        [*ROWS, None],
        [[1, 2], [3, 4]],
        ["one", "two"],
        "text",
    ],
    ids=json.dumps,
)
def test_what_is_no_table_stays(value: JsonValue) -> None:
    """Objects with other keys, other values among them, or so little that a table would be no shorter."""
    assert tabled(value) == value
