"""The refusals: what of Python the language leaves out, and what to write instead."""

import ast
from collections.abc import Mapping

from batonmcp.core.expression.fault import Fault
from batonmcp.core.expression.functions import FUNCTION_NAMES
from batonmcp.core.expression.functions.methods import METHODS
from batonmcp.core.expression.wording import nearest

__all__ = ["refused_call", "refused_method", "refused_node"]

_BITS = "Write `and`, `or` or `not`; compare lists by a comprehension: [x for x in a if x in b]."
_NODES: Mapping[type[ast.AST], tuple[str, str]] = {
    ast.Await: ("`await`", "A plan waits by itself: name the step."),
    ast.BitAnd: ("`&`", _BITS),
    ast.BitOr: ("`|`", "Write `or`; join lists as a + b, objects as {**a, **b}."),
    ast.BitXor: ("`^`", _BITS),
    ast.Invert: ("`~`", "Write `not`."),
    ast.LShift: ("`<<`", "Multiply by a power of 2."),
    ast.Lambda: ("a lambda here", "Only the argument `key` takes one; write a comprehension: [f(x) for x in items]."),
    ast.MatMult: ("`@`", "Write a comprehension."),
    ast.NamedExpr: ("`:=`", "Write the value where it is needed, or give it a step of its own."),
    ast.RShift: ("`>>`", "Divide by a power of 2 with `//`."),
    ast.Slice: ("a slice in a tuple", "Index one dimension after the other: x[a][b]."),
    ast.Starred: ("`*`", "Join lists as a + b."),
    ast.Yield: ("`yield`", "Write a comprehension."),
    ast.YieldFrom: ("`yield from`", "Write a comprehension."),
}
_FUNCTIONS: Mapping[str, str] = {
    "filter": "Write a comprehension: [x for x in items if condition].",
    "map": "Write a comprehension: [f(x) for x in items].",
    "pow": "Write a ** b.",
    "type": "Write isinstance(x, str), with str, int, float, bool, list or dict.",
}
_METHODS: Mapping[str, str] = {
    "append": "Values do not change; write a + [x].",
    "dumps": "Write to_json(x).",
    "extend": "Values do not change; write a + b.",
    "filter": _FUNCTIONS["filter"],
    "findall": "Write find_all(text, pattern).",
    "format": "Write text from parts as f'{a} {b}'.",
    "group": "match(text, pattern) gives the text itself, or the groups as a list or an object.",
    "includes": "Write `x in items`.",
    "length": "Write len(x).",
    "loads": "Write parse_json(text).",
    "map": _FUNCTIONS["map"],
    "search": "Write match(text, pattern).",
    "sort": "Values do not change; write sorted(items, key='field').",
    "sub": "Write replace_all(text, pattern, replacement).",
    "update": "Values do not change; write {**a, **b}.",
}


def refused_node(node: ast.AST) -> Fault:
    """Return what to say about a kind of term that the language does not have.

    Args:
        node: The term.
    """
    what, cure = _NODES.get(type(node), (f"{type(node).__name__}", "Write it with simpler terms."))
    return Fault(message=f"{what} is not part of the language.", cure=cure)


def refused_call(name: str) -> Fault:
    """Return what to say about a call of an unknown function.

    Args:
        name: The name that is called.
    """
    if name in METHODS:
        return Fault(message=f"there is no function `{name}`.", cure=f"It is a method: x.{name}(...).")
    names = sorted(FUNCTION_NAMES)
    cure = _FUNCTIONS.get(name) or f"{nearest(name, names)} The functions are {', '.join(names)}.".strip()
    return Fault(message=f"there is no function `{name}`.", cure=cure)


def refused_method(name: str) -> Fault:
    """Return what to say about a call of an unknown method.

    Args:
        name: The name that is called.
    """
    if name in FUNCTION_NAMES:
        return Fault(message=f"there is no method `{name}`.", cure=f"It is a function: {name}(x).")
    names = sorted(METHODS)
    cure = _METHODS.get(name) or f"{nearest(name, names)} The methods are {', '.join(names)}.".strip()
    return Fault(message=f"there is no method `{name}`.", cure=cure)
