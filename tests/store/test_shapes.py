"""Learned shapes, kept by the definitions of tools."""

from dataclasses import replace

import pytest

from batonmcp.store.memory import MemoryStore
from batonmcp.store.shapes import Shapes
from builders import registry, tool

pytestmark = pytest.mark.anyio

SILENT = tool("a__silent")
DECLARED = tool("a__declared", output_schema={"type": "object"})


async def test_what_is_learned_is_told() -> None:
    """A tool that declares nothing gets the shape of its results, one that does keeps its own."""
    shapes, known = Shapes(MemoryStore()), registry(SILENT, DECLARED)
    assert await shapes.over(known) is known
    await shapes.learn(SILENT, {"n": 1})
    await shapes.learn(DECLARED, {"n": 1})
    told = await shapes.over(known)
    assert told["a__silent"].result_shape == {"type": "object", "properties": {"n": {"type": "integer"}}}
    assert told["a__declared"].result_shape == {"type": "object"}
    assert told.fingerprint == known.fingerprint
    assert await shapes.over(known) is told


async def test_more_results_widen_it() -> None:
    """The second result is merged into the first; the same again changes nothing."""
    shapes, known = Shapes(MemoryStore()), registry(SILENT)
    await shapes.learn(SILENT, {"n": 1})
    await shapes.learn(SILENT, {"n": 1.5, "m": "x"})
    told = await shapes.over(known)
    assert told["a__silent"].result_shape == {
        "type": "object",
        "properties": {"n": {"type": "number"}, "m": {"type": "string"}},
    }
    await shapes.learn(SILENT, {"n": 3, "m": "y"})
    assert await shapes.over(known) is told


async def test_another_process_knows_it() -> None:
    """What is in the store is told by whoever opens it next."""
    store = MemoryStore()
    await Shapes(store).learn(SILENT, [1])
    told = await Shapes(store).over(registry(SILENT, tool("a__other")))
    assert told["a__silent"].result_shape == {"type": "array", "items": {"type": "integer"}}
    assert told["a__other"].result_shape is None


async def test_two_processes_learn_together() -> None:
    """What one has learned meanwhile is not undone by what the other learns."""
    store = MemoryStore()
    here, there = Shapes(store), Shapes(store)
    await here.learn(SILENT, {"n": 1})
    await there.learn(SILENT, {"n": 1})
    await here.learn(SILENT, {"n": "many"})
    await there.learn(SILENT, {"n": 1, "m": True})
    for shapes in (there, Shapes(store)):
        told = await shapes.over(registry(SILENT))
        assert told["a__silent"].result_shape == {
            "type": "object",
            "properties": {"n": {}, "m": {"type": "boolean"}},
        }


async def test_another_definition_is_another_tool() -> None:
    """What was learned goes with the definition it was learned of."""
    shapes = Shapes(MemoryStore())
    await shapes.learn(SILENT, [1])
    changed = replace(SILENT, description="Does something else.")
    assert (await shapes.over(registry(changed)))["a__silent"].result_shape is None


async def test_garbage_in_the_store_is_nothing() -> None:
    """A document of another kind under the key is passed over."""
    store = MemoryStore()
    await store.put("shape", SILENT.digest, ["no", "shape"])
    shapes = Shapes(store)
    assert (await shapes.over(registry(SILENT)))["a__silent"].result_shape is None
