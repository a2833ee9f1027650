"""Tests of `batonmcp.llm.lexical.verbs`."""

import pytest

from batonmcp.core.effect import Annotations, Effect, effect_of
from batonmcp.llm.lexical.profiles import Profile
from batonmcp.llm.lexical.tokens import tokens_of
from batonmcp.llm.lexical.verbs import main_verb, performs, permits, reads, verb_places
from builders import tool


def _guessed(name: str) -> Effect:
    return effect_of(name, f"a__{name}", annotations=Annotations(), overrides={})


@pytest.mark.parametrize(
    ("text", "verb"),
    [
        ("delete /x", "delete"),
        ("please could you delete x", "delete"),
        ("I'd like you to delete x", "delete"),
        ("", ""),
    ],
)
def test_main_verb(text: str, verb: str) -> None:
    """The verb of a request stands behind its courtesies."""
    assert main_verb(tokens_of(text)) == verb


def test_verb_places() -> None:
    """A known verb at the start is surely one; a noun there is not."""
    assert verb_places(tokens_of("please search x")) == {1}
    assert verb_places(tokens_of("roses search")) == frozenset()


def test_reads() -> None:
    """A declaration counts; without one a reading name does, without a verb of change."""
    assert reads(Profile.of(tool("a__delete", effect="read")))
    assert not reads(Profile.of(tool("a__get_x", effect="write")))
    assert reads(Profile.of(tool("a__get_x", effect=_guessed("get_x"))))
    assert not reads(Profile.of(tool("a__get_or_create_x", effect=_guessed("get_or_create_x"))))
    assert not reads(Profile.of(tool("a__x", effect=_guessed("x"))))


@pytest.mark.parametrize(
    ("name", "query", "permitted"),
    [
        ("delete_file", "delete the file", True),
        ("delete_file", "please deleting the file", True),
        ("delete_file", "file status", False),
        ("delete_file", "show the file to delete", False),
        ("commit", "show the last commit", False),
        ("commit", "commit the changes", True),
        ("gzip_file", "file status", False),
        ("gzip_file", "gzip the file", True),
    ],
)
def test_a_tool_that_changes_something_needs_its_verb(name: str, query: str, *, permitted: bool) -> None:
    """A noun that a changing tool is named after does not call it."""
    assert permits(Profile.of(tool(f"a__{name}", effect="destructive")), tokens_of(query)) is permitted


def test_a_reading_tool_does_not_stand_in_for_a_change() -> None:
    """Where a change is asked for, a tool that does not know it is no answer."""
    assert not permits(Profile.of(tool("a__read_file")), tokens_of("delete the file"))
    assert permits(Profile.of(tool("a__order_status")), tokens_of("order status"))


def test_performs() -> None:
    """Only a tool that may change something performs a change."""
    assert performs(Profile.of(tool("a__delete_x", effect="write")), tokens_of("delete x"))
    assert not performs(Profile.of(tool("a__delete_x", effect="write")), tokens_of("x"))
    assert not performs(Profile.of(tool("a__get_x")), tokens_of("get x"))
