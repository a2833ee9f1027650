"""The store in memory; what it has in common with the other kind is in the contract."""

import anyio
import pytest

from batonmcp.store.memory import MemoryStore
from batonmcp.store.shelves import Shelf

pytestmark = pytest.mark.anyio


async def test_it_does_not_grow() -> None:
    """A shelf that is written for ever holds what its rules say, by what it counts and by what is there."""
    store = MemoryStore(shelves={"s": Shelf(days=1, count=1_000, size=1_000)})
    with anyio.fail_after(30):
        for number in range(500):
            await store.put("s", f"k{number % 70}", "x" * (number % 50))
            listed = await store.newest("s")
            values = [await store.get("s", entry.key) for entry in listed]
            assert sum(len(str(value)) + 2 for value in values) <= 1_000
        assert len(await store.newest("s")) > 15
        assert store.warnings == ()


async def test_two_are_apart() -> None:
    """Each has its own documents."""
    one, other = MemoryStore(), MemoryStore()
    with anyio.fail_after(10):
        await one.put("run", "k", 1)
        assert await other.get("run", "k") is None
