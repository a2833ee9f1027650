"""The scopes: which variable each name of an expression means.

A variable of a comprehension is known from its `for` to the comprehension's end, a parameter of a lambda in its body.
Every other name is free, unless it is a constant of the language, a function that is called or given as a `key`, or a
type that `isinstance` is given.
"""

import ast
from collections.abc import Mapping

from batonmcp.core.expression.functions import FUNCTIONS, IS_INSTANCE

__all__ = ["CONSTANTS", "CONSTANT_NAMES", "Scopes"]

CONSTANTS: Mapping[str, bool | None] = {"false": False, "null": None, "true": True}

CONSTANT_NAMES = frozenset(CONSTANTS)
"""The names that stand for JSON's constants; Python's own are keywords."""

_Comprehension = ast.DictComp | ast.GeneratorExp | ast.ListComp | ast.SetComp
_Known = Mapping[str, int]


class Scopes:
    """What the names of one expression mean. Each variable has a slot of its own.

    Args:
        tree: The expression.
    """

    def __init__(self, tree: ast.expr) -> None:
        self.slots: dict[ast.AST, int] = {}
        self.free: dict[str, int] = {}
        self.bound: set[str] = set()
        self.size = 0
        self._visit(tree, {})

    def add_slot(self) -> int:
        """Return a slot that no other variable has."""
        self.size += 1
        return self.size - 1

    def occurrences(self, name: str) -> list[ast.Name]:
        """Return where a free name stands.

        Args:
            name: The free name.
        """
        slot = self.free[name]
        return [node for node, taken in self.slots.items() if taken == slot and isinstance(node, ast.Name)]

    def _visit(self, node: ast.AST, known: _Known) -> None:
        match node:
            case ast.Name():
                self._read(node, known)
            case ast.Lambda():
                for parameter in node.args.args:
                    known = self._declare(parameter, parameter.arg, known)
                self._visit(node.body, known)
            case ast.DictComp() | ast.GeneratorExp() | ast.ListComp() | ast.SetComp():
                self._visit_comprehension(node, known)
            case ast.Call(func=ast.Name(id=function), args=[value, *_]) if function == IS_INSTANCE:
                self._visit(value, known)
            case ast.Call(func=ast.Name()):
                for argument in (*node.args, *node.keywords):
                    self._visit(argument, known)
            case ast.keyword(arg="key", value=ast.Name(id=name)) if name in FUNCTIONS and name not in known:
                pass
            case _:
                for child in ast.iter_child_nodes(node):
                    self._visit(child, known)

    def _visit_comprehension(self, node: _Comprehension, known: _Known) -> None:
        for generator in node.generators:
            self._visit(generator.iter, known)
            known = self._bind(generator.target, known)
            for condition in generator.ifs:
                self._visit(condition, known)
        results = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
        for result in results:
            self._visit(result, known)

    def _bind(self, target: ast.expr, known: _Known) -> _Known:
        match target:
            case ast.Name():
                return self._declare(target, target.id, known)
            case ast.Tuple() | ast.List():
                for part in target.elts:
                    known = self._bind(part, known)
                return known
            case _:
                return known

    def _declare(self, node: ast.AST, name: str, known: _Known) -> _Known:
        self.bound.add(name)
        self.slots[node] = self.add_slot()
        return {**known, name: self.slots[node]}

    def _read(self, node: ast.Name, known: _Known) -> None:
        if node.id in known:
            self.slots[node] = known[node.id]
        elif node.id not in CONSTANTS:
            if node.id not in self.free:
                self.free[node.id] = self.add_slot()
            self.slots[node] = self.free[node.id]
