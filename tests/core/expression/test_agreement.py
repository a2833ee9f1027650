"""The language agrees with Python: the interpreter with `eval`, the free names with Python's symbol table.

Expressions are grown from templates, whose holes `<kind>` are filled by other templates of the kind. They run over
objects that Python reads by attribute. Where the two differ, the module docstring of the language says so.
"""

import builtins
import re
import symtable
import sys
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from batonmcp.core.errors import ExpressionFailed
from batonmcp.core.expression import FUNCTION_NAMES, evaluate, parse, rename

pytestmark = pytest.mark.filterwarnings("ignore::SyntaxWarning")  # what Python says about generated code

DEPTH = 4
LEAVES = {
    "boolean": "true; False; n > 1",
    "list": "[]; xs; rows[0].t; [n, s]; rows",
    "null": "null; None; nothing",
    "number": "0; 1; -2; 2.5; n; rows[0].n; o['p']",
    "object": "{}; o; rows[0]",
    "rows": "rows",
    "text": "''; 'a'; 'B c'; s; rows[0].s",
}
TERMS = {
    "boolean": """
        not <any>; <any> == <any>; <any> != <any>; <any> is null; <any> is not None; <boolean> and not <boolean>
        <number> < <number> <= <number>; <text> >= <text>; <list> < <list>
        <any> in <list>; <text> not in <text>; <text> in <object>
        all(<list>); any([x == <any> for x in <list>]); bool(<any>); isinstance(<any>, (str, list))
        <text>.startswith(<text>); <text>.endswith(<text>); <text>.isdigit()
        """,
    "list": """
        <rows>; [<any>, <any>]; <list> + <list>; <list> * 2; <list> or <list>; <list> if <boolean> else <list>
        <list>[<number>:]; <list>[::-1]; <list>[-2:<number>]
        [x for x in <list>]; [x for x in <list> if x != <any>]; [[x, <any>] for x in <list>]; [c for c in <text>]
        [[x, y] for x in <list> for y in <list> if x == y]; [[x for x in [x, <any>]] for x in <list>]
        [r.v for r in <rows>]; [r.n + <number> for r in <rows>]; [y for r in <rows> for y in r.t if y > <number>]
        [[k, v] for k, v in <object>.items()]; [[x, y] for x, y in zip(<list>, <list>)]
        [[i, x] for i, x in enumerate(<list>)]; [x for x in reversed(<list>)]; list(range(<number>))
        sorted(<list>); sorted(<list>, reverse=<boolean>); sorted(<list>, key=str)
        list(<object>); list(<object>.values()); list(<text>); <text>.split(<text>); <text>.split()
        """,
    "null": "nothing.a; nothing[<number>]; rows[0].z",
    "number": """
        <number> + <number>; <number> - <number>; <number> * <number>; <number> / <number>; -<number>; +<number>
        <number> // <number>; <number> % <number>; <number> ** 2; 2 ** <number>
        len(<list>); len(<text>); len(<object>); len(set([str(x) for x in <list>])); sum(<list>)
        sum(r.n for r in <rows>); max(<number>, <number>); min(<list>, default=<number>); abs(<number>)
        max(<rows>, key=lambda r: r.n).n; round(<number>); round(<number>, 1); int(<number>); int(<text>)
        float(<number>); <text>.count(<text>); <text>.find(<text>); <list>.count(<any>); <list>[<number>]
        <number> if <boolean> else <number>; <number> and <number>
        next((x for x in <list> if x == <any>), <number>)
        """,
    "object": """
        {'p': <any>, 'q': <any>}; {**<object>, 'p': <any>}; {str(x): <any> for x in <list>}; <object> or <object>
        {k: [v, <any>] for k, v in <object>.items() if k != <text>}; {r.s: r.n for r in <rows>}; dict(<object>)
        """,
    "rows": """
        <rows>[1:]; <rows> + <rows>; [r for r in <rows> if r.n > <number>]; [r for r in <rows> if r.s == <text>]
        sorted(<rows>, key=lambda r: r.n); sorted(<rows>, key=lambda r: (r.s, -r.n), reverse=<boolean>)
        """,
    "text": """
        <text> + <text>; <text> * 2; <text> or <text>; <text> if <boolean> else <text>; str(<any>)
        next(f'{x}|{x!r}' for x in [<any>]); next(f'{x:>8}|{x:.2f}' for x in [<number>]); f'{s:>{n}}'
        <text>.upper(); <text>.lower().title(); <text>.strip(); <text>.replace(<text>, <text>); <text>.zfill(5)
        <text>[<number>]; <text>[1:]; <text>[::-1]; <text>.removeprefix(<text>); <text>.partition(<text>)[0]
        ', '.join(<list>); ', '.join([str(x) for x in <list>]); <object>.get(<text>, <text>); <object>[<text>]
        """,
}


def _json(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[JsonValue]:
    """Call what a strategy makes JSON, which the type checker cannot see."""
    return strategy


NUMBERS = _json(st.integers(-9, 9) | st.sampled_from([0.5, -1.25, 1e3, 10**6]))
TEXTS = _json(st.text("abB c,1é", max_size=5))
VALUES = _json(
    st.recursive(
        st.none() | st.booleans() | NUMBERS | TEXTS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["p", "q"]), inner, max_size=2),
        max_leaves=5,
    )
)
ROWS = _json(
    st.fixed_dictionaries({"n": NUMBERS, "s": TEXTS, "t": st.lists(NUMBERS, max_size=3), "v": VALUES, "z": st.none()})
)
SCOPES = st.fixed_dictionaries(
    {
        "n": NUMBERS,
        "s": TEXTS,
        "o": _json(st.fixed_dictionaries({"p": NUMBERS, "q": VALUES, "a": TEXTS})),
        "xs": _json(st.lists(VALUES, max_size=4)),
        "rows": _json(st.lists(ROWS, min_size=1, max_size=4)),
        "nothing": _json(st.none()),
    }
)
BUILTINS = {name: getattr(builtins, name) for name in FUNCTION_NAMES if hasattr(builtins, name)}
CONSTANTS = {"false": False, "null": None, "true": True}

ONLY_PYTHON_FAILS = re.compile(
    r"'NoneType' object (has no attribute|is not (a mapping|iterable|reversible|subscriptable))"
    r"|(argument|object) of type 'NoneType'"
)
"""Selecting from null, looping over it and its length are no errors in the language."""

ONLY_WE_FAIL = re.compile(r"307 digits|no JSON number|is too (long|wide)|more than \d+ steps")
"""Numbers are those of JSON, and work is limited."""


class Readable(dict[str, Any]):
    """An object whose keys Python reads as attributes."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - JSON
        """Return what the key holds."""
        if name in self:
            return self[name]
        raise AttributeError(name)


@cache
def _sources(kind: str, depth: int) -> st.SearchStrategy[str]:
    if kind == "any":
        return st.sampled_from(sorted(LEAVES)).flatmap(lambda chosen: _sources(chosen, depth))
    templates = f"{LEAVES[kind]}; {TERMS.get(kind, '')}" if depth else LEAVES[kind]
    choices = [template.strip() for template in re.split("[;\n]", templates) if template.strip()]
    return st.sampled_from(choices).flatmap(lambda template: _filled(template, depth - 1))


def _filled(template: str, depth: int) -> st.SearchStrategy[str]:
    text, *holes = re.split(r"<(\w+)>", template)
    parts = st.tuples(*[_sources(hole, depth) for hole in holes[::2]])
    return parts.map(
        lambda filled: text + "".join(f"({part}){rest}" for part, rest in zip(filled, holes[1::2], strict=True))
    )


SOURCES = _sources("any", DEPTH)


def _readable(value: JsonValue) -> JsonValue:
    if isinstance(value, list):
        return [_readable(item) for item in value]
    if isinstance(value, dict):
        return Readable({key: _readable(item) for key, item in value.items()})
    return value


def _outcome_in_python(source: str, scope: dict[str, JsonValue]) -> tuple[str | None, str]:
    names = {name: _readable(value) for name, value in scope.items()}
    try:
        value = eval(source, {"__builtins__": {}, **BUILTINS, **CONSTANTS, **names})  # noqa: S307 - the oracle
        return repr(value), ""
    except Exception as error:  # noqa: BLE001 - whatever Python raises
        return None, str(error)


def _outcome(source: str, scope: dict[str, JsonValue]) -> tuple[str | None, str]:
    try:
        return repr(evaluate(parse(source), scope)), ""
    except ExpressionFailed as error:
        return None, str(error)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(SOURCES, SCOPES)
def test_interpreter_agrees_with_python(source: str, scope: dict[str, JsonValue]) -> None:
    """A generated expression has Python's value, fails where Python fails, or differs in a documented way."""
    theirs, their_error = _outcome_in_python(source, scope)
    ours, our_error = _outcome(source, scope)
    if theirs is None and ours is not None:
        assert ONLY_PYTHON_FAILS.search(their_error)
    elif ours is None and theirs is not None:
        assert ONLY_WE_FAIL.search(our_error)
    else:
        assert ours == theirs


def _globals_of(table: symtable.SymbolTable) -> set[str]:
    names = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_global()}
    return names.union(*[_globals_of(child) for child in table.get_children()])


@pytest.mark.skipif(
    sys.version_info >= (3, 12),
    reason="since Python 3.12 a symbol table counts the variables of a comprehension among its surroundings (PEP 709)",
)
@settings(max_examples=100, deadline=None)
@given(SOURCES)
def test_free_names_agree_with_python(source: str) -> None:
    """The free names are those that Python would look up, without functions and constants."""
    table = symtable.symtable(source, "expression", "eval")
    assert parse(source).names == _globals_of(table) - BUILTINS.keys() - CONSTANTS.keys()


@settings(max_examples=100, deadline=None)
@given(SOURCES, SCOPES)
def test_renaming_changes_no_value(source: str, scope: dict[str, JsonValue]) -> None:
    """An expression with other names has, over a scope with those names, the value it had."""
    expression = parse(source)
    renamed = rename(expression, {name: f"{name}_" for name in expression.names})
    assert renamed.names == {f"{name}_" for name in expression.names}
    value, _ = _outcome(source, scope)
    assert _outcome(renamed.source, {f"{name}_": part for name, part in scope.items()})[0] == value
