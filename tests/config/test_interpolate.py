"""References to variables in the texts of servers.json."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batonmcp.config.interpolate import SEPARATOR, UnsetVariable, interpolate, references

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
PLAIN = st.text().filter(lambda text: "$" not in text)
VALUES = st.text(min_size=1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${TOKEN}", "t0"),
        ("${env:TOKEN}", "t0"),
        ("Bearer ${TOKEN}!", "Bearer t0!"),
        ("${TOKEN}${HOST}", "t0h"),
        ("${TOKEN:-fallback}", "t0"),
        ("${UNSET:-fallback}", "fallback"),
        ("${env:UNSET:-fallback}", "fallback"),
        ("${UNSET:-}", ""),
        ("${EMPTY:-fallback}", "fallback"),
        ("${UNSET:-a:-b $c}", "a:-b $c"),
        ("${input:api-key}", "from a person"),
        ("$${TOKEN}", "$t0"),
        ("a${/}b${pathSeparator}c", "a|b|c"),
    ],
)
def test_reference_becomes_the_value(text: str, expected: str) -> None:
    """Each way to write a reference gives the variable's value, or its default where it is not set or empty."""
    environment = {"TOKEN": "t0", "HOST": "h", "EMPTY": "", "API_KEY": "from a person", SEPARATOR: "|"}
    assert interpolate(text, environment) == expected


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("${UNSET}", "UNSET"),
        ("${env:UNSET}", "UNSET"),
        ("a ${SET} ${UNSET}", "UNSET"),
        ("${EMPTY}", "EMPTY"),
        ("${input:api-key}", "API_KEY"),
        ("${command:pick.key}", "command:pick.key"),
        ("${config:some.setting}", "config:some.setting"),
        ("${workspaceFolder:other}", "workspaceFolder:other"),
    ],
)
def test_missing_value_is_never_left_in_place(text: str, name: str) -> None:
    """A variable that has neither value nor default is an error that names it: `${TOKEN}` would be sent as a token."""
    with pytest.raises(UnsetVariable, match=rf"^{name}$"):
        interpolate(text, {"SET": "s", "EMPTY": ""})


@pytest.mark.parametrize(
    "text", ["", "$100", "$HOME", "${", "${}", "${1X}", "{TOKEN}", "$ {TOKEN}", "${x%y}", "%TOKEN%"]
)
def test_other_dollars_are_text(text: str) -> None:
    """What is no reference stays as it is: arguments contain prices and shell syntax."""
    assert interpolate(text, {"HOME": "/h", "TOKEN": "t0", "x": "x"}) == text


@given(PLAIN, st.dictionaries(NAMES, VALUES))
def test_text_without_dollar_is_unchanged(text: str, environment: dict[str, str]) -> None:
    """Text without a dollar sign comes out as it went in, whatever is set."""
    assert interpolate(text, environment) == text


@given(PLAIN, NAMES, VALUES, PLAIN)
def test_value_is_taken_verbatim(before: str, name: str, value: str, after: str) -> None:
    """A value is not read again, whatever references it may hold itself."""
    environment = {name: value, "OTHER": "never"}
    assert interpolate(f"{before}${{{name}}}{after}", environment) == before + environment[name] + after


@given(st.text(alphabet="${}:-envAB"))
def test_nothing_set_means_unset_or_default(text: str) -> None:
    """With no variable set, either there is an error or no plain reference is left."""
    try:
        found = interpolate(text, {})
    except UnsetVariable:
        return
    assert found == text or ":-" in text
    assert not re.search(r"\$\{(env:)?[A-Za-z_]\w*\}", text)


def test_input_has_its_variable_else_its_default() -> None:
    """What VS Code would ask for comes from the variable; its default is the second choice."""
    inputs = {"api-key": "default", "empty": ""}
    assert interpolate("${input:api-key}", {"API_KEY": "set"}, inputs=inputs) == "set"
    assert interpolate("${input:api-key}", {"API_KEY": ""}, inputs=inputs) == "default"
    assert not interpolate("${input:empty}", {}, inputs=inputs)
    with pytest.raises(UnsetVariable, match=r"^OTHER_KEY$") as caught:
        interpolate("${input:other-key}", {}, inputs=inputs)
    assert caught.value.asked == "other-key"


def test_references_are_named() -> None:
    """The variables of a text are known without their values, in every form."""
    text = "${A} ${env:B} ${C:-d} ${input:some-id} ${/} $E ${1F}"
    assert list(references(text)) == ["A", "B", "C", "SOME_ID", SEPARATOR]
