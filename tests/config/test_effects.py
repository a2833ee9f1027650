"""Decisions about single tools, written into servers.json."""

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batonmcp.config.comments import without_comments
from batonmcp.config.effects import with_effects
from batonmcp.core.effect import EffectKind
from batonmcp.core.errors import ConfigError

TOOLS = ("a__get", "a__put", "b__get", "b_", "c")
KEYS = st.sampled_from([*TOOLS, "*", "a__*", "*__get", "b*", "?__put", "[ab]__*", 'quo"te', "// no comment"])
KINDS: st.SearchStrategy[EffectKind] = st.sampled_from(["read", "write", "destructive"])
SPACES = st.sampled_from(
    [
        "",
        "",
        " ",
        "\n",
        "\n    ",
        "\r\n\t",
        ' // a, } "*": \n',
        '/* }, "b": 1 */',
        "/*\n*/",
        " // x\r\n ",
        "\n\n  // y\n  ",
    ]
)


def effects_in(text: str) -> Mapping[str, str]:
    """Return the effects that a text holds; a key that stands twice is an error."""

    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)

    return json.loads(without_comments(text.removeprefix("\ufeff")), object_pairs_hook=once)["batonmcp"]["effects"]


def effect(effects: Mapping[str, str], qualified: str) -> str | None:
    """Return the effect of a tool: the first key that matches counts."""
    return next((kind for glob, kind in effects.items() if fnmatchcase(qualified, glob)), None)


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Return a servers.json with effects, with comments and space wherever they may stand."""
    members = [
        f"{draw(SPACES)}{json.dumps(key)}{draw(SPACES)}:{draw(SPACES)}{json.dumps(kind)}{draw(SPACES)}"
        for key, kind in draw(st.dictionaries(KEYS, KINDS, max_size=5)).items()
    ]
    trailing = draw(st.sampled_from(["", ","])) if members else ""
    effects = f"{{{','.join(members)}{trailing}{draw(SPACES)}}}"
    head = '{"mcpServers": {"a": {"command": "x", "env": {"effects": "{"}}}, "batonmcp": {"planner": "auto",'
    bom = draw(st.sampled_from(["", "\ufeff"]))
    return f'{bom}{head}{draw(SPACES)}"effects":{draw(SPACES)}{effects}{draw(SPACES)}}}}}\n'


def is_within(part: str, whole: str) -> bool:
    """Whether every character of a text is in another one, in the same order."""
    rest = iter(whole)
    return all(character in rest for character in part)


@given(texts(), st.dictionaries(st.sampled_from(TOOLS), KINDS, min_size=1))
def test_what_was_decided_holds(text: str, decided: dict[str, EffectKind]) -> None:
    """Each tool has the effect that was decided, whatever globs there are; every other one has the effect it had."""
    written = with_effects(text, decided)
    before, after = effects_in(text), effects_in(written)
    for qualified in TOOLS:
        assert effect(after, qualified) == decided.get(qualified, effect(before, qualified))
    assert {key: kind for key, kind in after.items() if key not in decided} == {
        key: kind for key, kind in before.items() if key not in decided
    }


@given(texts(), st.dictionaries(st.sampled_from(TOOLS), KINDS, min_size=1))
def test_again_changes_nothing(text: str, decided: dict[str, EffectKind]) -> None:
    """What is written already is not written once more."""
    written = with_effects(text, decided)
    assert with_effects(written, decided) == written


@given(texts(), st.sampled_from(TOOLS), KINDS)
def test_what_is_new_is_only_added(text: str, qualified: str, kind: EffectKind) -> None:
    """Where a tool had no key of its own every byte stays, comments too; only those of its own are new."""
    written = with_effects(text, {qualified: kind})
    if qualified not in effects_in(text):
        added = len(json.dumps(qualified)) + len(json.dumps(kind)) + 2
        assert is_within(text, written)
        assert added <= len(written) - len(text) <= added + 40


COMMENTED = """{
  // the servers
  "mcpServers": {"db": {"command": "db"}},
  "batonmcp": {
    "effects": { // whatever they say
      // all of the database, to be safe
      "db__*": "destructive", // not "read"
      /* the rest */
      "*": "write",
    },
  },
}
"""


def test_it_stands_before_the_glob() -> None:
    """A decision stands on a line of its own above the glob that would match, whose comments stay with it."""
    written = with_effects(COMMENTED, {"db__list": "read", "fs__read": "read"})
    assert written == COMMENTED.replace(
        "// whatever they say\n", '// whatever they say\n      "db__list": "read",\n'
    ).replace('// not "read"\n', '// not "read"\n      "fs__read": "read",\n')


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ('{"mcpServers": {}}', '{"mcpServers": {}, "batonmcp": {"effects": {"a__x": "read"}}}'),
        (
            '{\r\n\t"batonmcp": {\r\n\t\t"effects": {\r\n\t\t\t"*": "write"\r\n\t\t}}}',
            '{\r\n\t"batonmcp": {\r\n\t\t"effects": {\r\n\t\t\t"a__x": "read",\r\n\t\t\t"*": "write"\r\n\t\t}}}',
        ),
        ('{"batonmcp": {"effects": {"*": "write"}}}', '{"batonmcp": {"effects": {"a__x": "read", "*": "write"}}}'),
        (
            '{"batonmcp": {"effects": {"b": "write", "*": "write"}}}',
            '{"batonmcp": {"effects": {"b": "write", "a__x": "read", "*": "write"}}}',
        ),
        (
            '{"batonmcp": {"effects": {"*": "write", "a__x": "write"}}}',
            '{"batonmcp": {"effects": {"a__x": "read", "*": "write"}}}',
        ),
        ('{"batonmcp": {"effects": {"a__x": "write"}}}', '{"batonmcp": {"effects": {"a__x": "read"}}}'),
        ('{"batonmcp": {"effects": {"b": "write"}}}', '{"batonmcp": {"effects": {"b": "write", "a__x": "read"}}}'),
        (
            '{"batonmcp": {"effects": {"b": "write" /* of\nb */, /* of\n* */ "*": "write"}}}',
            '{"batonmcp": {"effects": {"b": "write" /* of\nb */, /* of\n* */ "a__x": "read",\n"*": "write"}}}',
        ),
    ],
    ids=["none", "lines", "one line", "between", "shadowed", "its own", "at the end", "a comment over lines"],
)
def test_where_it_is_written(text: str, written: str) -> None:
    """It looks as what stands around it does."""
    assert with_effects(text, {"a__x": "read"}) == written


@pytest.mark.parametrize("text", ["[]", "{", '{"batonmcp": []}', '{"batonmcp": {"effects": "none"}}'])
def test_what_is_no_configuration(text: str) -> None:
    """Nothing is made of a text that is none."""
    with pytest.raises(ConfigError):
        with_effects(text, {"a__x": "read"})
