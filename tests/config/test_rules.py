"""The globs over names of tools in servers.json, and where they stand."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from batonmcp.config.load import load
from batonmcp.config.settings import Rule

WriteConfig = Callable[..., Path]


def rules(path: Path) -> list[tuple[str, str, str | None]]:
    """Return what a file's rules are."""
    return [(rule.place, rule.glob, rule.server) for rule in load(path, {}).rules]


def test_the_rules_of_an_entry_have_the_keys_that_stand_there(write_config: WriteConfig) -> None:
    """Each of the keys that hosts have for tools to use or not to use is told by its own name."""
    keys = ("allow", "includeTools", "deny", "excludeTools", "disabledTools")
    path = write_config({"a": {"command": "x", **{key: [f"{key}_*"] for key in keys}}, "b": {"command": "x"}})
    assert rules(path) == [(f"mcpServers.a.{key}", f"{key}_*", "a") for key in keys]


def test_our_own_rules(write_config: WriteConfig) -> None:
    """Those of the policy and the effects are about qualified names; a denied tool does not slip by its alias."""
    policy = {"allow": ["a__x", "a__y"], "deny": ["b__*"]}
    path = write_config({"a": {"command": "x"}}, policy=policy, effects={"a__get*": "read"})
    assert load(path, {}).rules == (
        Rule(place="batonmcp.policy.allow", glob="a__x"),
        Rule(place="batonmcp.policy.allow", glob="a__y"),
        Rule(place="batonmcp.policy.deny", glob="b__*", also_plain=True),
        Rule(place="batonmcp.effects", glob="a__get*"),
    )


@pytest.mark.parametrize("entry", [{"disabled": True}, {"timeout": "soon"}], ids=["disabled", "wrong"])
def test_an_entry_that_is_not_used_has_no_rules(entry: dict[str, Any], write_config: WriteConfig) -> None:
    """What is not read is not examined either."""
    assert rules(write_config({"a": {"command": "x", "deny": ["y"], **entry}})) == []


def test_the_section_of_vs_code(tmp_path: Path) -> None:
    """The place is named as the file has it."""
    path = tmp_path / "mcp.json"
    path.write_text('{"servers": {"a": {"command": "x", "deny": ["y"]}}}')
    assert rules(path) == [("servers.a.deny", "y", "a")]
