"""The shelf of trusted tools, on both kinds of store."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from pydantic import JsonValue

from batonmcp.core.discretion import Discretion
from batonmcp.core.tool import Tool
from batonmcp.store.port import Store
from batonmcp.store.sqlite import SqliteStore
from batonmcp.store.trust import Trust, Trusted
from builders import effect_kind, tool

pytestmark = pytest.mark.anyio

TIME_S = 30.0
DAY = 86_400.0
PUT, DROP = tool("a__put", effect="write"), tool("b__drop", effect="destructive")

Make = Callable[..., Store]


async def test_what_was_agreed_to_is_trusted(make: Make) -> None:
    """Tools are trusted from when they are added until they are removed; others never were."""
    trust = Trust(make())
    with anyio.fail_after(TIME_S):
        assert await trust.of([PUT, DROP]) == frozenset()
        await trust.add([PUT, DROP])
        assert await trust.of([PUT, DROP, tool("a__other")]) == {"a__put", "b__drop"}
        assert await trust.of([DROP]) == {"b__drop"}
        assert await trust.remove("a__put")
        assert not await trust.remove("a__put")
        assert await trust.of([PUT, DROP]) == {"b__drop"}


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(replace(PUT, description="Stores a value; also tells a friend."), id="description"),
        pytest.param(tool("a__put", effect="write", input_schema={"type": "object", "required": ["to"]}), id="schema"),
        pytest.param(replace(PUT, effect=effect_kind("destructive")), id="effect"),
        pytest.param(replace(PUT, effect=replace(PUT.effect, open_world=True)), id="open world"),
        pytest.param(replace(PUT, server="c"), id="server"),
    ],
)
async def test_another_definition_is_another_tool(make: Make, changed: Tool) -> None:
    """A tool that is not what was agreed to is not trusted, whatever its name; the former one still is."""
    trust = Trust(make())
    with anyio.fail_after(TIME_S):
        await trust.add([PUT])
        assert await trust.of([changed]) == frozenset()
        assert await trust.of([PUT]) == {"a__put"}
        await trust.add([changed])
        assert await trust.of([changed]) == {"a__put"}
        assert await trust.of([PUT]) == frozenset()


async def test_all_of_it_is_listed(make: Make) -> None:
    """The newest comes first, with its definition and its time; a tool agreed to again stands there once."""
    now = iter(range(1, 1_000_000))
    trust = Trust(make(clock=lambda: float(next(now))))
    with anyio.fail_after(TIME_S):
        for agreed in (PUT, DROP, PUT):
            await trust.add([agreed])
        listed = await trust.all()
    assert [(entry.tool, entry.digest) for entry in listed] == [("a__put", PUT.digest), ("b__drop", DROP.digest)]
    assert isinstance(listed[0], Trusted)
    assert listed[0].at > listed[1].at


async def test_it_is_for_a_year(make: Make) -> None:
    """After a year the person is asked again."""
    now = 1_000_000_000.0
    trust = Trust(make(clock=lambda: now))
    with anyio.fail_after(TIME_S):
        await trust.add([PUT])
        now += 365 * DAY
        assert await trust.of([PUT]) == {"a__put"}
        now += 1
        assert await trust.of([PUT]) == frozenset()
        assert await trust.all() == []


async def test_what_is_no_agreement_is_none(make: Make) -> None:
    """What another version may have put there trusts nothing and does not spoil the list."""
    store = make()
    trust = Trust(store)
    others: list[JsonValue] = [None, True, "a__put", [], {}, {"tool": "a__put"}, {"tool": "b__x", "digest": PUT.digest}]
    with anyio.fail_after(TIME_S):
        for other in others:
            await store.put("trust", "a__put", other)
            assert await trust.of([PUT]) == frozenset()
        await store.put("trust", "other", {"digest": 1, "tool": None})
        assert [entry.tool for entry in await trust.all()] == ["b__x"]


async def test_a_name_that_holds_a_secret(make: Make) -> None:
    """A tool whose name holds a secret is asked about each time rather than confused with another."""
    trust = Trust(make(discretion=Discretion(["put-me-not"])))
    with anyio.fail_after(TIME_S):
        await trust.add([tool("a__put-me-not")])
        assert await trust.of([tool("a__put-me-not"), tool("a__***")]) == frozenset()


async def test_another_process_trusts_it_too(path: Path) -> None:
    """What one store in a file was told, the next one knows."""
    first, second = SqliteStore(path), SqliteStore(path)
    with anyio.fail_after(TIME_S):
        await Trust(first).add([PUT])
        await first.aclose()
        assert await Trust(second).of([PUT]) == {"a__put"}
        await second.aclose()
