"""A subschema without references."""

from typing import Any

import pytest

from batonmcp.llm.schema.flatten import Flattener

DOCUMENT: dict[str, Any] = {
    "$defs": {
        "plain": {"type": "string", "description": "theirs"},
        "named": {"$anchor": "here", "type": "integer"},
        "addressed": {"$id": "https://x.test/a", "type": "boolean"},
        "loop": {"$ref": "#/$defs/loop"},
        "a/b": {"type": "null"},
    }
}


def flat(schema: object, trail: frozenset[str] = frozenset()) -> tuple[dict[str, Any], frozenset[str], bool]:
    """Flatten a subschema of the document."""
    return Flattener(DOCUMENT, lambda: True).flat(schema, trail)


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"$ref": "#/$defs/plain"}, {"type": "string", "description": "theirs"}),
        ({"$ref": "#/$defs/plain", "description": "mine"}, {"type": "string", "description": "mine"}),
        ({"$ref": "#here"}, {"$anchor": "here", "type": "integer"}),
        ({"$ref": "https://x.test/a"}, {"$id": "https://x.test/a", "type": "boolean"}),
        ({"$ref": "#/$defs/a~1b"}, {"type": "null"}),
        ({"$ref": "https://evil.test/b"}, {}),
        ({"allOf": [{"minimum": 1}, {"minimum": 2}], "maximum": 3}, {"minimum": 2, "maximum": 3}),
        ({"extends": {"type": "string"}}, {"type": "string"}),
        ("string", {"type": "string"}),
        (True, {}),
        (None, {}),
    ],
)
def test_what_a_subschema_comes_to(schema: object, expected: dict[str, Any]) -> None:
    """References within the document are followed, what applies together is merged, and its own words come first."""
    assert flat(schema)[0] == expected


def test_references_are_followed_once() -> None:
    """A reference on the way to itself is cut; one beside another is not."""
    _, trail, cut = flat({"$ref": "#/$defs/plain"})
    assert (trail, cut) == (frozenset({"#/$defs/plain"}), False)
    assert flat({"$ref": "#/$defs/plain"}, trail)[2]
    assert flat({"$ref": "#/$defs/loop"})[2]
    assert flat({"$ref": "#"})[2] is False


def test_two_that_have_the_same_part_are_not_cut() -> None:
    """Only a reference on the way to itself has no end: two parts may both refer to a third."""
    both = {"allOf": [{"$ref": "#/$defs/plain"}, {"allOf": [{"$ref": "#/$defs/plain"}]}], "minLength": 1}
    assert flat(both) == (
        {"type": "string", "description": "theirs", "minLength": 1},
        frozenset({"#/$defs/plain"}),
        False,
    )


def test_every_look_is_counted() -> None:
    """Whoever asks can end it."""
    both = {"allOf": [{"minLength": 1}, {"$ref": "#/$defs/plain"}]}
    left = iter([True, False, True, True])
    assert Flattener(DOCUMENT, lambda: next(left)).flat(both, frozenset())[0] == {
        "type": "string",
        "description": "theirs",
    }
    assert not list(left)


def test_depth_is_bounded() -> None:
    """Parts within parts end somewhere."""
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(200):
        schema = {"allOf": [schema]}
    assert flat(schema)[0] == {}
