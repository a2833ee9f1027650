"""The contract of a store, held against both kinds."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from batonmcp.core.discretion import Discretion
from batonmcp.downstream.memory import Memory
from batonmcp.store.memory import MemoryStore
from batonmcp.store.port import Store
from batonmcp.store.shelves import Shelf
from batonmcp.store.sqlite import SqliteStore

pytestmark = pytest.mark.anyio

TIME_S = 30.0
DAY = 86_400.0
SMALL: Mapping[str, Shelf] = {
    "three": Shelf(days=10, count=3, size=10_000),
    "tiny": Shelf(days=10, count=100, size=100),
    "durable": Shelf(days=1, count=100, size=10_000, durable=True),
}


class Clock:
    """The time, which goes on when it is told."""

    def __init__(self) -> None:
        self.now = 1_000_000_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


Make = Callable[..., Store]


@pytest.fixture
def clock() -> Clock:
    """The time."""
    return Clock()


async def with_store(store: Store, use: Callable[[Store], Awaitable[None]]) -> None:
    """Use a store within the time of a test, and close it."""
    with anyio.fail_after(TIME_S):
        try:
            await use(store)
        finally:
            await store.aclose()


VALUES: list[JsonValue] = [
    None,
    True,
    0,
    -1.5,
    10**30,
    "",
    'é \U0001f3b5 \0 \ud800 "quoted" \\',
    [],
    [1, [2, {"a": None}]],
    {},
    {"key": {"": "empty", "é": [True, False]}},
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
async def test_what_was_put_is_got(make: Make, value: JsonValue) -> None:
    """Every JSON value comes back as it was, as often as it is asked for."""

    async def use(store: Store) -> None:
        await store.put("run", "k", value)
        for _ in range(2):
            assert await store.get("run", "k") == value
        assert not store.warnings

    await with_store(make(), use)


async def test_nothing_is_null(make: Make) -> None:
    """What was never put there, was deleted or taken is null; deleting it again does no harm."""

    async def use(store: Store) -> None:
        assert await store.get("run", "k") is None
        assert await store.take("run", "k") is None
        await store.delete("run", "k")
        await store.put("run", "k", 1)
        await store.delete("run", "k")
        assert await store.get("run", "k") is None
        assert await store.newest("run") == []

    await with_store(make(), use)


async def test_the_last_value_counts(make: Make) -> None:
    """A value stands in place of the one before; shelves and keys are apart."""

    async def use(store: Store) -> None:
        await store.put("run", "k", 1)
        await store.put("run", "k", 2)
        await store.put("era", "k", 3)
        await store.put("run", "K", 4)
        assert [await store.get(*place) for place in (("run", "k"), ("era", "k"), ("run", "K"))] == [2, 3, 4]
        assert len(await store.newest("run")) == 2

    await with_store(make(), use)


async def test_what_is_kept_is_a_copy(make: Make) -> None:
    """Changing a value that was put, or one that was got, changes nothing in the store."""

    async def use(store: Store) -> None:
        value: dict[str, JsonValue] = {"a": [1]}
        await store.put("run", "k", value)
        value["a"] = "changed"
        got = await store.get("run", "k")
        assert isinstance(got, dict)
        got["a"] = "changed"
        assert await store.get("run", "k") == {"a": [1]}

    await with_store(make(), use)


async def test_one_taker_gets_it(make: Make) -> None:
    """Of a thousand who take the same document at once, one gets it."""

    async def use(store: Store) -> None:
        await store.put("approval", "k", "yes")
        got: list[JsonValue] = []

        async def take() -> None:
            got.append(await store.take("approval", "k"))

        async with anyio.create_task_group() as tasks:
            for _ in range(1_000):
                tasks.start_soon(take)
        assert len(got) == 1_000
        assert [value for value in got if value is not None] == ["yes"]

    await with_store(make(), use)


async def test_the_newest_come_first(make: Make, clock: Clock) -> None:
    """Keys come with the time they were put there last, the newest first; of the same time, the later put."""

    async def use(store: Store) -> None:
        for key in ("a", "b", "c", "a"):
            clock.now += 1
            await store.put("run", key, key)
        await store.put("run", "d", "d")
        listed = await store.newest("run")
        assert [entry.key for entry in listed] == ["d", "a", "c", "b"]
        assert [clock.now - entry.at for entry in listed] == [0, 0, 1, 2]
        assert await store.newest("run", limit=2) == listed[:2]
        assert await store.newest("run", limit=0) == []

    await with_store(make(clock=clock), use)


async def test_it_expires_by_age(make: Make, clock: Clock) -> None:
    """A document older than its shelf keeps is gone for everyone who asks, and is removed by the next put."""

    async def use(store: Store) -> None:
        await store.put("durable", "old", 1)
        clock.now += DAY
        assert await store.get("durable", "old") == 1
        clock.now += 1
        await store.put("three", "other", 1)
        assert await store.get("durable", "old") is None
        assert await store.newest("durable") == []
        assert await store.take("durable", "old") is None
        await store.put("durable", "old", 2)
        assert await store.get("durable", "old") == 2

    await with_store(make(clock=clock, shelves=SMALL), use)


async def test_it_expires_by_count(make: Make, clock: Clock) -> None:
    """The oldest goes when there are too many; one that is put again is new."""

    async def use(store: Store) -> None:
        for key in ("a", "b", "c", "a", "d"):
            clock.now += 1
            await store.put("three", key, 1)
        assert [entry.key for entry in await store.newest("three")] == ["d", "a", "c"]

    await with_store(make(clock=clock, shelves=SMALL), use)


async def test_it_expires_by_size(make: Make, clock: Clock) -> None:
    """The oldest go until the newest has room; what is larger than the shelf is not kept, nor what it replaces."""

    async def use(store: Store) -> None:
        for key in ("a", "b", "c"):
            clock.now += 1
            await store.put("tiny", key, "x" * 30)
        assert [entry.key for entry in await store.newest("tiny")] == ["c", "b", "a"]
        await store.put("tiny", "d", "x" * 60)
        assert [entry.key for entry in await store.newest("tiny")] == ["d", "c"]
        await store.put("tiny", "c", "x" * 200)
        assert [entry.key for entry in await store.newest("tiny")] == ["d"]

    await with_store(make(clock=clock, shelves=SMALL), use)


async def test_what_has_no_form_is_not_kept(make: Make) -> None:
    """A value that is no JSON, or nested too deeply, is forgotten, and so is what it was to replace."""

    async def use(store: Store) -> None:
        deep: list[Any] = []
        for _ in range(100_000):
            deep = [deep]
        for wrong in (deep, object()):
            await store.put("run", "k", 1)
            await store.put("run", "k", wrong)  # type: ignore[arg-type] - what a caller should not do
            assert await store.get("run", "k") is None
        deep.clear()

    await with_store(make(), use)


SECRET = "correct-horse"  # noqa: S105 - the secret of this test


async def test_secrets_are_left_out(make: Make) -> None:
    """A configured secret is in nothing that comes back: values, keys of objects, and keys of documents."""

    async def use(store: Store) -> None:
        await store.put("run", f"of {SECRET}", {f"a {SECRET}": [f"{SECRET}{SECRET}", "a correct horse"]})
        assert await store.get("run", f"of {SECRET}") == {"a ***": ["******", "a correct horse"]}
        (entry,) = await store.newest("run")
        assert entry.key == "of ***"
        assert await store.take("run", f"of {SECRET}")

    await with_store(make(discretion=Discretion([SECRET])), use)


async def test_it_can_be_closed_and_used(make: Make) -> None:
    """A store that is closed forgets with the process, and never raises; it can be closed twice."""

    async def use(store: Store) -> None:
        await store.put("run", "k", 1)
        await store.aclose()
        await store.put("run", "k", 2)
        assert await store.get("run", "k") == 2

    await with_store(make(), use)


async def test_only_a_file_is_shared(make: Make) -> None:
    """Other processes see what is in a file, until it is closed; nobody else sees the memory of this one."""

    async def use(store: Store) -> None:
        await store.put("run", "k", 1)
        assert store.shared is isinstance(store, SqliteStore)
        await store.aclose()
        assert not store.shared

    await with_store(make(), use)


async def test_it_is_a_memory_of_servers(make: Make) -> None:
    """What servers are remembered by fits it as it is."""

    async def use(store: Store) -> None:
        memory: Memory = store
        await memory.put("era", "k", "modern")
        assert await memory.get("era", "k") == "modern"

    await with_store(make(), use)


PLACES = st.tuples(st.sampled_from(["three", "tiny", "other"]), st.sampled_from("abcde"))
ACTIONS = st.one_of(
    st.tuples(st.just("put"), PLACES, st.text("x", max_size=120)),
    st.tuples(st.sampled_from(["get", "take", "delete", "newest"]), PLACES, st.none()),
    st.tuples(st.just("wait"), PLACES, st.integers(0, 11).map(str)),
)


@settings(deadline=None, max_examples=60)
@given(st.lists(ACTIONS, max_size=40))
async def test_both_kinds_agree(
    tmp_path_factory: pytest.TempPathFactory, actions: list[tuple[str, tuple[str, str], str | None]]
) -> None:
    """Whatever is done, both kinds answer the same."""
    clock = Clock()
    file = tmp_path_factory.mktemp("agree") / "store.sqlite3"
    stores: list[Store] = [MemoryStore(clock=clock, shelves=SMALL), SqliteStore(file, clock=clock, shelves=SMALL)]

    async def act(store: Store, action: str, place: tuple[str, str], value: str | None) -> object:
        match action:
            case "put":
                return await store.put(*place, value)
            case "get":
                return await store.get(*place)
            case "take":
                return await store.take(*place)
            case "delete":
                return await store.delete(*place)
            case _:
                return await store.newest(place[0])

    with anyio.fail_after(TIME_S):
        for action, place, value in actions:
            clock.now += 1 + (float(value or 0) * DAY if action == "wait" else 0)
            if action != "wait":
                first, second = [await act(store, action, place, value) for store in stores]
                assert first == second
        for store in stores:
            await store.aclose()
