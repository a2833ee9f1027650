"""The ranking of tools for a query."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batonmcp.core.registry import Registry
from batonmcp.llm.ranking import Ranking
from builders import registry, tool

CITY = {"type": "object", "properties": {"city": {"type": "string"}}}
TOOLS = registry(
    tool("weather__forecast", description="Tells the weather of the coming days.", input_schema=CITY),
    tool("trains__find", description="Finds trains between two places."),
    tool("mail__send", description="Sends a message."),
    tool("mail__find", description="Finds messages, by sender."),
)


@pytest.mark.parametrize(
    ("query", "best"),
    [
        ("forecasts", ["weather__forecast"]),
        ("Which trains are there?", ["trains__find"]),
        ("Find mail", ["mail__find", "trains__find", "mail__send"]),
        ("city", ["weather__forecast"]),
        ("of the", []),
        ("xylophone", []),
        ("", []),
    ],
)
def test_what_shares_words_comes_first(query: str, best: list[str]) -> None:
    """A word in the name counts most, one in a parameter least, stop words nothing; word forms are one word."""
    assert Ranking(TOOLS).best(query, 10) == best


def test_the_number_is_bounded_and_equals_keep_their_order() -> None:
    """Of tools that match alike the first by name come first, and no more than are wanted."""
    same = registry(*(tool(f"a__find{letter}", description="Finds it.") for letter in "cab"))
    assert Ranking(same).best("find it in there: finda findb findc", 2) == ["a__finda", "a__findb"]
    assert Ranking(same).best("finds", 0) == []


def test_a_rare_word_says_more() -> None:
    """What many tools have tells them apart less."""
    many = [tool(f"s{number}__search", description="Searches documents.") for number in range(20)]
    ranking = Ranking(registry(*many, tool("geo__locate", description="Finds a volcano.")))
    assert ranking.best("search documents about a volcano", 1) == ["geo__locate"]


@given(st.text())
def test_any_query(query: str) -> None:
    """Whatever is asked, the answer is names of the registry, each once."""
    found = Ranking(TOOLS).best(query, 10)
    assert len(found) == len(set(found))
    assert set(found) <= set(TOOLS.tools)


def test_no_tools() -> None:
    """An empty registry has no best tool."""
    assert Ranking(Registry.of([], [])).best("anything", 5) == []
