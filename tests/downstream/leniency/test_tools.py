"""Leniency towards lists of tools."""

from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp_types import ListToolsResult
from mcp_types.methods import validate_server_result

from batonmcp.core.schema import LARGEST_SCHEMA
from batonmcp.downstream.leniency.notes import Notes
from batonmcp.downstream.leniency.tools import LARGEST_LISTING, MOST_TOOLS, Sieve

pytestmark = pytest.mark.anyio

TIME_S = 10.0
GOOD: dict[str, Any] = {"name": "good", "inputSchema": {"type": "object"}}
MODERN = {"resultType": "complete", "ttlMs": 0, "cacheScope": "private"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
TOOLS = st.fixed_dictionaries(
    {},
    optional={
        "name": st.text(max_size=4) | JSON,
        "description": JSON,
        "inputSchema": st.just({"type": "object"}) | JSON,
        "outputSchema": st.just({"type": "array"}) | JSON,
        "annotations": st.just({"readOnlyHint": True}) | JSON,
        "icons": JSON,
    },
)


async def sieved(result: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return what of a result is left, and the names of what was left out."""
    notes = Notes()
    with anyio.fail_after(TIME_S):
        await Sieve(notes).sieve(result)
    return result, notes.left_out


def tool(name: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return a tool."""
    return {"name": name, "inputSchema": {"type": "object"}, **more}


def nested(levels: int) -> list[Any]:
    """Return lists inside each other."""
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


async def test_good_list_is_untouched() -> None:
    """A list without faults arrives as it was sent, with all that is beside it."""
    tools = [GOOD, {**GOOD, "name": "other", "annotations": {"readOnlyHint": True}, "x-vendor": 1}]
    result, left_out = await sieved({"tools": list(tools), "nextCursor": "2", "_meta": {"a": 1}})
    assert result == {"tools": tools, "nextCursor": "2", "_meta": {"a": 1}}
    assert not left_out


@pytest.mark.parametrize(
    ("tool", "name"),
    [
        ({"name": 7, "inputSchema": {"type": "object"}}, "no. 2"),
        ({"inputSchema": {"type": "object"}}, "no. 2"),
        ("echo", "no. 2"),
        (None, "no. 2"),
        ({"name": "bad"}, "bad"),
        ({"name": "bad", "inputSchema": "none"}, "bad"),
        ({"name": "bad", "inputSchema": {"type": "string"}}, "bad"),
        ({**GOOD, "name": "bad", "description": ["not", "text"]}, "bad"),
        ({**GOOD, "name": "bad", "annotations": {"readOnlyHint": "perhaps"}}, "bad"),
    ],
)
async def test_malformed_tool_costs_itself_only(tool: object, name: str) -> None:
    """A tool that cannot be used is left out and named; the ones around it arrive."""
    after = {**GOOD, "name": "after"}
    result, left_out = await sieved({"tools": [GOOD, tool, after]})
    assert result["tools"] == [GOOD, after]
    assert left_out == [name]


@pytest.mark.parametrize(
    ("tool", "mended"),
    [
        ({"name": "good", "inputSchema": {}}, GOOD),
        (
            {"name": "good", "inputSchema": {"properties": {"a": {}}}, "title": "T"},
            {"name": "good", "inputSchema": {"type": "object", "properties": {"a": {}}}, "title": "T"},
        ),
        ({**GOOD, "outputSchema": {"type": "array"}}, GOOD),
        ({**GOOD, "outputSchema": "none", "icons": 7, "_meta": []}, GOOD),
    ],
)
async def test_small_faults_are_mended(tool: dict[str, Any], mended: dict[str, Any]) -> None:
    """A schema that forgot to say that arguments are an object, or a wrong decoration, costs the tool nothing."""
    result, left_out = await sieved({"tools": [tool]})
    assert result["tools"] == [mended]
    assert not left_out


async def test_annotations_are_never_dropped() -> None:
    """A tool whose annotations are unreadable is left out rather than taken for a harmless one."""
    _, left_out = await sieved({"tools": [{**GOOD, "annotations": {"destructiveHint": "very"}}]})
    assert left_out == ["good"]


async def test_each_era_is_judged_by_its_own_rules() -> None:
    """A list as output is allowed in the newer era, so there the schema stays."""
    tool = {**GOOD, "outputSchema": {"type": "array"}}
    result, left_out = await sieved({"tools": [tool], **MODERN})
    assert result["tools"] == [tool]
    assert not left_out


@pytest.mark.parametrize(
    "result",
    [
        {"content": [], "tools": [{"name": 7}]},
        {"tools": "none"},
        {"tools": {"a": 1}},
        {"tools": [{"name": 7}], "nextCursor": 7},
        {"contents": [{"uri": "a", "tools": [7]}]},
        {},
    ],
)
async def test_other_results_are_none_of_its_business(result: dict[str, Any]) -> None:
    """The results of calls, and what is broken as a whole, go through for the SDK to judge."""
    assert await sieved(result) == (result, [])


@given(st.lists(TOOLS | JSON, max_size=4), st.booleans())
def test_whatever_arrives_is_a_list_that_the_sdk_takes(tools: list[Any], modern: bool) -> None:  # noqa: FBT001
    """Of any list, what is left passes the SDK's own check, and nothing is lost without being named."""
    result, left_out = anyio.run(sieved, {"tools": list(tools), **(MODERN if modern else {})})
    validate_server_result("tools/list", "2026-07-28" if modern else "2025-06-18", result)
    ListToolsResult.model_validate(result, by_name=False)
    assert len(result["tools"]) + len(left_out) == len(tools)


@pytest.mark.parametrize("extra", [0, 1])
async def test_most_tools(extra: int) -> None:
    """The thousandth tool is in, the next one is counted."""
    result, left_out = await sieved({"tools": [tool(str(number)) for number in range(MOST_TOOLS + extra)]})
    assert len(result["tools"]) == MOST_TOOLS
    assert left_out == ["1 more"] * extra


async def test_most_bytes_over_all_pages() -> None:
    """Pages add up; a new listing begins with all the room."""
    notes = Notes()
    sieve = Sieve(notes)
    pages = [
        {"tools": [tool(f"{page}.{number}", description="x" * 90_000) for number in range(10)]} for page in range(3)
    ]
    for page in pages:
        await sieve.sieve(page)
    assert [len(page["tools"]) for page in pages] == [10, 10, 3]
    assert notes.left_out == ["7 more"]
    assert f"{LARGEST_LISTING:,}" in notes.dropped[0]
    sieve.begin()
    assert notes.left_out == []
    again = {"tools": [tool("a")]}
    await sieve.sieve(again)
    assert again == {"tools": [tool("a")]}


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (tool("bad", inputSchema={"type": "object", "description": "x" * LARGEST_SCHEMA}), "larger than 256,000 bytes"),
        (tool("b\u200bad"), "hidden characters"),
        ({"name": "bad", "inputSchema": {"type": "object", "a": nested(70)}}, "deeper than 64"),
        ({"name": "bad"}, "not described as MCP asks for"),
    ],
    ids=["schema", "hidden", "deep", "malformed"],
)
async def test_why_a_tool_was_left_out_is_noted(bad: dict[str, Any], why: str) -> None:
    """By its name as a person can read it, with the reason; its siblings stay."""
    notes = Notes()
    result = {"tools": [GOOD, bad]}
    await Sieve(notes).sieve(result)
    assert result["tools"] == [GOOD]
    assert notes.left_out == ["bad"]
    assert notes.dropped[0].startswith("Tool 'bad' was left out: ")
    assert why in notes.dropped[0]


async def test_words_are_plain_and_data_is_untouched() -> None:
    """Hidden text goes from titles and descriptions at all levels; keys and constants of a schema are data."""
    dirty = "a\u202e\x1b\U000e0041b"
    schema = {
        "type": "object",
        "properties": {dirty: {"description": dirty, "enum": [dirty], "default": {"title": dirty}}},
    }
    notes = Notes()
    result = {"tools": [tool("t", description=dirty, title=dirty, inputSchema=schema, outputSchema=schema)]}
    await Sieve(notes).sieve(result)
    seen = {
        "type": "object",
        "properties": {dirty: {"description": "ab", "enum": [dirty], "default": {"title": dirty}}},
    }
    assert result["tools"] == [tool("t", description="ab", title="ab", inputSchema=seen, outputSchema=seen)]
    assert "hidden characters" in notes.repaired[0]


async def test_long_description_is_cut_and_large_output_schema_dropped() -> None:
    """The tool stays."""
    result, left_out = await sieved(
        {"tools": [tool("t", description="x" * 200_000, outputSchema={"type": "object", "x": "y" * LARGEST_SCHEMA})]}
    )
    assert result["tools"] == [tool("t", description="x" * 100_000)]
    assert left_out == []


@pytest.mark.parametrize(
    ("page", "mended"),
    [
        ({"tools": None}, {"tools": []}),
        ({}, {"tools": []}),
        ({"tools": {"good": {"inputSchema": {"type": "object"}}}}, {"tools": [GOOD]}),
        ({"tools": [], "nextCursor": 7}, {"tools": []}),
        ({"tools": [], "nextCursor": ""}, {"tools": []}),
        ({"tools": [], "nextCursor": None}, {"tools": []}),
        ({"tools": [], "nextCursor": {"a": 1}}, {"tools": []}),
        ({"tools": [], "nextCursor": "2"}, {"tools": [], "nextCursor": "2"}),
        ({"tools": [], "_meta": 7}, {"tools": []}),
    ],
)
async def test_what_stands_beside_the_tools_is_mended(page: dict[str, Any], mended: dict[str, Any]) -> None:
    """A wrong cursor ends the list; a missing list is an empty one."""
    sieve = Sieve(Notes())
    sieve.mend_page(page)
    await sieve.sieve(page)
    assert page == mended


async def test_what_was_cut_before_is_told() -> None:
    """A message of too many values has been cut on the way; a server cannot say so itself in another way."""
    for cut, left_out in ((5, ["5 more"]), ("5", []), (None, [])):
        assert await sieved({"tools": [], "_meta": {"batonmcp/leftOut": cut}}) == ({"tools": [], "_meta": {}}, left_out)
