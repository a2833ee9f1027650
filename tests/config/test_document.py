"""The document servers.json, as it is written."""

from typing import Any

import pytest
from pydantic import ValidationError

from batonmcp.config.document import (
    BatonPart,
    Document,
    LimitsPart,
    LlmPart,
    PolicyPart,
    ServerEntry,
    StorePart,
    refusal,
)


@pytest.mark.parametrize("key", ["mcpServers", "servers"])
def test_takes_the_servers_of_every_host(key: str) -> None:
    """Claude's and VS Code's name for the map of servers mean the same; a wrong entry is left for later."""
    document = Document.model_validate({key: {"a": {"command": "x"}, "b": 7}, "inputs": []})
    assert document.servers == {"a": {"command": "x"}, "b": 7}


def test_takes_both_names_of_an_address() -> None:
    """Some hosts write `serverUrl` for `url`."""
    assert ServerEntry.model_validate({"serverUrl": "http://a"}).url == "http://a"
    assert ServerEntry.model_validate({"url": "http://a"}).url == "http://a"


def test_keeps_unknown_keys() -> None:
    """Keys that mean nothing to us are kept, so that they can be named."""
    assert ServerEntry.model_validate({"command": "x", "autoApprove": ["*"]}).model_extra == {"autoApprove": ["*"]}


@pytest.mark.parametrize(
    ("part", "given"),
    [
        (ServerEntry, {"timeout": 0}),
        (ServerEntry, {"timeout": -1}),
        (ServerEntry, {"timeout": float("inf")}),
        (ServerEntry, {"timeout": float("nan")}),
        (ServerEntry, {"type": "carrier-pigeon"}),
        (ServerEntry, {"args": "--one-string"}),
        (ServerEntry, {"env": {"A": 1}}),
        (ServerEntry, {"protocol": "newest"}),
        (ServerEntry, {"idle_timeout": 0}),
        (ServerEntry, {"allow": "get_*"}),
        (ServerEntry, {"deny": [1]}),
        (ServerEntry, {"envFile": []}),
        (ServerEntry, {"disabled": "perhaps"}),
        (LlmPart, {"retries": -1}),
        (LlmPart, {"retries": 3}),
        (LlmPart, {"parameters": [1]}),
        (LlmPart, {"route": {"api_version": 1}}),
        (LlmPart, {"timeout": 0}),
        (LlmPart, {"stream": True}),
        (LimitsPart, {"early_start": "no"}),
        (LimitsPart, {"steps": 0}),
        (LimitsPart, {"steps": -1}),
        (LimitsPart, {"steps": True}),
        (LimitsPart, {"steps": 1.5}),
        (LimitsPart, {"steps": float("nan")}),
        (LimitsPart, {"steps": 10**30}),
        (LimitsPart, {"result_bytes": 0}),
        (LimitsPart, {"result_bytes": 10**9}),
        (LimitsPart, {"run_timeout": 100_000}),
        (LimitsPart, {"call_timeout": float("nan")}),
        (LimitsPart, {"call_timeout": float("inf")}),
        (LimitsPart, {"answer_within": 0}),
        (LimitsPart, {"answer_within": float("inf")}),
        (LimitsPart, {"runs": 0}),
        (LimitsPart, {"waiting_runs": -1}),
        (LimitsPart, {"waiting_runs": True}),
        (LimitsPart, {"kept_runs": 0}),
        (LimitsPart, {"kept_bytes": 999}),
        (LimitsPart, {"kept_bytes": 1.5e3 + 0.5}),
        (LimitsPart, {"kept_seconds": 0}),
        (LimitsPart, {"kept_seconds": 86_401}),
        (PolicyPart, {"profile": "careful"}),
        (PolicyPart, {"profile": None}),
        (PolicyPart, {"profile": ""}),
        (PolicyPart, {"allow": "mail__*"}),
        (PolicyPart, {"allow": [1]}),
        (PolicyPart, {"deny": "mail__*"}),
        (PolicyPart, {"deny": {"mail__send": True}}),
        (PolicyPart, {"deny": None}),
        (PolicyPart, {"without_elicitation": "guess"}),
        (BatonPart, {"policy": "careful"}),
        (BatonPart, {"policy": ["ask"]}),
        (BatonPart, {"policy": None}),
        (BatonPart, {"planner": "guess"}),
        (BatonPart, {"effects": {"a__*": "harmless"}}),
        (BatonPart, {"store": "papyrus"}),
        (BatonPart, {"store": None}),
        (StorePart, {"kind": "papyrus"}),
        (StorePart, {"results": "some"}),
        (StorePart, {"days": 0}),
        (StorePart, {"days": float("nan")}),
        (StorePart, {"path": 1}),
    ],
)
def test_refuses_what_cannot_be_meant(part: type[ServerEntry], given: dict[str, Any]) -> None:
    """A value outside its bounds is refused where it stands, not found out during a run."""
    with pytest.raises(ValidationError) as caught:
        part.model_validate(given)
    assert caught.value.errors()[0]["loc"][0] == next(iter(given))


def test_refusal_names_the_place_and_what_should_stand_there() -> None:
    """The sentence leads to the very value, and ends with a cure."""
    with pytest.raises(ValidationError) as caught:
        ServerEntry.model_validate({"command": "x", "args": ["a", 1]})
    assert str(refusal(caught.value, "f.json: mcpServers.a")) == (
        "f.json: mcpServers.a: args.1: input should be a valid string. See the README for its form."
    )


def test_defaults_of_inputs() -> None:
    """Of VS Code's inputs those with an id and a default count; what else stands there is no error."""
    inputs = [{"id": "a", "default": "x"}, {"id": "b"}, {"default": "y"}, {"id": 1, "default": "z"}, 7]
    assert Document.model_validate({"inputs": inputs}).defaults == {"a": "x"}
    others: list[Any] = [None, {}, "x", []]
    for other in others:
        assert Document.model_validate({"inputs": other}).defaults == {}


@pytest.mark.parametrize("profile", ["read_only", "ask", "always", "never"])
def test_a_policy_may_be_its_profile_alone(profile: str) -> None:
    """`"policy": "always"` is short for an object with that profile; anything else keeps its default."""
    short = BatonPart.model_validate({"policy": profile}).policy
    assert short == PolicyPart.model_validate({"profile": profile})
    assert (short.profile, short.allow, short.deny, short.without_elicitation) == (profile, [], [], "cli")


def test_limits_of_hosts_runs() -> None:
    """What a host's runs may take has bounds of its own; nobody needs to wait for a turn."""
    given = {
        "answer_within": 20,
        "runs": 1,
        "waiting_runs": 0,
        "kept_runs": 1,
        "kept_bytes": 1_000,
        "kept_seconds": 0.5,
    }
    part = LimitsPart.model_validate(given)
    assert part.model_dump(exclude_none=True) == given
