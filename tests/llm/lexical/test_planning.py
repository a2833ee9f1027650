"""Tests of `batonmcp.llm.lexical.planning`."""

from typing import Any

import pytest

from batonmcp.core.proposal import Proposal
from batonmcp.llm.lexical.bm25 import Index
from batonmcp.llm.lexical.planning import Planning
from batonmcp.llm.lexical.sketch import Unplannable
from batonmcp.llm.lexical.tokens import tokens_of
from builders import registry, tool

_TEXT = {"type": "string"}
_CITIES = ("Oslo", "Rome", "Paris", "Bonn", "Riga", "Kyiv", "Lima", "Cairo", "Delhi")
_NUMBERS = {"properties": {"a": {"type": "number"}, "b": {"type": "number"}}, "required": ["a", "b"]}
_TOOLS = registry(
    tool("a__get_weather", input_schema={"properties": {"city": _TEXT}, "required": ["city"]}),
    tool("a__search_maps", input_schema={"properties": {"query": _TEXT}, "required": ["query"]}),
    tool("a__get_sum", input_schema=_NUMBERS),
    tool("a__get_trees"),
    tool("a__get_roses"),
    tool("a__delete_file", effect="destructive", input_schema={"properties": {"path": _TEXT}, "required": ["path"]}),
)


def _proposal(query: str) -> Proposal:
    return Planning(Index(_TOOLS), tokens_of(query), "By keywords.").proposal()


def _calls(query: str) -> list[tuple[str, dict[str, Any]]]:
    document: Any = _proposal(query).document
    return [(step["tool"], step["arguments"]) for step in document["steps"]]


def _reason(query: str) -> str:
    with pytest.raises(Unplannable) as caught:
        _proposal(query)
    return str(caught.value)


_PARTS: list[tuple[str, list[tuple[str, dict[str, Any]]]]] = [
    ("sum of 2 and 3", [("a__get_sum", {"a": 2, "b": 3})]),
    ("search maps for cats and dogs", [("a__search_maps", {"query": "cats and dogs"})]),
    (
        "weather in Rome and Oslo and in New York",
        [("a__get_weather", {"city": city}) for city in ("Rome", "Oslo", "New York")],
    ),
    ("trees, please", [("a__get_trees", {})]),
    ("trees and then summarise them", [("a__get_trees", {})]),
    ("don't delete /a, show the trees", [("a__get_trees", {})]),
]


@pytest.mark.parametrize(("query", "calls"), _PARTS)
def test_parts_without_a_tool_of_their_own(query: str, calls: list[tuple[str, dict[str, Any]]]) -> None:
    """They belong to their neighbour, repeat it, or are for whoever answers."""
    assert _calls(query) == calls


def test_what_has_no_tool_is_told() -> None:
    """A plan for a part of the query says so."""
    proposal = _proposal("trees and book me a flight")
    assert proposal.notes == ("By keywords.", "No tool was found for 'book me a flight'.")
    assert _proposal("oak trees").notes[1] == "a__get_trees was chosen without regard to: oak."


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("hello", "No tool's definition has enough of the words"),
        ("", "No tool's definition has enough of the words"),
        ("weather", "a__get_weather fits, but needs `city`; say it as city=VALUE."),
        ("sum", "needs `a` and `b`; say them as a=VALUE b=VALUE."),
        ("show trees unless roses", "does not understand 'unless'"),
        ("if there are trees get roses", "put a comma behind it"),
        ("erase the file /a", "a__delete_file may change something"),
        ("upload the trees", "nothing says that it can 'upload'"),
        ("book a flight, then delete /a", "a__delete_file may change something: ask for it alone."),
        ("if it rains, get trees", "No tool tells whether the condition 'rains' holds"),
        (", ".join(f"weather in {city}" for city in _CITIES), "asks for 9 things"),
    ],
)
def test_reasons_say_what_to_do(query: str, said: str) -> None:
    """What cannot be planned is refused with a reason and its cure."""
    assert said in _reason(query)
