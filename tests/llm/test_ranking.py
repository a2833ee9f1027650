"""The ranking of tools for a query."""

from collections import Counter
from math import fsum, log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batonmcp.core.registry import Registry
from batonmcp.llm.lexical.words import stems
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


SAID = ("train", "mail", "weather", "city", "ticket", "price", "search", "list", "of", "all", "new", "user", "photo")
TEXT = st.lists(st.sampled_from(SAID), max_size=6).map(" ".join)


@settings(deadline=None)
@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=150), TEXT, st.integers(0, 160))
def test_the_order_is_that_of_bm25_worked_out_plainly(texts: list[tuple[str, str]], query: str, most: int) -> None:
    """Fast as it is, no tool is passed over, and tools that match alike keep their order."""
    known = registry(
        *(tool(f"s__{name.replace(' ', '_')}{n:04}", description=said) for n, (name, said) in enumerate(texts))
    )
    assert Ranking(known).best(query, most) == plainly(known, query, most)


def plainly(known: Registry, query: str, most: int) -> list[str]:
    """Return the best tools as the formula has it: a word counts as the most telling part that has it does."""
    weights = {
        one.qualified: dict.fromkeys(stems(one.description), 1.0)
        | dict.fromkeys(stems(f"{one.server} {one.agent}"), 1.5)
        | dict.fromkeys(stems(one.name), 3.0)
        for one in known
    }
    having = Counter(word for found in weights.values() for word in found)
    usual = sum(sum(found.values()) for found in weights.values()) / len(weights)
    scores: dict[str, float] = {}
    for name, found in weights.items():
        length = 1.2 * (0.5 + 0.5 * sum(found.values()) / usual)
        asked = [word for word in dict.fromkeys(stems(query)) if word in found]
        rarities = [log(1 + (len(weights) - having[word] + 0.5) / (having[word] + 0.5)) for word in asked]
        adds = [
            rarity * (found[word] * 2.2 / (found[word] + length)) for word, rarity in zip(asked, rarities, strict=True)
        ]
        if asked:
            scores[name] = fsum(adds)
    return sorted(scores, key=lambda name: (-scores[name], name))[:most]


@given(st.text())
def test_any_query(query: str) -> None:
    """Whatever is asked, the answer is names of the registry, each once."""
    found = Ranking(TOOLS).best(query, 10)
    assert len(found) == len(set(found))
    assert set(found) <= set(TOOLS.tools)


def test_no_tools() -> None:
    """An empty registry has no best tool."""
    assert Ranking(Registry.of([], [])).best("anything", 5) == []
