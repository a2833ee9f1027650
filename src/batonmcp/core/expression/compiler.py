"""The compiler: from Python's tree of an expression to evaluators. What it does not know is not in the language."""

import ast
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from batonmcp.core.expression import evaluators, loops
from batonmcp.core.expression.calls import compile_call
from batonmcp.core.expression.cost import steps_of
from batonmcp.core.expression.evaluators import TextEvaluator, Write
from batonmcp.core.expression.fault import Fault
from batonmcp.core.expression.frame import Evaluator
from batonmcp.core.expression.functions import FUNCTIONS
from batonmcp.core.expression.number import checked_number
from batonmcp.core.expression.operators import ARITHMETIC, COMPARISONS, SIGNS, Operator, Sign
from batonmcp.core.expression.refusals import refused_node
from batonmcp.core.expression.scopes import CONSTANTS, Scopes
from batonmcp.core.expression.syntax import written
from batonmcp.core.expression.text import to_ascii, to_repr, to_text

__all__ = ["compile_term"]

_ARITHMETIC: Mapping[type[ast.AST], Operator] = {
    ast.Add: ARITHMETIC["+"],
    ast.Div: ARITHMETIC["/"],
    ast.FloorDiv: ARITHMETIC["//"],
    ast.Mod: ARITHMETIC["%"],
    ast.Mult: ARITHMETIC["*"],
    ast.Pow: ARITHMETIC["**"],
    ast.Sub: ARITHMETIC["-"],
}
_COMPARISONS: Mapping[type[ast.AST], Operator] = {
    ast.Eq: COMPARISONS["=="],
    ast.Gt: COMPARISONS[">"],
    ast.GtE: COMPARISONS[">="],
    ast.In: COMPARISONS["in"],
    ast.Is: COMPARISONS["is"],
    ast.IsNot: COMPARISONS["is not"],
    ast.Lt: COMPARISONS["<"],
    ast.LtE: COMPARISONS["<="],
    ast.NotEq: COMPARISONS["!="],
    ast.NotIn: COMPARISONS["not in"],
}
_SIGNS: Mapping[type[ast.AST], Sign] = {ast.UAdd: SIGNS["+"], ast.USub: SIGNS["-"]}
_NO_CONVERSION = -1
_CONVERSIONS: Mapping[int, Write] = {_NO_CONVERSION: to_text, ord("a"): to_ascii, ord("r"): to_repr, ord("s"): to_text}


def compile_term(node: ast.expr, scopes: Scopes) -> Evaluator:
    """Return what evaluates an expression or a part of one.

    Args:
        node: The part.
        scopes: What the names of the whole expression mean.

    Raises:
        Fault: The part is not in the language.
    """
    compile_kind = _TERMS.get(type(node))
    if compile_kind is None:
        raise refused_node(node)
    return compile_kind(node, scopes)


def _compile_all(nodes: Sequence[ast.expr], scopes: Scopes) -> list[Evaluator]:
    return [compile_term(node, scopes) for node in nodes]


def _constant(node: ast.Constant, _: Scopes) -> Evaluator:
    match node.value:
        case None | bool() | str():
            return evaluators.constant(node.value)
        case int() | float():
            return evaluators.constant(checked_number(node.value))
        case _:
            raise Fault(
                message=f"`{written(node)}` is no JSON value.", cure="Write text, a number, true, false or null."
            )


def _name(node: ast.Name, scopes: Scopes) -> Evaluator:
    if node in scopes.slots:
        return evaluators.variable(scopes.slots[node])
    return evaluators.constant(CONSTANTS[node.id])


def _attribute(node: ast.Attribute, scopes: Scopes) -> Evaluator:
    return evaluators.attribute(compile_term(node.value, scopes), node.attr, partial(written, node.value))


def _subscript(node: ast.Subscript, scopes: Scopes) -> Evaluator:
    base, place = compile_term(node.value, scopes), partial(written, node.value)
    if not isinstance(node.slice, ast.Slice):
        return evaluators.index(base, compile_term(node.slice, scopes), place)
    bounds = (node.slice.lower, node.slice.upper, node.slice.step)
    return evaluators.slicing(base, [compile_term(bound or ast.Constant(None), scopes) for bound in bounds], place)


def _binary(node: ast.BinOp, scopes: Scopes) -> Evaluator:
    operator = _ARITHMETIC.get(type(node.op))
    if operator is None:
        raise refused_node(node.op)
    return evaluators.arithmetic(operator, compile_term(node.left, scopes), compile_term(node.right, scopes))


def _unary(node: ast.UnaryOp, scopes: Scopes) -> Evaluator:
    if isinstance(node.op, ast.Not):
        return evaluators.negation(compile_term(node.operand, scopes))
    sign = _SIGNS.get(type(node.op))
    if sign is None:
        raise refused_node(node.op)
    return evaluators.sign(sign, compile_term(node.operand, scopes))


def _boolean(node: ast.BoolOp, scopes: Scopes) -> Evaluator:
    terms = _compile_all(node.values, scopes)
    return evaluators.conjunction(terms) if isinstance(node.op, ast.And) else evaluators.disjunction(terms)


def _comparison(node: ast.Compare, scopes: Scopes) -> Evaluator:
    for operator, left, right in zip(node.ops, [node.left, *node.comparators], node.comparators, strict=False):
        if isinstance(operator, ast.Is | ast.IsNot) and not (_is_singleton(left) or _is_singleton(right)):
            raise Fault(message="`is` compares with null, true or false only.", cure="Write `==` or `!=`.")
    operators = [_COMPARISONS[type(operator)] for operator in node.ops]
    terms = _compile_all(node.comparators, scopes)
    return evaluators.comparison(compile_term(node.left, scopes), list(zip(operators, terms, strict=True)))


def _is_singleton(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=None | True | False):
            return True
        case ast.Name():
            return node.id in CONSTANTS
        case _:
            return False


def _conditional(node: ast.IfExp, scopes: Scopes) -> Evaluator:
    return evaluators.conditional(*_compile_all((node.test, node.body, node.orelse), scopes))


def _list(node: ast.List | ast.Tuple, scopes: Scopes) -> Evaluator:
    return evaluators.list_display(_compile_all(node.elts, scopes))


def _set(node: ast.Set, scopes: Scopes) -> Evaluator:
    if isinstance(node.elts[0], ast.Set):
        raise Fault(message="`{{...}}` is no template here.", cure="Write the expression itself, without braces.")
    return evaluators.call(FUNCTIONS["unique"], [evaluators.list_display(_compile_all(node.elts, scopes))], {})


def _object(node: ast.Dict, scopes: Scopes) -> Evaluator:
    keys = [None if key is None else compile_term(key, scopes) for key in node.keys]
    return evaluators.object_display(list(zip(keys, _compile_all(node.values, scopes), strict=True)))


def _list_comprehension(node: ast.ListComp | ast.GeneratorExp, scopes: Scopes) -> Evaluator:
    return loops.list_comprehension(_loop(node.generators, [node.elt], scopes), compile_term(node.elt, scopes))


def _set_comprehension(node: ast.SetComp, scopes: Scopes) -> Evaluator:
    rounds = _loop(node.generators, [node.elt], scopes)
    return evaluators.call(FUNCTIONS["unique"], [loops.list_comprehension(rounds, compile_term(node.elt, scopes))], {})


def _object_comprehension(node: ast.DictComp, scopes: Scopes) -> Evaluator:
    rounds = _loop(node.generators, [node.key, node.value], scopes)
    return loops.object_comprehension(rounds, compile_term(node.key, scopes), compile_term(node.value, scopes))


def _loop(generators: Sequence[ast.comprehension], results: Sequence[ast.expr], scopes: Scopes) -> loops.Loop:
    generator, *rest = generators
    if generator.is_async:
        raise Fault(message="`async for` is not part of the language.", cure="Write `for`.")
    condition = ast.BoolOp(op=ast.And(), values=generator.ifs) if generator.ifs else ast.Constant(value=True)
    return loops.loop(
        compile_term(generator.iter, scopes),
        _target(generator.target, scopes),
        condition=compile_term(condition, scopes),
        inner=_loop(rest, results, scopes) if rest else None,
        steps=steps_of(generator.target, condition, *([rest[0].iter] if rest else results)),
    )


def _target(node: ast.expr, scopes: Scopes) -> loops.Bind:
    match node:
        case ast.Name():
            return loops.bind_slot(scopes.slots[node])
        case ast.Tuple() | ast.List():
            return loops.bind_each([_target(part, scopes) for part in node.elts])
        case _:
            raise Fault(message=f"`for` cannot fill `{written(node)}`.", cure="Loop with a name: [x for x in items].")


def _joined(node: ast.JoinedStr, scopes: Scopes) -> TextEvaluator:
    return evaluators.joined([_text_part(part, scopes) for part in node.values])


def _text_part(node: ast.expr, scopes: Scopes) -> TextEvaluator:
    if not isinstance(node, ast.FormattedValue):
        return evaluators.written(compile_term(node, scopes), to_text)
    value, convert = compile_term(node.value, scopes), _CONVERSIONS[node.conversion]
    if not isinstance(node.format_spec, ast.JoinedStr):
        return evaluators.written(value, convert)
    if node.conversion != _NO_CONVERSION:
        value = evaluators.written(value, convert)
    return evaluators.formatted(value, _joined(node.format_spec, scopes))


def _call(node: ast.Call, scopes: Scopes) -> Evaluator:
    return compile_call(node, scopes, compile_term)


_TERMS: Mapping[type[ast.expr], Callable[[Any, Scopes], Evaluator]] = {
    ast.Attribute: _attribute,
    ast.BinOp: _binary,
    ast.BoolOp: _boolean,
    ast.Call: _call,
    ast.Compare: _comparison,
    ast.Constant: _constant,
    ast.Dict: _object,
    ast.DictComp: _object_comprehension,
    ast.GeneratorExp: _list_comprehension,
    ast.IfExp: _conditional,
    ast.JoinedStr: _joined,
    ast.List: _list,
    ast.ListComp: _list_comprehension,
    ast.Name: _name,
    ast.Set: _set,
    ast.SetComp: _set_comprehension,
    ast.Subscript: _subscript,
    ast.Tuple: _list,
    ast.UnaryOp: _unary,
}
