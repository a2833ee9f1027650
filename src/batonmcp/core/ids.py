"""Step ids: which ones expressions can hold, and what becomes of the others."""

import keyword
import re
from collections.abc import Collection, Mapping

from batonmcp.core.errors import ExpressionInvalid
from batonmcp.core.expression import CONSTANT_NAMES, FUNCTION_NAMES, Expression, parse, rename

__all__ = ["INPUTS", "PER_ITEM", "free_id", "is_usable", "parse_renamed"]

INPUTS = "inputs"
"""The name of what the host passed along with the query."""

PER_ITEM = frozenset({"item", "index"})
"""The names that the arguments of a `for_each` step have beside the steps."""

_ID = re.compile(r"[a-z_][a-z0-9_]{0,31}")
_STEM = 28
_RESERVED = FUNCTION_NAMES | CONSTANT_NAMES | PER_ITEM | {INPUTS} | {word.lower() for word in keyword.kwlist}
_OPERATORS = frozenset({"and", "else", "for", "if", "in", "is", "lambda", "not", "or"})
_TEXT = re.compile(r"""(?P<prefix>[A-Za-z]*)(?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""", re.DOTALL)
_HOLE = re.compile(r"\{[^{}]*\}")


def is_usable(name: str) -> bool:
    """Whether expressions can name a step by this id."""
    return _ID.fullmatch(name) is not None and name not in _RESERVED


def free_id(wish: str, taken: Collection[str]) -> str:
    """Turn a wish into an id that is usable and free."""
    stem = re.sub(r"[^a-z0-9_]+", "_", wish.lower()).strip("_")[:_STEM] or "step"
    stem = f"s_{stem}"[:_STEM] if stem[0].isdigit() else stem
    candidates = [stem, *(f"{stem}_{number}" for number in range(2, len(taken) + 4))]
    return next(name for name in candidates if is_usable(name) and name not in taken)


def parse_renamed(source: str, renamed: Mapping[str, str]) -> Expression:
    """Parse a source with new names for the ids that could not stay as they were written.

    Raises:
        ExpressionInvalid: It is no expression, or a new name means something else in it.
    """
    for old, new in renamed.items():
        if _is_no_name(old):
            source = _respelled(source, old, new)
    expression = parse(source)
    return rename(expression, {old: renamed[old] for old in expression.names & renamed.keys()})


def _is_no_name(written: str) -> bool:
    """Whether an id can stand for nothing else in an expression, although it is not a name: `get-orders`, not `1`."""
    if written in _OPERATORS or (written.isidentifier() and not keyword.iskeyword(written)):
        return False
    try:
        return bool(parse(written).names)
    except ExpressionInvalid:
        return True


def _respelled(source: str, old: str, new: str) -> str:
    """Replace an id in a source's code; text stays as it is, but for the holes of an f-string."""
    spelling = re.compile(rf"(?<![\w.-]){re.escape(old)}(?![\w-])")
    done: list[str] = []
    end = 0
    for text in _TEXT.finditer(source):
        done.append(spelling.sub(new, source[end : text.start()]))
        if "f" in text["prefix"].lower():
            done.append(_HOLE.sub(lambda hole: _respelled(hole[0], old, new), text[0]))
        else:
            done.append(text[0])
        end = text.end()
    return "".join([*done, spelling.sub(new, source[end:])])
