"""Leniency towards greetings."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp_types import InitializeResult
from mcp_types.methods import validate_server_result

from batonmcp.downstream.leniency.hello import mended_hello

GOOD: dict[str, Any] = {
    "protocolVersion": "2025-06-18",
    "capabilities": {"tools": {"listChanged": True}, "x-vendor": 1},
    "serverInfo": {"name": "n", "version": "1", "title": "T"},
    "instructions": "use me",
}
JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=4), lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["tools", "name", "version", "title", "icons", "logging", "a"]), inner, max_size=3), max_leaves=6)  # fmt: skip  # noqa: E501


def test_good_greeting_is_as_it_was() -> None:
    """Nothing to mend, nothing to note."""
    assert mended_hello(GOOD) == (GOOD, [])


@pytest.mark.parametrize(
    ("fault", "mended"),
    [
        ({"serverInfo": {"name": "n"}}, {"serverInfo": {"name": "n", "version": "unknown"}}),
        ({"serverInfo": None}, {"serverInfo": {"name": "unknown", "version": "unknown"}}),
        ({"serverInfo": {"name": "n", "version": 2}}, {"serverInfo": {"name": "n", "version": "2"}}),
        (
            {"serverInfo": {"name": "n", "version": "1", "title": 7, "icons": "x"}},
            {"serverInfo": {"name": "n", "version": "1"}},
        ),
        ({"capabilities": None}, {"capabilities": {"tools": {}}}),
        ({"capabilities": {"tools": True, "logging": 7}}, {"capabilities": {"tools": {}}}),
        ({"capabilities": {"tools": False}}, {"capabilities": {}}),
        ({"capabilities": {"tools": {"listChanged": "perhaps"}}}, {"capabilities": {"tools": {}}}),
        ({"_meta": 7}, {}),
    ],
)
def test_small_defects_are_mended(fault: dict[str, Any], mended: dict[str, Any]) -> None:
    """Each costs itself and is noted; a server that does not say what it can is asked for its tools."""
    document, notes = mended_hello({**GOOD, **fault})
    assert document == {**GOOD, **mended}
    assert notes


def test_words_are_plain() -> None:
    """Names and instructions hide nothing."""
    info = {"name": "n\u200b", "version": "1", "title": "T\x1b"}
    document, _ = mended_hello({**GOOD, "serverInfo": info, "instructions": "a\u202eb"})
    assert document["serverInfo"] == {"name": "n", "version": "1", "title": "T"}
    assert document["instructions"] == "ab"


def test_instructions_and_version_of_a_wrong_type() -> None:
    """Instructions are left out; a version is read, for the SDK to judge."""
    document, notes = mended_hello({**GOOD, "instructions": ["a"], "protocolVersion": 20250618})
    assert "instructions" not in document
    assert document["protocolVersion"] == "20250618"
    assert len(notes) == 2


@given(JSON, JSON, JSON, JSON)
def test_whatever_a_server_says_of_itself_the_sdk_takes_it(capabilities: Any, info: Any, words: Any, meta: Any) -> None:  # noqa: ANN401 - JSON
    """As long as it names its version of the protocol."""
    document, _ = mended_hello(
        {**GOOD, "capabilities": capabilities, "serverInfo": info, "instructions": words, "_meta": meta}
    )
    validate_server_result("initialize", "2025-11-25", document)
    InitializeResult.model_validate(document, by_name=False)
