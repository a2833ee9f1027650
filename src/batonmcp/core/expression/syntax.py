"""The syntax: from source text to Python's tree of one expression, with caps on length and nesting."""

import ast
import re
import warnings

from batonmcp.core.expression.fault import Fault
from batonmcp.core.expression.wording import excerpt

__all__ = ["MAX_NESTING", "MAX_SOURCE_BYTES", "parse_tree", "written"]

MAX_SOURCE_BYTES = 4_096
MAX_NESTING = 40

_SIMPLER = "Give a part of it a step or a comprehension of its own."
_TOKENS = re.compile(r"(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<prefix>not\b|[-+~])|(?P<operand>[\w'\"]+)")
_HABITS = (
    (r"&&", "Write `and` for `&&`."),
    (r"\|\|", "Write `or` for `||`."),
    (r"[=!]==", "Write `==` or `!=`."),
    (r"(^|[\s(])!(?!=)", "Write `not` for `!`."),
    (r"=>", "Write a comprehension: [f(x) for x in items if condition]."),
    (r"\?\.", "Write `.` for `?.`: selecting from null gives null."),
    (r"\?\?", "Write `a if a is not None else b` for `a ?? b`."),
    (r"\s\?\s", "Write `b if a else c` for `a ? b : c`."),
    (r"\$\{|\{\{", "Write the expression itself, or text from parts as f'{a} {b}'."),
)


def parse_tree(source: str) -> ast.expr:
    """Return Python's tree of an expression.

    Args:
        source: The expression.

    Raises:
        Fault: It is not an expression of Python, too long or nested too deep.
    """
    size = len(source.encode(errors="replace"))
    if size > MAX_SOURCE_BYTES:
        raise Fault(message=f"it has {size} bytes; {MAX_SOURCE_BYTES} are allowed.", cure=_SIMPLER)
    if not source.strip():
        raise Fault(message="it is empty.", cure="Write a value or the id of a step.")
    _check_brackets(source)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as the one about '\d', which Python takes as it stands
            tree = ast.parse(source.strip(), mode="eval").body
    except SyntaxError as error:
        raise _unreadable(source, error) from None
    except (RecursionError, MemoryError):
        raise _too_nested() from None
    except ValueError as error:
        raise Fault(message=f"it is not text that Python reads: {error}.", cure="Remove such characters.") from None
    _check_depth(tree)
    return tree


def written(node: ast.AST) -> str:
    """Return the beginning of a part of an expression as text, for an error.

    Args:
        node: The part.
    """
    try:
        return excerpt(ast.unparse(node))
    except ValueError:  # an f-string whose inner quotes cannot be written again
        return "…"


def _check_brackets(source: str) -> None:
    """Refuse what would go deep into the stack of Python's parser; brackets inside a text count as well."""
    brackets = prefixes = 0
    for token in _TOKENS.finditer(source):
        if token["prefix"]:
            prefixes += 1
        elif token["open"]:
            brackets += 1
        else:
            prefixes = 0
            brackets = max(brackets - len(token["close"] or ""), 0)
        if brackets + prefixes > MAX_NESTING:
            raise _too_nested()


def _check_depth(tree: ast.expr) -> None:
    level: list[ast.AST] = [tree]
    for _ in range(MAX_NESTING):
        children = [child for node in level for child in ast.iter_child_nodes(node)]
        level = [child for child in children if not isinstance(child, ast.expr_context)]
        if not level:
            return
    raise _too_nested()


def _too_nested() -> Fault:
    return Fault(message=f"it is nested more than {MAX_NESTING} levels deep.", cure=_SIMPLER)


def _unreadable(source: str, error: SyntaxError) -> Fault:
    indent = len(source) - len(source.lstrip())
    where = f" at column {error.offset + indent}" if error.offset else ""
    cure = next((cure for habit, cure in _HABITS if re.search(habit, source)), "Write one expression of Python.")
    return Fault(message=f"it cannot be read{where}: {error.msg}.", cure=cure)
