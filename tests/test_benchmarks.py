"""The benchmarks: that they measure what they say, not how fast."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import anyio
import pytest

from doubles.fake_llm import FREE

pytestmark = pytest.mark.anyio

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
TIME_S = 60


def _script(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Import a benchmark, which is a script and in no package."""
    spec = spec_from_file_location(name, BENCHMARKS / f"{name}.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(sys, "path", [*sys.path])
    spec.loader.exec_module(module)
    return module


async def test_versus_loop_counts_the_calls_of_both_sides(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two LLM calls by batonmcp, one for each tool or round of tools and one more by a loop; as many tool calls."""
    script = _script("versus_loop", monkeypatch)
    with anyio.fail_after(TIME_S):
        rows = await script.measure(FREE, runs=1)
    counted = {
        (row.question.mode, row.way): (len(sample.llm), sample.tool_calls) for row in rows for sample in row.samples
    }
    assert counted == {
        ("single", "loop, one tool a turn"): (2, 1),
        ("single", "loop, parallel tool calls"): (2, 1),
        ("single", "batonmcp"): (2, 1),
        ("parallel", "loop, one tool a turn"): (3, 2),
        ("parallel", "loop, parallel tool calls"): (2, 2),
        ("parallel", "batonmcp"): (2, 2),
        ("sequential", "loop, one tool a turn"): (6, 5),
        ("sequential", "loop, parallel tool calls"): (3, 5),
        ("sequential", "batonmcp"): (2, 5),
    }
