"""The literals that can be wrong by themselves: patterns, which are compiled before anything runs."""

import ast

from batonmcp.core.expression.budget import DEFAULT_LIMITS, Budget
from batonmcp.core.expression.functions.texts import TEXTS
from batonmcp.core.expression.pattern import compile_pattern
from batonmcp.core.expression.signatures import FUNCTION_LEAD, bind_arguments

__all__ = ["check_literals"]

_PATTERN = "pattern"


def check_literals(tree: ast.expr) -> None:
    """Compile the literal patterns of an expression, at the cost of one evaluation at most.

    Args:
        tree: The expression, which compiles.

    Raises:
        Fault: A pattern cannot be used, or there are too many.
    """
    budget = Budget(DEFAULT_LIMITS)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in TEXTS:
            pattern = _pattern(node, node.func.id)
            if isinstance(pattern, ast.Constant) and isinstance(pattern.value, str):
                compile_pattern(pattern.value, budget)


def _pattern(node: ast.Call, name: str) -> object:
    named = {keyword.arg or "": keyword.value for keyword in node.keywords}
    return bind_arguments(name, TEXTS[name], node.args, named, lead=FUNCTION_LEAD)[_PATTERN]
