"""What the router's model is shown of the tools."""

import json
import re
from typing import Any

import pytest

from batonmcp.core.effect import Annotations, effect_of
from batonmcp.core.events import Event
from batonmcp.core.limits import Limits
from batonmcp.core.registry import Registry
from batonmcp.core.schema import Schema
from batonmcp.core.signature import signature
from batonmcp.core.tokens import estimated_tokens
from batonmcp.core.tool import Tool
from batonmcp.llm.definitions import Definitions
from batonmcp.stages.menu import MOST_FUNCTIONS, menu, menu_of
from batonmcp.stages.nearest import nearest
from builders import registry, tool
from doubles.embedding import InProcessEmbedder
from recorded_plans import plans_folder

O200K_PER_CHARACTER = 20_873 / 81_539
"""Tokens in a character of the signatures of these tools, as o200k counts them."""


def many(count: int, *, servers: int = 4, words: str = "Does something.") -> Registry:
    """Return a registry of so many tools."""
    return registry(*(tool(f"s{n % servers}__t{n:05}", description=words) for n in range(count)))


def real() -> Registry:
    """Return the tools of seventy real servers."""
    plans = plans_folder()
    if plans is None:
        pytest.skip("the catalogue of real tools is not on this machine: BATONMCP_DATA names the folder that holds it")
    lines = (plans.parent / "catalogue" / "tools.jsonl").read_text("utf-8").splitlines()
    return registry(*map(_tool, map(json.loads, lines)))


def _tool(row: dict[str, Any]) -> Tool:
    server = re.sub(r"[^A-Za-z0-9_-]", "_", row["server"])
    qualified = f"{server}__{row['name']}"
    return Tool(
        qualified=qualified,
        server=server,
        name=row["name"],
        agent=row["server"],
        description=row["description"] or "",
        input_schema=Schema(row["inputSchema"]),
        output_schema=None,
        effect=effect_of(row["name"], qualified, annotations=Annotations(), overrides={}),
    )


def test_few_tools_are_functions() -> None:
    """While there are few and they are small, a model gets them in its own form, and all of them."""
    menu = menu_of(many(MOST_FUNCTIONS), "q", Limits())
    assert len(menu.functions) == MOST_FUNCTIONS
    assert (menu.catalogue, menu.left_out, menu.note) == ("", {}, None)


@pytest.mark.parametrize(("tools", "limits"), [(MOST_FUNCTIONS + 1, Limits()), (3, Limits(native_tokens=10))])
def test_more_or_larger_ones_are_signatures(tools: int, limits: Limits) -> None:
    """Past the number that endpoints take, or past the budget, each is a line, and none is left out."""
    known = many(tools)
    menu = menu_of(known, "q", limits)
    assert menu.functions == ()
    assert menu.catalogue.splitlines() == [signature(one) for one in known]
    assert menu.note is None


def test_the_menu_is_the_same_for_every_query_while_all_fits() -> None:
    """The prefix that an endpoint caches does not hang on the query."""
    known = many(400)
    assert menu_of(known, "one", Limits()) == menu_of(known, "another", Limits())


def test_real_tools_all_fit() -> None:
    """527 real tools are all there in 30,000 tokens, with their whole names, required parameters and enumerations."""
    known = real()
    assert len(known) == 527
    menu = menu_of(known, "anything", Limits())
    lines = menu.catalogue.splitlines()
    assert len(lines) == 527
    assert menu.left_out == {}
    assert estimated_tokens(menu.catalogue) <= Limits().catalogue_tokens
    assert len(menu.catalogue) * O200K_PER_CHARACTER <= 30_000
    for one, line in zip(known, lines, strict=True):
        assert line.startswith(f"{one.qualified}(")
        for name in one.input_schema.document.get("required", []):
            assert re.search(rf"[(, ]\"?{re.escape(name)}\"?: ", line), line
        for member in one.input_schema.document.get("properties", {}).values():
            assert "|".join(json.dumps(option) for option in member.get("enum", [])) in line


def test_past_the_budget_the_best_are_shown() -> None:
    """What matches the query stays, what does not goes; every server is named, and the note says what was left out."""
    known = registry(
        *(tool(f"s{n % 5}__other{n:04}", description="Does something else entirely.") for n in range(2_000)),
        tool("volcano__locate", description="Finds a volcano near a place."),
    )
    menu = menu_of(known, "Which volcano is near?", Limits(catalogue_tokens=3_000))
    assert "volcano__locate(" in menu.catalogue
    assert estimated_tokens(menu.catalogue) <= 3_200
    for server in ("s0", "s1", "s2", "s3", "s4"):
        assert f"- {server}: " in menu.catalogue
    assert sum(menu.left_out.values()) + menu.catalogue.count("  # ") == 2_001
    assert menu.note is not None
    assert f"{sum(menu.left_out.values()):,} were left out" in menu.note


@pytest.mark.anyio
@pytest.mark.parametrize(("tools", "asked"), [(100, 0), (900, 0), (2_000, 1)])
async def test_vectors_are_asked_for_where_something_is_left_out(tools: int, asked: int) -> None:
    """As long as everything fits, nobody is asked."""
    known, events, embedder = many(tools), list[Event](), InProcessEmbedder()
    async with nearest(embedder, Definitions("s"), seconds=10_000, emit=events.append) as ranking:
        first = await menu(known, "something", Limits(catalogue_tokens=10_000), ranking)
        again = await menu(known, "something", Limits(catalogue_tokens=10_000), ranking)
    assert first == again
    assert embedder.texts.count("something") == asked
    assert events == []
