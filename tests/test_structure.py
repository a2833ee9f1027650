"""The shape of the code: layers, exports, and a test file for each module."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from batonmcp.examples import analytics_agent, config_agent, data_agent

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "batonmcp"
MODULES = sorted(path.relative_to(SOURCE) for path in SOURCE.rglob("*.py"))


def _has_code(path: Path) -> bool:
    """Whether a module defines anything."""
    tree = ast.parse((SOURCE / path).read_text("utf-8"))
    return any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) for node in ast.walk(tree))


@pytest.mark.parametrize("module", [path for path in MODULES if _has_code(path)], ids=str)
def test_module_has_its_test_file(module: Path) -> None:
    """Each module that defines something has a test file of its own, in the same place of the tree."""
    name = {"__main__": "main", "__init__": "init"}.get(module.stem, module.stem)
    assert (ROOT / "tests" / module.parent / f"test_{name}.py").is_file()


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_module_says_what_it_exports(module: Path) -> None:
    """Each module has a docstring and an `__all__`, which ruff keeps sorted."""
    tree = ast.parse((SOURCE / module).read_text("utf-8"))
    assert ast.get_docstring(tree)
    assert sum(_is_all(node) for node in tree.body) == 1


def _is_all(node: ast.stmt) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets)


OWN_WORDS = frozenset(
    {"end", "limit", "previous", "setting", "settings", "since", "start", "status", "unit", "value", "window"}
)
"""Field names of the sample agents that are also words of the product itself."""


def test_no_name_of_a_sample_agent_in_the_product() -> None:
    """No server, tool or field of the sample agents occurs outside `examples`: nothing is tuned to them."""
    names: set[str] = set()
    for agent in (data_agent.AGENT, analytics_agent.AGENT, config_agent.AGENT):
        names |= {
            agent.name,
            agent.tool,
            agent.argument,
            *_fields(agent.output),
            *(part for part in agent.parts if "-" in part),
        }
    assert len(names) > 30
    wanted = re.compile(rf"\b({'|'.join(sorted(names - OWN_WORDS))})\b")
    found = [
        f"{path}: {match[0]}"
        for path in MODULES
        if path.parts[0] != "examples"
        for match in wanted.finditer((SOURCE / path).read_text("utf-8"))
    ]
    assert not found


def _fields(schema: dict[str, Any]) -> Iterator[str]:
    """Yield the property names of a schema, at all depths."""
    for name, member in schema.get("properties", {}).items():
        yield name
        yield from _fields(member)
    if "items" in schema:
        yield from _fields(schema["items"])
