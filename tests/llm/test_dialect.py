"""The dialect of an endpoint."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batonmcp.llm.dialect import FORMS, Dialect

DIALECTS = st.builds(
    Dialect,
    form=st.sampled_from(FORMS),
    schemas=st.sampled_from(["full", "plain"]),
    dropped=st.frozensets(st.text(max_size=5)),
    renamed=st.booleans(),
    limit=st.none() | st.integers(1, 10**6),
    effort=st.none() | st.text(max_size=5),
    merged=st.booleans(),
)


def test_forms_get_simpler_to_the_end() -> None:
    """From tool calls to JSON in text, one after the other, and no further."""
    seen: list[str] = []
    dialect: Dialect | None = Dialect()
    while dialect:
        seen.append(dialect.form)
        dialect = dialect.simpler
    assert tuple(seen) == FORMS == ("tools", "json_schema", "json_object", "text")


def test_without_a_parameter() -> None:
    """Parameters are left out one by one."""
    assert Dialect().without("seed").without("stop").dropped == {"seed", "stop"}


@given(DIALECTS, DIALECTS)
def test_joined_knows_what_both_know(one: Dialect, other: Dialect) -> None:
    """Two dialects make one that asks no more than either; joined with itself it is the same."""
    both = one.joined(other)
    assert both.dropped == one.dropped | other.dropped
    assert FORMS.index(both.form) == max(FORMS.index(one.form), FORMS.index(other.form))
    assert both.joined(one) == both
    assert one.joined(one) == one


@given(DIALECTS)
def test_kept_and_read_again(dialect: Dialect) -> None:
    """What is kept as JSON comes back the same."""
    assert Dialect.of(json.loads(json.dumps(dialect.document()))) == dialect


@pytest.mark.parametrize(
    "document",
    [
        None,
        7,
        [],
        {"form": "dance", "schemas": 1, "dropped": "seed", "renamed": 1, "limit": -1, "effort": 7, "merged": "yes"},
        {"form": [], "limit": True, "dropped": [7, None]},
    ],
)
def test_nonsense_is_forgotten(document: object) -> None:
    """What makes no sense is as if nothing had been learned."""
    assert Dialect.of(document) == Dialect()
