"""The calls of an expression: which function or method each one means, and with which arguments."""

import ast
from collections.abc import Callable, Mapping

from batonmcp.core.expression import evaluators
from batonmcp.core.expression.cost import steps_of
from batonmcp.core.expression.evaluators import Argument
from batonmcp.core.expression.fault import Fault
from batonmcp.core.expression.frame import Evaluator, Function
from batonmcp.core.expression.functions import FUNCTIONS, IS_INSTANCE
from batonmcp.core.expression.functions.methods import METHODS
from batonmcp.core.expression.keys import KeyEvaluator, key_by_evaluator, key_by_path
from batonmcp.core.expression.refusals import refused_call, refused_method
from batonmcp.core.expression.scopes import Scopes
from batonmcp.core.expression.signatures import FUNCTION_LEAD, METHOD_LEAD, bind_arguments
from batonmcp.core.expression.syntax import written

__all__ = ["compile_call"]

Compile = Callable[[ast.expr, Scopes], Evaluator]

_KEY = "key"
_KEY_STEPS = 8
_TYPES: Mapping[str, type] = {kind.__name__: kind for kind in (bool, dict, float, int, list, set, str, tuple)}


def compile_call(node: ast.Call, scopes: Scopes, compile_term: Compile) -> Evaluator:
    """Return what evaluates a call.

    Args:
        node: The call.
        scopes: What the names of the whole expression mean.
        compile_term: Compiles an argument.

    Raises:
        Fault: There is no such function or method, or it does not take these arguments.
    """
    match node.func:
        case ast.Name(id=name) if name == IS_INSTANCE:
            return _is_instance(node, scopes, compile_term)
        case ast.Name(id=name):
            function, lead, receivers = _function(name), FUNCTION_LEAD, []
        case ast.Attribute(attr=name, value=receiver):
            function, lead, receivers = _method(name), METHOD_LEAD, [compile_term(receiver, scopes)]
        case _:
            raise Fault(message=f"`{written(node.func)}` is no function.", cure="Call one by its name.")
    named = _named(name, node)
    key = bind_arguments(name, function, node.args, named, lead=lead).get(_KEY)

    def compile_argument(argument: ast.expr) -> Argument:
        return _key(argument, scopes, compile_term) if argument is key else compile_term(argument, scopes)

    return evaluators.call(
        function,
        [*receivers, *map(compile_argument, node.args)],
        {parameter: compile_argument(argument) for parameter, argument in named.items()},
    )


def _function(name: str) -> Function:
    if name not in FUNCTIONS:
        raise refused_call(name)
    return FUNCTIONS[name]


def _method(name: str) -> Function:
    if name not in METHODS:
        raise refused_method(name)
    return METHODS[name]


def _named(name: str, node: ast.Call) -> Mapping[str, ast.expr]:
    named: dict[str, ast.expr] = {}
    for keyword in node.keywords:
        if keyword.arg is None or keyword.arg in named:
            raise Fault(message=f"`{name}` takes each named argument once, and no `**`.")
        named[keyword.arg] = keyword.value
    return named


def _key(node: ast.expr, scopes: Scopes, compile_term: Compile) -> KeyEvaluator:
    """Compile the argument `key`: a lambda, a function or method by its name, or the name of a field."""
    match node:
        case ast.Lambda(args=ast.arguments(args=[parameter]), body=body) if ast.unparse(node.args) == parameter.arg:
            return key_by_evaluator(scopes.slots[parameter], compile_term(body, scopes), steps_of(body))
        case ast.Lambda():
            raise Fault(message="the lambda of a `key` takes one item.", cure="Write key=lambda x: x.field.")
        case ast.Name(id=name) if node not in scopes.slots and name in FUNCTIONS:
            bind_arguments(name, FUNCTIONS[name], [node], {}, lead=FUNCTION_LEAD)
            return _key_by_call(FUNCTIONS[name], [], scopes)
        case ast.Attribute(attr=name, value=receiver) if name in METHODS:
            bind_arguments(name, METHODS[name], [node], {}, lead=METHOD_LEAD)
            return _key_by_call(METHODS[name], [compile_term(receiver, scopes)], scopes)
        case _:
            return key_by_path(compile_term(node, scopes))


def _key_by_call(function: Function, receivers: list[Evaluator], scopes: Scopes) -> KeyEvaluator:
    slot = scopes.add_slot()
    body = evaluators.call(function, [*receivers, evaluators.variable(slot)], {})
    return key_by_evaluator(slot, body, _KEY_STEPS)


def _is_instance(node: ast.Call, scopes: Scopes, compile_term: Compile) -> Evaluator:
    match node:
        case ast.Call(args=[value, ast.Tuple(elts=names)], keywords=[]):
            pass
        case ast.Call(args=[value, name], keywords=[]):
            names = [name]
        case _:
            value, names = node, []
    types = [_TYPES[name.id] for name in names if isinstance(name, ast.Name) and name.id in _TYPES]
    if not names or len(types) < len(names):
        raise Fault(
            message=f"`{IS_INSTANCE}` takes a value and a type, or several types in brackets.",
            cure=f"The types are {', '.join(_TYPES)}.",
        )
    return evaluators.is_kind(compile_term(value, scopes), tuple(types))
