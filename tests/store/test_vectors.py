"""The shelf of vectors."""

import pytest

from batonmcp.store.memory import MemoryStore
from batonmcp.store.vectors import Vectors

pytestmark = pytest.mark.anyio


async def test_vectors_are_kept_by_space() -> None:
    """They are there for every process that has the store, whole, and in no other space."""
    store = MemoryStore()
    await Vectors(store).add("s", {"a": bytes(range(256)), "b": b"\x81"})
    await Vectors(store).add("s", {"c": b"\x7f"})
    await Vectors(store).add("t", {"a": b"\x00"})
    assert await Vectors(store).get("s") == {"a": bytes(range(256)), "b": b"\x81", "c": b"\x7f"}
    assert await Vectors(store).get("u") == {}


async def test_the_newer_counts() -> None:
    """What was made anew stands above what it replaces, in whatever company it came."""
    store = MemoryStore()
    await Vectors(store).add("s", {"a": b"old", "b": b"old"})
    await Vectors(store).add("s", {"a": b"new"})
    assert await Vectors(store).get("s") == {"a": b"new", "b": b"old"}
    await Vectors(store).add("s", {"a": b"newer"})
    assert (await Vectors(store).get("s"))["a"] == b"newer"
    assert len(await store.newest("vector")) == 2


async def test_what_cannot_be_read_is_as_if_it_had_never_been_kept() -> None:
    """A document that is none of ours costs itself only."""
    store = MemoryStore()
    await store.put("vector", "s/x", ["a"])
    await store.put("vector", "s/y", {"a": "no base64", "b": "AQ=="})
    assert await Vectors(store).get("s") == {"b": b"\x01"}
