"""The language: what can be done with an expression. It is parsed once, and evaluated often."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from keyword import iskeyword

from pydantic import JsonValue

from batonmcp.core.errors import ExpressionFailed, ExpressionInvalid
from batonmcp.core.expression.budget import DEFAULT_LIMITS, Budget, Limits
from batonmcp.core.expression.compiler import compile_term
from batonmcp.core.expression.cost import only_selects, steps_of
from batonmcp.core.expression.fault import Fault
from batonmcp.core.expression.frame import Evaluator, Frame
from batonmcp.core.expression.functions import FUNCTION_NAMES
from batonmcp.core.expression.literals import check_literals
from batonmcp.core.expression.scopes import CONSTANTS, Scopes
from batonmcp.core.expression.syntax import parse_tree
from batonmcp.core.expression.wording import nearest

__all__ = ["Expression", "Program", "evaluate", "parse", "rename"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What runs an expression.

    Attributes:
        run: Gives the value of the expression.
        slots: The slot of each free name.
        size: How many slots there are.
        steps: What running it costs, beside its loops and functions.
        selects: Whether the value holds each part of the scope at most once, so that its size needs no check.
    """

    run: Evaluator
    slots: Mapping[str, int]
    size: int
    steps: int
    selects: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """An expression that can be evaluated.

    Attributes:
        source: The expression as written.
        names: The free names: what a scope must have for it.
        program: What runs it.
    """

    source: str
    names: frozenset[str]
    program: Program = field(repr=False, compare=False)


def parse(source: str) -> Expression:
    """Return the expression that a text stands for.

    Args:
        source: The text.

    Raises:
        ExpressionInvalid: It is no expression of the language, or past its limits.
    """
    try:
        tree = parse_tree(source)
        scopes = Scopes(tree)
        run = compile_term(tree, scopes)
        check_literals(tree)
    except Fault as fault:
        raise ExpressionInvalid(source=source, message=fault.message, cure=fault.cure) from None
    program = Program(run=run, slots=scopes.free, size=scopes.size, steps=steps_of(tree), selects=only_selects(tree))
    return Expression(source=source, names=frozenset(scopes.free), program=program)


def evaluate(expression: Expression, scope: Mapping[str, JsonValue], *, limits: Limits = DEFAULT_LIMITS) -> JsonValue:
    """Return the value of an expression. It may share parts with the scope: JSON values are not to be changed.

    Args:
        expression: The expression.
        scope: A value for each of its free names.
        limits: How much the evaluation may do.

    Raises:
        ExpressionFailed: It has no value over this scope, or the limits do not suffice.
    """
    try:
        return _run(expression.program, scope, Budget(limits))
    except Fault as fault:
        raise ExpressionFailed(source=expression.source, message=fault.message, cure=fault.cure) from None


def rename(expression: Expression, names: Mapping[str, str]) -> Expression:
    """Return the expression with other free names.

    Args:
        expression: The expression.
        names: The new name for each old one; names that do not occur are passed over.

    Raises:
        ExpressionInvalid: A new name is none, or already means something else in the expression.
    """
    changes = {old: new for old, new in names.items() if old in expression.names and old != new}
    if not changes:
        return expression
    tree = parse_tree(expression.source)
    scopes = Scopes(tree)
    others = scopes.bound | expression.names - changes.keys()
    for old, new in changes.items():
        if new in others or not _is_name(new):
            raise ExpressionInvalid(
                source=expression.source,
                message=f"`{old}` cannot be called {new!r}, which is no free name here.",
                cure="Choose a name that means nothing else in the expression.",
            )
        others.add(new)
        for node in scopes.occurrences(old):
            node.id = new
    try:
        return parse(ast.unparse(tree))
    except ValueError as error:
        message = f"it cannot be written with other names: {error}."
        raise ExpressionInvalid(
            source=expression.source, message=message, cure="Write its f-strings simpler."
        ) from None


def _run(program: Program, scope: Mapping[str, JsonValue], budget: Budget) -> JsonValue:
    variables: list[JsonValue] = [None] * program.size
    for name, slot in program.slots.items():
        if name not in scope:
            raise Fault(
                message=f"`{name}` has no value.",
                cure=f"Call it: {name}(x)." if name in FUNCTION_NAMES else nearest(name, scope),
            )
        variables[slot] = scope[name]
    budget.spend(program.steps)
    value = program.run(Frame(variables=variables, budget=budget))
    if not program.selects:
        budget.weigh(value)
    return value


def _is_name(name: str) -> bool:
    return name.isidentifier() and not iskeyword(name) and name not in FUNCTION_NAMES and name not in CONSTANTS
