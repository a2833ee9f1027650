"""The shape of the code: layers, exports, and a test file for each module."""

import ast
from pathlib import Path

import pytest

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
