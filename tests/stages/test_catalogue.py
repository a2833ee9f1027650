"""The catalogue: which tools a model is shown, and what is told of the others."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batonmcp.core.limits import Limits
from batonmcp.core.registry import Registry
from batonmcp.core.tokens import estimated_tokens, tokens_by_piece
from batonmcp.stages.catalogue import catalogue
from builders import registry, tool

ROOM = Limits().catalogue_tokens


def many(count: int, *, servers: int = 4, words: str = "Does something.") -> Registry:
    """Return a registry of so many tools."""
    return registry(*(tool(f"s{n % servers}__t{n:05}", description=words) for n in range(count)))


def test_long_enumerations_give_way_before_tools_do() -> None:
    """What is left out first, if not all fits, are the options of long ones."""
    long = {"properties": {"p": {"enum": [f"option{n:03}" for n in range(100)]}}}
    known = registry(*(tool(f"a__t{n:03}", input_schema=long) for n in range(200)))
    assert "option099" in catalogue(known, "q", 1_000_000)[0]
    text, left_out = catalogue(known, "q", ROOM)
    assert "option099" not in text
    assert (len(text.splitlines()), left_out) == (200, {})


def test_room_that_the_query_leaves_is_filled_with_some_of_every_server() -> None:
    """What matches comes first, then each server has its turn; as much is shown as fits, the same every time."""
    known = many(2_000, servers=20)
    text, left_out = catalogue(known, "xylophone t01999", 3_000)
    assert (text, left_out) == catalogue(known, "xylophone t01999", 3_000)
    assert "s19__t01999(" in text
    lines, _, rest = text.partition("\n\n")
    shown = {server: sum(line.startswith(f"{server}__") for line in lines.splitlines()) for server in left_out}
    assert len(shown) == 20
    assert max(shown.values()) - min(shown.values()) <= 1
    assert sum(shown.values()) + sum(left_out.values()) == 2_000
    assert [line.partition(":")[0] for line in rest.splitlines()[1:]] == [f"- {server}" for server in left_out]
    assert 2_700 < tokens_by_piece(text) <= 3_000


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("Use s1__t00777, please.", "s1__t00777"),
        ("call T00778", "s2__t00778"),
        ("what does s3 offer", "s3__t00003"),
    ],
)
def test_what_the_query_names_stays(query: str, kept: str) -> None:
    """An exact name of a tool or a server is never outranked."""
    text, _ = catalogue(many(2_000), query, 1_500)
    assert f"{kept}(" in text


def test_what_is_near_is_shown_beside_what_shares_words() -> None:
    """The ranking by vectors brings what no word finds; what the query names stays before both."""
    known = many(2_000, words="Finds documents.")
    near = ["s3__t01999", "s2__t01998"]
    assert "t01999(" not in catalogue(known, "find documents", 1_000)[0]
    text, left_out = catalogue(known, "find documents", 1_000, near)
    assert "s3__t01999(" in text
    assert "s0__t00000(" in text
    assert left_out != {}
    assert "s1__t00777(" in catalogue(known, "s1__t00777", 1_000, near)[0]


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=60), st.integers(1_000, 6_000), st.integers(130, 700))
def test_any_query_keeps_to_the_budget(query: str, room: int, count: int) -> None:
    """Shown and left out are all there is, each server of what is left out is named, and the budget holds about."""
    known = many(count, servers=7, words=f"Does {query[:20]} and more.")
    text, left_out = catalogue(known, query, room)
    shown = [name for name in known.tools if f"\n{name}(" in f"\n{text}"]
    assert len(shown) + sum(left_out.values()) == count
    assert estimated_tokens(text) <= room * 1.1 + 100
    for server in left_out:
        assert f"\n- {server}: " in text
