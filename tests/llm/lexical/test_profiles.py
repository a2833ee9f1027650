"""Tests of `batonmcp.llm.lexical.profiles`."""

from batonmcp.llm.lexical.profiles import Profile
from batonmcp.llm.lexical.words import stem
from builders import tool


def test_profile_knows_the_words_of_a_definition() -> None:
    """Name, server, description, parameters and results all count."""
    profile = Profile.of(
        tool(
            "garden__list_trees",
            description="Lists what grows.",
            input_schema={"properties": {"soil": {"type": "string", "description": "Kind of earth."}}},
            output_schema={"properties": {"trees": {"type": "array", "items": {"properties": {"height": {}}}}}},
        )
    )
    assert {stem(word) for word in ("garden", "trees", "grows", "soil", "earth", "height")} <= profile.vocabulary
    assert profile.heart == {stem("list"), stem("trees")}


def test_name_words_leave_the_servers_out() -> None:
    """The server's name in a tool's own name says nothing about the tool."""
    assert Profile.of(tool("git__git_log")).name_words == {"log"}
    assert Profile.of(tool("fetch__fetch")).name_words == {"fetch"}
