"""The cost of an expression, as far as it shows before it is run."""

import ast
from collections.abc import Mapping
from collections.abc import Set as AbstractSet

__all__ = ["only_selects", "steps_of"]

_STEPS: Mapping[type[ast.expr], int] = {
    ast.BinOp: 4,
    ast.Call: 11,
    ast.Compare: 2,
    ast.Dict: 5,
    ast.DictComp: 10,
    ast.FormattedValue: 4,
    ast.GeneratorExp: 10,
    ast.JoinedStr: 4,
    ast.List: 4,
    ast.ListComp: 10,
    ast.Set: 10,
    ast.SetComp: 10,
    ast.Slice: 5,
    ast.Tuple: 4,
}
"""What a term costs if not 1."""

_SELECTING_FUNCTIONS = frozenset(
    {"flatten", "group_by", "index_by", "items", "keys", "list", "reversed", "sorted", "unique", "values"}
)
_SELECTING_METHODS = frozenset({"items", "keys", "values"})


def steps_of(*nodes: ast.AST) -> int:
    """Return what one run of some parts costs, beside what their loops and functions pay for themselves.

    Args:
        nodes: The parts.
    """
    terms = [term for node in nodes for term in ast.walk(node) if isinstance(term, ast.expr)]
    return sum(_STEPS.get(type(term), 1) for term in terms)


def only_selects(node: ast.expr, sources: AbstractSet[str] | None = None) -> bool:
    """Return whether a value holds each part of its sources at most once, so that it is no larger than they are.

    Args:
        node: The expression or a part of one.
        sources: The variables that it may select from; without them, all.
    """
    match node:
        case ast.Name(id=name):
            return sources is None or name in sources
        case ast.ListComp() | ast.GeneratorExp():
            return _each_selects(node, sources)
        case ast.Attribute(value=base) | ast.Subscript(value=base):
            parts = [base]
        case ast.Call(func=ast.Name(id=name), args=[base, *_]) if name in _SELECTING_FUNCTIONS:
            parts = [base]
        case ast.Call(func=ast.Attribute(attr=name, value=base)) if name in _SELECTING_METHODS:
            parts = [base]
        case ast.IfExp(body=then, orelse=otherwise):
            parts = [then, otherwise]
        case ast.BoolOp(values=terms):
            parts = terms
        case _:
            return isinstance(node, ast.List) and not node.elts
    return all(only_selects(part, sources) for part in parts)


def _each_selects(node: ast.ListComp | ast.GeneratorExp, sources: AbstractSet[str] | None) -> bool:
    for generator in node.generators:
        if not only_selects(generator.iter, sources):
            return False
        sources = {name.id for name in ast.walk(generator.target) if isinstance(name, ast.Name)}
    return only_selects(node.elt, sources)
