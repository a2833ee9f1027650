"""Qualified names: injective, stable, and fit for LLM endpoints."""

import re
from itertools import combinations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from batonmcp.core.names import MAX_NAME, qualified_name

ALLOWED = re.compile(r"[A-Za-z0-9_-]{1,64}")
HEAVY = st.text("_ab", max_size=6)
LONG = st.text("a_", min_size=55, max_size=70)
NAMES = st.one_of(HEAVY, LONG, st.text(max_size=12), st.text("aB9_-. /é", max_size=70))
PAIRS = st.tuples(NAMES, NAMES)


@settings(deadline=None)
@given(PAIRS, PAIRS)
@example(("a", "b__c"), ("a__b", "c"))
@example(("a", "_b"), ("a_", "b"))
@example(("a_", "_b"), ("a", "__b"))
@example(("", "a__b"), ("a", "b"))
@example(("x" * 70, "a"), ("x" * 70, "b"))
@example(("a.b", "c"), ("a_b", "c"))
def test_two_tools_never_share_a_name(one: tuple[str, str], other: tuple[str, str]) -> None:
    """Different pairs of server and tool have different names, however many underscores they hold."""
    assert (qualified_name(*one) == qualified_name(*other)) == (one == other)


def test_all_short_names_of_underscores_differ() -> None:
    """Every pair of up to four of `_` and `a` on each side has a name of its own."""
    texts = [
        format(bits, f"0{size}b").replace("0", "_").replace("1", "a") for size in range(1, 5) for bits in range(2**size)
    ]
    texts.append("")
    names = {(server, tool): qualified_name(server, tool) for server in texts for tool in texts}
    assert len(set(names.values())) == len(names)


@settings(deadline=None)
@given(NAMES, NAMES)
def test_a_name_has_the_characters_and_length_that_endpoints_take(server: str, tool: str) -> None:
    """Letters, digits, underscore and dash; 1 to 64 of them."""
    assert ALLOWED.fullmatch(qualified_name(server, tool))


@settings(deadline=None)
@given(st.lists(PAIRS, max_size=8))
def test_a_name_depends_on_its_own_pair_only(pairs: list[tuple[str, str]]) -> None:
    """Whichever tools were named before it, in whatever order: servers come and go without renaming others' tools."""
    assert [qualified_name(*pair) for pair in pairs] == [qualified_name(*pair) for pair in reversed(pairs)][::-1]


@pytest.mark.parametrize(
    ("server", "tool", "name"),
    [
        ("a", "b", "a__b"),
        ("time", "get-current_time", "time__get-current_time"),
        ("a", "b__c", "a__b__c"),
        ("a", "_b", "a___b"),
        ("a" * 31, "b" * 31, f"{'a' * 31}__{'b' * 31}"),
    ],
)
def test_an_ordinary_pair_has_the_plain_name(server: str, tool: str, name: str) -> None:
    """Where it has one reading, the name is `server__tool`, up to 64 characters."""
    assert qualified_name(server, tool) == name
    assert len(name) <= MAX_NAME


@pytest.mark.parametrize(
    ("server", "tool", "name"),
    [
        ("a__b", "c", "a_b_c_bf3c0c39c6e3"),
        ("my server", "get.it", "my_server_get_it_08353a2090c2"),
        ("a" * 31, "b" * 32, ""),
        ("日本", "語", ""),
    ],
)
def test_any_other_pair_has_a_stable_alias(server: str, tool: str, name: str) -> None:
    """The alias is readable, holds no `__`, and stays the same in every release: approvals are bound to it."""
    alias = qualified_name(server, tool)
    assert "__" not in alias
    assert re.search(r"_[0-9a-f]{12}$", alias)
    if name:
        assert alias == name


@settings(deadline=None)
@given(PAIRS, PAIRS)
def test_an_alias_is_never_a_plain_name(one: tuple[str, str], other: tuple[str, str]) -> None:
    """Plain names hold `__` and aliases do not, so that no server can take another's alias."""
    for (server, tool), name in [(pair, qualified_name(*pair)) for pair in (one, other)]:
        assert ("__" in name) == (name == f"{server}__{tool}")


def test_half_a_surrogate_pair_has_a_name() -> None:
    """Text that is no UTF-8, as JSON can carry it, does not break the registry."""
    names = [qualified_name(*pair) for pair in [("a", "\ud800"), ("a", "\ud801"), ("\ud800", "a")]]
    assert all(ALLOWED.fullmatch(name) for name in names)
    assert all(one != other for one, other in combinations(names, 2))
