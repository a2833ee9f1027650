"""What is remembered of endpoints."""

import pytest

from batonmcp.store.dialects import KeptDialects
from batonmcp.store.memory import MemoryStore

pytestmark = pytest.mark.anyio

BASE = "http://user:s3cret@llm.test/v1"


async def test_a_dialect_is_kept_for_its_endpoint_and_model() -> None:
    """It is there for every process that has the store, and for no other model or address."""
    store = MemoryStore()
    await KeptDialects(store).put(BASE, "m", {"form": "text"})
    kept = KeptDialects(store)
    assert await kept.get(BASE, "m") == {"form": "text"}
    assert await kept.get(BASE, "n") is None
    assert await kept.get("http://other/v1", "m") is None
    assert await kept.get(f"{BASE}m", "") is None


async def test_no_address_is_kept() -> None:
    """What stands in an address, a password even, is not in the store."""
    store = MemoryStore()
    await KeptDialects(store).put(BASE, "m", {})
    (entry,) = await store.newest("dialect")
    assert "s3cret" not in entry.key
    assert "llm.test" not in entry.key
