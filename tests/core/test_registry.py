"""The registry: a snapshot with a fingerprint."""

from dataclasses import replace
from itertools import permutations

import pytest

from batonmcp.core.effect import Effect, EffectKind
from batonmcp.core.registry import Agent, Registry
from batonmcp.core.schema import Schema
from batonmcp.core.tool import Tool
from builders import registry, tool

FULL = tool("a__x", input_schema={"type": "object"}, output_schema={"type": "object"})


def with_effect(*, kind: EffectKind = "read", idempotent: bool = True, open_world: bool = False) -> Tool:
    """Return the full tool with another effect."""
    effect = Effect(kind=kind, source="declared", idempotent=idempotent, open_world=open_world)
    return replace(FULL, effect=effect)


def test_holds_all_tools_by_qualified_name() -> None:
    """A tool is looked up by its name, and all come sorted, in whatever order they were found."""
    tools = registry(tool("b__y"), tool("a__x"), tool("a__b__c"))
    assert [item.qualified for item in tools] == ["a__b__c", "a__x", "b__y"]
    assert len(tools) == 3
    assert tools["a__b__c"].name == "b__c"
    assert "a__x" in tools
    assert "a__y" not in tools


def test_an_unknown_name_is_a_key_error() -> None:
    """Nothing is guessed from a name."""
    with pytest.raises(KeyError):
        registry(tool("a__x"))["a__y"]


def test_is_read_only() -> None:
    """A snapshot does not change under a run that uses it."""
    tools = registry(tool("a__x"))
    with pytest.raises(TypeError):
        tools.tools["b__y"] = tool("b__y")  # type: ignore[index]
    with pytest.raises(AttributeError):
        tools.tools = {}  # type: ignore[misc]


def test_two_servers_may_have_the_same_tool() -> None:
    """Both are there, each with its own server."""
    tools = registry(tool("a__search"), tool("b__search"))
    assert [(item.server, item.name) for item in tools] == [("a", "search"), ("b", "search")]


def test_keeps_agents_that_have_no_tools() -> None:
    """A server that is down is known with its trouble, in the order of servers.json."""
    agents = [Agent(name="b", title="B", trouble="B does not start."), Agent(name="a", title="A")]
    tools = registry(tool("a__x"), agents=agents)
    assert tools.agents == tuple(agents)
    assert agents[1].trouble is None


def test_only_keeps_the_named_servers() -> None:
    """Tools and agents of the others are gone, and the fingerprint is that of what is left."""
    part = registry(tool("a__x"), tool("b__y"), tool("c__z")).only(["c", "a"])
    assert [item.qualified for item in part] == ["a__x", "c__z"]
    assert [agent.name for agent in part.agents] == ["a", "c"]
    assert part.fingerprint == registry(tool("a__x"), tool("c__z")).fingerprint
    assert len(part.only([])) == 0


def test_fingerprint_does_not_depend_on_the_order_of_tools() -> None:
    """Servers get ready in any order; the catalogue is the same."""
    tools = [tool("a__x"), tool("b__y"), tool("c__z")]
    assert len({registry(*order).fingerprint for order in permutations(tools)}) == 1


def test_fingerprint_does_not_depend_on_the_order_of_keys() -> None:
    """A server may write the keys of a schema in any order."""
    one = {"type": "object", "properties": {"a": {"type": "string"}, "b": {}}}
    other = {"properties": {"b": {}, "a": {"type": "string"}}, "type": "object"}
    assert (
        registry(tool(input_schema=one, output_schema=other)).fingerprint
        == registry(tool(input_schema=other, output_schema=one)).fingerprint
    )


def test_fingerprint_does_not_depend_on_agents() -> None:
    """A server's trouble is no part of any tool."""
    down = [Agent(name="a", title="A", trouble="A is slow.")]
    assert registry(FULL, agents=down).fingerprint == registry(FULL).fingerprint


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(tool("a__y"), id="name"),
        pytest.param(replace(FULL, qualified="a_x_123"), id="qualified name"),
        pytest.param(replace(FULL, server="b"), id="server"),
        pytest.param(replace(FULL, name="y"), id="name on its server"),
        pytest.param(replace(FULL, agent="Another"), id="display name"),
        pytest.param(replace(FULL, description="Does it."), id="description"),
        pytest.param(replace(FULL, input_schema=Schema({})), id="input schema"),
        pytest.param(replace(FULL, output_schema=Schema({})), id="output schema"),
        pytest.param(replace(FULL, output_schema=None), id="no output schema"),
        pytest.param(with_effect(kind="write"), id="effect"),
        pytest.param(with_effect(idempotent=False), id="idempotent"),
        pytest.param(with_effect(open_world=True), id="open world"),
    ],
)
def test_fingerprint_changes_with_each_part_of_a_definition(changed: Tool) -> None:
    """Whoever cached or approved something for the old definition sees that it is another."""
    assert changed.digest != FULL.digest
    assert registry(changed).fingerprint != registry(FULL).fingerprint


def test_fingerprint_changes_when_a_tool_comes_or_goes() -> None:
    """A catalogue with one tool more is another catalogue."""
    assert len({registry(*tools).fingerprint for tools in [[], [FULL], [FULL, tool("b__y")]]}) == 3


def test_fingerprint_takes_text_that_is_no_utf_8() -> None:
    """Half a surrogate pair in a description does not break the registry."""
    assert registry(tool(description="\ud800")).fingerprint != registry(tool(description="\ud801")).fingerprint


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("weather_agent__get_forcast", ["weather_agent__get_forecast"]),
        ("weather__get_forecast", ["weather_agent__get_forecast"]),
        ("get_forecast", ["weather_agent__get_forecast"]),
        ("x", ["b__x", "c__x"]),
        ("something_else_entirely", []),
        ("", []),
    ],
)
def test_nearest_names_what_was_meant(name: str, nearest: list[str]) -> None:
    """A misspelt name, another agent's prefix or a bare name finds the tools meant, each once."""
    tools = registry(tool("weather_agent__get_forecast"), tool("b__x"), tool("c__x"))
    assert tools.nearest(name) == nearest


def test_nearest_gives_no_more_than_asked_for() -> None:
    """An error message names a few, with the exact bare name before the similar ones."""
    tools = registry(*(tool(f"s{number}__send_mail") for number in range(6)), tool("t__send_email"))
    assert tools.nearest("send_email", 2)[0] == "t__send_email"
    assert len(tools.nearest("send_mail")) == 3
    assert len(tools.nearest("send_mail", 5)) == 5


def test_equal_tools_make_equal_registries() -> None:
    """A snapshot is a value."""
    shared = tool("a__x")
    assert registry(shared) == registry(shared)
    assert registry(shared) != Registry.of([], [])
