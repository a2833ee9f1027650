"""What of servers.json is passed over."""

import pytest
from pydantic import JsonValue

from batonmcp.config.document import BatonPart
from batonmcp.config.notices import entry_notices, plain_secret, unfollowed, unknown_keys


def test_unknown_keys_of_our_own_part_at_any_depth() -> None:
    """A key that means nothing is named with its place and the nearest one that means something."""
    price = {"prompt": 1, "completion": 1, "cache": 1}
    written = {"polcy": 1, "limits": {"step": 1}, "llm": {"route": {"modle": "m"}}, "prices": {"m*": price}}
    part = BatonPart.model_validate(written)
    assert list(unknown_keys(part, "batonmcp"))[1:] == [
        "batonmcp.llm.route.modle is not known and was passed over. Did you mean 'model'?",
        "batonmcp.prices.m*.cache is not known and was passed over. Did you mean 'cached'?",
        "batonmcp.limits.step is not known and was passed over. Did you mean 'steps'?",
    ]


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("comand", " Did you mean 'command'?"),
        ("envfile", " Did you mean 'envFile'?"),
        ("serverURL", " Did you mean 'serverUrl'?"),
        ("httpUrl", ""),
        ("excludedTools", " Did you mean 'excludeTools'?"),
        ("xyzzy", ""),
    ],
)
def test_unknown_key_of_an_entry(key: str, hint: str) -> None:
    """The nearest key is told under the name that hosts use."""
    (notice,) = entry_notices({key: 1, "command": "x"}, "mcpServers.a")
    assert notice.startswith(f"mcpServers.a.{key} is not known and was passed over.")
    assert notice.endswith(hint)


def test_keys_of_other_hosts_are_passed_over_in_silence() -> None:
    """What changes nothing is not worth a word: descriptions, icons, remarks, and approvals, which are told once."""
    entry: JsonValue = {
        "command": "x",
        "envFile": ".env",
        "description": "d",
        "icon": "i",
        "dev": {},
        "gallery": True,
        "_comment": "c",
        "//": "c",
        "$schema": "s",
        "tools": ["*"],
        "alwaysAllow": ["a"],
    }
    assert not list(entry_notices(entry, "mcpServers.a"))


def test_list_of_tools_is_not_lost_in_silence() -> None:
    """Another host's list of the tools to use would have narrowed the server."""
    (notice,) = entry_notices({"command": "x", "tools": ["get"]}, "mcpServers.a")
    assert 'mcpServers.a.tools is not followed. Name the tools to use as "allow".' in notice


@pytest.mark.parametrize("entry", [None, 7, "x", []])
def test_entry_that_is_no_object_has_no_keys(entry: None) -> None:
    """What is wrong with such an entry is told elsewhere."""
    assert not list(entry_notices(entry, "mcpServers.a"))


def test_approvals_are_told_once() -> None:
    """Approvals of other hosts are named together, where there are any."""
    servers: dict[str, JsonValue] = {
        "a": {"alwaysAllow": ["x"], "trust": False},
        "b": {"autoApprove": ["y"]},
        "c": {"trust": True},
        "d": 7,
    }
    (notice,) = unfollowed(servers, "servers")
    assert notice.startswith("servers.a.alwaysAllow, servers.b.autoApprove, servers.c.trust: not followed;")
    assert not list(unfollowed({"a": {"alwaysAllow": []}}, "servers"))


def test_plain_secret_is_told_with_its_cure_and_without_its_value() -> None:
    """A token in the file is named by its place, with what to write instead; one that is referred to is fine."""
    token = "8f14e45fceea167a5a36dedd4bea2543"  # noqa: S105 - of nothing
    (notice,) = plain_secret("X-Api-Key", token, place="mcpServers.a.headers.X-Api-Key", home="/c/secrets.env")
    assert notice.startswith("mcpServers.a.headers.X-Api-Key holds what looks like a secret")
    assert "Write ${X_API_KEY} here, and X_API_KEY=... in /c/secrets.env (chmod 600)." in notice
    assert token not in notice
    assert not list(plain_secret("X-Api-Key", "${X_API_KEY}", place="p", home="h"))
    assert not list(plain_secret("Authorization", "Bearer ${A_LONG_NAME_OF_A_TOKEN_1}", place="p", home="h"))
