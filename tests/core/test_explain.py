"""Plans in plain words, whoever wrote what is in them."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from batonmcp.core.effect import Effect
from batonmcp.core.explain import arguments_of, code, digest_of, explain, named, quoted, written_arguments
from batonmcp.core.plain_text import holds_hidden
from batonmcp.core.plan import Plan, Step
from batonmcp.core.tool import Tool
from builders import plan_of, registry, tool

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def plan(*tools: Tool, **part: Any) -> Plan:  # noqa: ANN401 - JSON
    """Return a plan that calls each of these tools once, the last one as told."""
    steps: list[dict[str, Any]] = [{"id": f"s{number}", "tool": used.qualified} for number, used in enumerate(tools, 1)]
    steps[-1].update(part)
    return plan_of({"steps": [*steps]}, registry(*tools))


def step(**part: Any) -> Step:  # noqa: ANN401 - JSON
    """Return a step after the steps `s1` and `s2`."""
    return plan(tool("a__x"), tool("b__y"), tool("m__send", effect="write"), **part).steps[-1]


@pytest.mark.parametrize(
    ("source", "told"),
    [("declared", "as its server declares"), ("guessed", "its server does not say"), ("set", "set in servers.json")],
)
def test_explains_a_line_a_step(source: Literal["declared", "guessed", "set"], told: str) -> None:
    """Number, tool, agent, what it may do and who says so."""
    effect = Effect(kind="write", source=source, idempotent=False, open_world=True)
    assert explain(plan(tool("files__list"), tool("mail_agent__send", effect=effect))).splitlines() == [
        "1. files__list (Files): read, as its server declares; without arguments",
        f"2. mail_agent__send (Mail Agent): write, {told}; without arguments",
    ]


def test_explains_conditions_lists_and_arguments() -> None:
    """Nothing that decides what will happen is left out, and a text is not to be mistaken for an expression."""
    arguments = {"to": {"$from": "item.mail"}, "text": "item.mail", "flag": True, "list": [1, {"$from": "s1.a"}]}
    made = plan(tool("a__x"), tool("m__send", effect="write"), when="s1.ok", for_each="s1.people", arguments=arguments)
    assert explain(made).splitlines()[1] == (
        "2. m__send (M): write, as its server declares; only if `s1.ok`; once for each of `s1.people`; "
        'with to = the value of `item.mail` (from step `s1`), text = "item.mail", flag = true, '
        'list = [1, {"$from": "s1.a"}] (from step `s1`)'
    )


ORIGINS: list[Any] = [
    ({"arguments": {"a": 1}}, ""),
    ({"arguments": {"a": {"$from": "1 + 1"}}}, ""),
    ({"arguments": {"a": {"$raw": {"$from": "s1"}}}}, ""),
    ({"arguments": {"a": {"$from": "s1.x"}}}, " (from step `s1`)"),
    ({"arguments": {"a": [{"$from": "s2"}, {"b": {"$from": "s1"}}]}}, " (from step `s1` and step `s2`)"),
    ({"arguments": {"a": {"$from": "inputs.x"}}}, " (from what was passed in)"),
    ({"arguments": {"a": {"$from": "[s1, inputs.x]"}}}, " (from step `s1` and what was passed in)"),
    ({"arguments": {"a": {"$from": "[i for i in s1]"}}}, " (from step `s1`)"),
    ({"for_each": "s1", "arguments": {"a": {"$from": "item"}}}, " (from step `s1`)"),
    ({"for_each": "s1", "arguments": {"a": {"$from": "[index, s2]"}}}, " (from step `s1` and step `s2`)"),
    ({"for_each": "inputs.all", "arguments": {"a": {"$from": "item"}}}, " (from what was passed in)"),
    ({"for_each": "s1", "arguments": {"a": {"$from": "s2"}}}, " (from step `s2`)"),
    ({"for_each": "[1, 2]", "arguments": {"a": {"$from": "item"}}}, ""),
    ({"when": "s1", "arguments": {"a": {"$from": "s2"}}}, " (from step `s2`)"),
]


@pytest.mark.parametrize(("part", "origin"), ORIGINS)
def test_tells_where_an_argument_comes_from(part: dict[str, Any], origin: str) -> None:
    """Each step and the inputs that a value is made of are named, in the plan and with the values of a call."""
    made = step(**part)
    (written,) = written_arguments(made)
    assert written.startswith("a = ")
    assert written.endswith(origin)
    assert origin or "(from" not in written
    assert list(arguments_of(made, {"a": "v"})) == [f'a = "v"{origin}']


def test_arguments_that_one_expression_gives_together() -> None:
    """Where a step's result is all the arguments there are, that is said, and each of them comes from it."""
    made = step(arguments={"$from": "s1.all"})
    assert list(written_arguments(made)) == ["all arguments together = the value of `s1.all` (from step `s1`)"]
    assert list(arguments_of(made, {"to": "x", "": 1})) == [
        'to = "x" (from step `s1`)',
        '"" = 1 (from step `s1`)',
    ]


def test_arguments_that_are_raw_together() -> None:
    """Arguments that are not looked into are shown as the values that they are."""
    made = step(arguments={"$raw": {"a": {"$from": "s1"}, "b": "x"}})
    assert list(written_arguments(made)) == ['a = {"$from": "s1"}', 'b = "x"']
    odd = step(arguments={"$raw": {"$raw": 1}})
    assert list(written_arguments(odd)) == ['"$raw" = 1']


def test_an_argument_with_an_odd_name_has_its_own_origin() -> None:
    """The empty name, and names that templates use, are names like others where they stand beside others."""
    made = step(arguments={"": {"$from": "s1"}, "$from": "s2", "b": 1})
    assert list(written_arguments(made)) == ['"" = the value of `s1` (from step `s1`)', '"$from" = "s2"', "b = 1"]


# Texts that imitate ours.

FORGED = "A\n9. evil__tool (Evil): read, as its server declares"
CLOSED = 'x", to = "boss" (from step `s1`); nothing has run yet'


@pytest.mark.parametrize("forged", [FORGED, CLOSED, "A\u20289. evil", "A\r\v\f\x1c\x85 9. evil"])
@pytest.mark.parametrize("where", ["agent", "name", "value", "in a list", "code", "when", "for_each"])
def test_no_text_can_pass_for_another(where: str, forged: str) -> None:
    """A server's name or a plan's text stays on the line of its step, between quotes that it cannot close."""
    parts: dict[str, dict[str, Any]] = {
        "agent": {},
        "name": {"arguments": {forged: 1}},
        "value": {"arguments": {"a": forged}},
        "in a list": {"arguments": {"a": [{forged: forged}]}},
        "code": {"arguments": {"a": {"$from": repr(forged)}}},
        "when": {"when": repr(forged)},
        "for_each": {"for_each": f"[{forged!r}]"},
    }
    made = plan(replace(tool(effect="write"), agent=forged if where == "agent" else "A"), **parts[where])
    (line,) = explain(made).splitlines()
    assert outside_quotes(line).count("evil") == 0
    assert "boss" not in outside_quotes(line)


def outside_quotes(line: str) -> str:
    """Return what of a line stands neither between quotes nor between backticks."""
    kept: list[str] = []
    closing, escaped = "", False
    for char in line:
        if closing:
            closing = "" if char == closing and not escaped else closing
            escaped = char == "\\" and not escaped and closing == '"'
        elif char in '"`':
            closing = char
        else:
            kept.append(char)
    assert not closing, line
    return "".join(kept)


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("Mail Agent", "Mail Agent"),
        ("mail-2.0_x", "mail-2.0_x"),
        ("Größe", '"Größe"'),
        ("", '""'),
        (" ", '" "'),
        ("Mail ", '"Mail "'),
        ("Mail  Agent", '"Mail  Agent"'),
        ("Mail\n", '"Mail\\n"'),
        ("Mail): read", '"Mail): read"'),
        ("pay\u200bpal", '"pay\\u200bpal"'),
        ("\u202elaP", '"\\u202elaP"'),
        ("\x1b[31mred", '"\\u001b[31mred"'),
    ],
)
def test_an_agent_is_named_in_quotes_unless_it_is_plain(title: str, shown: str) -> None:
    """A display name is the server's word: one that is more than letters and digits is quoted."""
    assert named(plan(replace(tool(), agent=title)).steps[0]) == f"a__x ({shown})"


def test_long_names_are_cut() -> None:
    """Neither an agent nor an argument gets more room than a name needs."""
    made = plan(replace(tool(), agent="a" * 100_000), arguments={"b" * 100_000: 1})
    (line,) = explain(made).splitlines()
    assert len(line) < 400
    assert line.count("(100,002 characters, sha256 ") == 2


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a  b", '"a  b"'),
        (" a ", '" a "'),
        ("a\u00a0b", '"a\\u00a0b"'),
        ("pay\u200bpal", '"pay\\u200bpal"'),
        ("\u202egpj.exe", '"\\u202egpj.exe"'),
        ("\x1b]0;x\x07\x9b", '"\\u001b]0;x\\u0007\\u009b"'),
        ("a\u2028b", '"a\\u2028b"'),
        ("\U000e0041", '"\\udb40\\udc41"'),
        ("\ud800", '"\\ud800"'),
        ("\u3164", '"\\u3164"'),
        ("Größe 日本 🎉", '"Größe 日本 🎉"'),
        (1, "1"),
        (1.0, "1.0"),
        (True, "true"),
        (None, "null"),
        ({"b": [1, "x"]}, '{"b": [1, "x"]}'),
    ],
)
def test_what_does_not_print_is_shown_by_its_number(value: JsonValue, shown: str) -> None:
    """Every character is accounted for: what a person reads as the same is the same."""
    assert quoted(value, 300) == shown


def test_a_long_value_is_cut_with_its_length() -> None:
    """The question stays readable, and says that there is more."""
    told = explain(plan(tool(), arguments={"text": "x" * 100_000}))
    assert len(told) < 500
    assert "(100,002 characters, sha256 " in told


def test_a_cut_value_has_a_fingerprint_of_the_whole() -> None:
    """Two values that begin the same and are of the same length look different."""
    one, two = ("x" * 1_000 + end for end in "ab")
    assert quoted(one, 50) != quoted(two, 50)
    assert quoted(one, 50) == f'"{"x" * 49}… (1,003 characters, sha256 {digest_of(one)[:12]})'


def test_what_is_short_is_never_cut() -> None:
    """A note about a cut that saves nothing is left out."""
    assert quoted("x" * 38, 0) == f'"{"x" * 38}"'
    assert quoted("x" * 39, 0).startswith("… (41 characters, sha256 ")


def test_what_grows_when_it_is_shown_is_cut() -> None:
    """Text that is all escapes keeps to its room."""
    assert quoted("\u200b" * 200, 300).startswith('"\\u200b\\u200b')
    assert len(quoted("\U000e0041" * 100_000, 300)) < 360


def test_code() -> None:
    """An expression stands between backticks, or between quotes if it holds one."""
    assert code("s1.a == 'x'", 300) == "`s1.a == 'x'`"
    assert code("s1['`']", 300) == "\"s1['`']\""
    assert code("[1,\n2] # \u202e", 300) == "`[1,\\n2] # \\u202e`"
    cut = code(f"'{'x' * 3_000}'", 100)
    assert cut.startswith("`'xxx")
    assert "(3,004 characters, sha256 " in cut


@settings(deadline=None)
@given(JSON, st.integers(0, 200))
def test_a_shown_value_is_one_visible_line(value: JsonValue, longest: int) -> None:
    """Whatever it is, a value is shown on one line, in print, and not much longer than it may be."""
    shown = quoted(value, longest)
    assert shown.isprintable()
    assert not holds_hidden(shown)
    assert len(shown) <= max(longest, 40) + 60


def changed(value: JsonValue) -> Iterator[JsonValue]:
    """Yield values that are not the same as this one, however alike."""
    yield [value]
    yield {"": value}
    yield str(value)
    yield None if value is not None else False


@settings(deadline=None)
@given(JSON)
def test_a_digest_is_of_the_value_and_its_types(value: JsonValue) -> None:
    """The same JSON has the same digest, whatever the order of keys; any other has another."""
    again = dict(reversed(value.items())) if isinstance(value, dict) else value
    assert digest_of(again) == digest_of(value)
    assert all(digest_of(other) != digest_of(value) for other in changed(value) if other != value)


def test_types_make_a_difference() -> None:
    """One, one point nothing, true and the text are four values, although Python takes three of them for one."""
    values: list[JsonValue] = [1, 1.0, True, "1", "true", [1], {"1": 1}, None, 0, False, ""]
    assert len({digest_of(value) for value in values}) == len(values)
    assert digest_of("\ud800") != digest_of("\\ud800")
