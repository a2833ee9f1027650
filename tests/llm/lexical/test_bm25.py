"""Tests of `batonmcp.llm.lexical.bm25`."""

from batonmcp.core.registry import Registry
from batonmcp.llm.lexical.bm25 import Index
from batonmcp.llm.lexical.words import stem, stems
from builders import registry, tool


def _ranked(tools: Registry, query: str) -> list[str]:
    ranked = Index(tools).rank(dict.fromkeys(stems(query), 1.0))
    return [candidate.profile.tool.qualified for candidate in ranked]


def test_a_word_of_the_name_outweighs_one_of_the_description() -> None:
    """The name of a tool says most about it."""
    tools = registry(tool("a__prune_roses", description="Cuts."), tool("a__cut", description="Cuts roses."))
    assert _ranked(tools, "roses") == ["a__prune_roses", "a__cut"]


def test_a_rare_word_outweighs_a_common_one() -> None:
    """What few tools know tells more."""
    tools = registry(tool("a__tree_oak"), tool("a__tree_elm"), tool("a__tree_ash"), tool("a__pond"))
    assert _ranked(tools, "tree pond")[0] == "a__pond"


def test_a_result_counts() -> None:
    """What a tool returns is what it is asked for."""
    tools = registry(tool("a__x", output_schema={"properties": {"roses": {}}}), tool("a__y"))
    assert _ranked(tools, "roses") == ["a__x"]


def test_reading_tools_stand_first_among_equals() -> None:
    """Where the words do not decide, the tool that changes nothing does."""
    tools = registry(tool("a__rose", effect="write"), tool("b__rose"))
    assert _ranked(tools, "rose") == ["b__rose", "a__rose"]


def test_an_abbreviation_is_known() -> None:
    """A word that no tool has stands for those that it abbreviates."""
    index = Index(registry(tool("a__configuration"), tool("a__conf")))
    assert set(index.known("config")) == {stem("configuration"), "conf"}
    assert index.known("con") == {}


def test_a_deprecated_tool_gives_way_to_the_one_that_it_names() -> None:
    """The tool to use instead inherits what speaks for a deprecated one."""
    tools = registry(
        tool("a__cut", description="Cuts roses. DEPRECATED: use prune_plants."), tool("a__prune_plants"), tool("b__cut")
    )
    assert _ranked(tools, "cut roses")[0] == "a__prune_plants"


def test_nothing_is_ranked_for_unknown_words() -> None:
    """No word in common, no candidate."""
    assert _ranked(registry(tool("a__rose")), "submarine") == []
    assert _ranked(registry(), "rose") == []
