"""Tests of `batonmcp.llm.lexical.filling`."""

from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from batonmcp.llm.lexical.filling import Filling
from batonmcp.llm.lexical.profiles import Profile
from batonmcp.llm.lexical.tokens import tokens_of
from builders import tool

_TEXT = {"type": "string"}


def _filling(query: str, properties: dict[str, Any], *required: str, name: str = "a__x") -> Filling:
    profile = Profile.of(tool(name, input_schema={"properties": properties, "required": list(required)}))
    return Filling(profile, tokens_of(query), lambda token: token.lower in {"copy", "weather"})


def _values(filling: Filling) -> Mapping[str, JsonValue]:
    return filling.values


def test_take_named() -> None:
    """A value with its parameter's name is taken."""
    filling = _filling("x city=Rome", {"city": _TEXT})
    filling.take_named()
    assert _values(filling) == {"city": "Rome"}
    assert filling.taken == {"city": {3}}


def test_take_shown_takes_options_before_examples() -> None:
    """An enumeration is surer than an example; each token is taken once."""
    filling = _filling("the red one", {"a": _TEXT | {"examples": ["red"]}, "b": {"enum": ["red", "blue"]}})
    filling.take_shown()
    assert _values(filling) == {"b": "red"}


def test_take_shown_leaves_the_verb_and_the_tools_name_alone() -> None:
    """A word that asks for the tool is not a value for it."""
    properties = {"what": _TEXT | {"examples": ["search", "maps"]}}
    filling = _filling("search maps", properties, name="a__get_maps")
    filling.take_shown()
    assert _values(filling) == {}


def test_take_typed_by_role_then_in_order() -> None:
    """Origins and destinations get what a preposition says; the rest is taken in order."""
    properties = {"to_path": _TEXT, "from_path": _TEXT, "log_path": _TEXT}
    filling = _filling("copy to /b from /a, /c", properties, *properties)
    filling.take_typed()
    assert _values(filling) == {"to_path": "/b", "from_path": "/a", "log_path": "/c"}


def test_take_typed_takes_all_for_a_list() -> None:
    """A parameter that takes a list gets every value."""
    filling = _filling("read a.txt and b.txt", {"files": {"type": "array", "items": _TEXT}})
    filling.take_typed()
    assert _values(filling) == {"files": ["a.txt", "b.txt"]}


def test_take_typed_does_not_choose_between_optional_parameters() -> None:
    """One date is not guessed to be one of two optional ones."""
    filling = _filling("on 2026-01-02", {"date_a": _TEXT, "date_b": _TEXT})
    filling.take_typed()
    assert _values(filling) == {}


def test_take_numbers() -> None:
    """Numbers find their parameters."""
    filling = _filling("the last 5", {"limit": {"type": "integer"}})
    filling.take_numbers()
    assert _values(filling) == {"limit": 5}


def test_take_booleans() -> None:
    """What is said to be wanted is true, what is denied false, what is not said open."""
    flags = {"include_hidden": {"type": "boolean"}, "recursive": {"type": "boolean"}, "sorted": {"type": "boolean"}}
    filling = _filling("hidden ones, not recursive", flags)
    filling.take_booleans()
    assert _values(filling) == {"include_hidden": True, "recursive": False}


def test_take_quoted() -> None:
    """Quotes go to required texts, to an optional one only if it is the only free text."""
    filling = _filling("'a' 'b'", {"note": _TEXT, "title": _TEXT, "text": _TEXT}, "title", "text")
    filling.take_quoted()
    assert _values(filling) == {"title": "a", "text": "b"}
    filling = _filling("'a'", {"city": _TEXT, "text": _TEXT})
    filling.take_quoted()
    assert _values(filling) == {"text": "a"}


def test_take_quoted_takes_paths_for_where_something_comes_from_and_goes_to() -> None:
    """A required origin or destination may be an address of any kind."""
    filling = _filling("/a to /b", {"source": _TEXT, "destination": _TEXT}, "source", "destination")
    filling.take_quoted()
    assert _values(filling) == {"source": "/a", "destination": "/b"}


def test_take_phrases_only_where_there_is_no_choice() -> None:
    """A phrase fills the one required text that is open; with two it is not guessed at."""
    filling = _filling("weather in Rome", {"city": _TEXT}, "city")
    filling.take_phrases()
    assert _values(filling) == {"city": "Rome"}
    filling = _filling("weather in Rome", {"city": _TEXT, "country": _TEXT}, "city", "country")
    filling.take_phrases()
    assert _values(filling) == {}


def test_take_phrases_gives_ids_only_what_looks_like_one() -> None:
    """A plain noun is no identifier."""
    filling = _filling("weather of Rome", {"user_id": _TEXT}, "user_id")
    filling.take_phrases()
    assert _values(filling) == {}
    filling = _filling("weather of u42", {"user_id": _TEXT}, "user_id")
    filling.take_phrases()
    assert _values(filling) == {"user_id": "u42"}


def test_take_prose() -> None:
    """A required free text gets what is left of the clause."""
    filling = _filling("weather about the old sea", {"query": _TEXT}, "query")
    filling.take_prose()
    assert _values(filling) == {"query": "old sea"}


def test_take_alike() -> None:
    """An optional text with examples gets what is written like them."""
    filling = _filling("weather for oslo", {"place": _TEXT | {"examples": ["rome"]}})
    filling.take_alike()
    assert _values(filling) == {"place": "oslo"}
