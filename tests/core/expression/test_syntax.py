"""The syntax takes one expression of Python, of bounded length and nesting."""

import ast
import inspect
import sys
import threading
from collections.abc import Callable

import pytest

from batonmcp.core.expression.fault import Fault
from batonmcp.core.expression.syntax import MAX_NESTING, MAX_SOURCE_BYTES, parse_tree, written


@pytest.mark.parametrize(
    "source",
    [
        "a",
        "  a\n",
        "'é' + r\"\\d\"",
        "(" * 39 + "a" + ")" * 39,
        "[" * 39 + "a" + "]" * 39,
        "a.b" + ".b" * 37,
        "-a - b - c - d" + " - e" * 30,
        "a and " * 500 + "a",
        "'" + "x" * (MAX_SOURCE_BYTES - 2) + "'",
    ],
    ids=range(9),
)
def test_expression_is_read(source: str) -> None:
    """What Python takes within the caps gives its tree."""
    assert ast.dump(parse_tree(source)) == ast.dump(ast.parse(source.strip(), mode="eval").body)


@pytest.mark.parametrize(
    ("source", "message", "cure"),
    [
        ("", "it is empty", "Write a value"),
        (" \n", "it is empty", "Write a value"),
        ("a b", "cannot be read at column 3: invalid syntax", "one expression"),
        ("  a b", "at column 5", "one expression"),
        ("a = 1", "at column 3", "one expression"),
        ("a; b", "at column 2", "one expression"),
        ("import os", "at column 1", "one expression"),
        ("(a", "'(' was never closed", "one expression"),
        ("a && b", "at column 4", "Write `and`"),
        ("a || b", "at column 4", "Write `or`"),
        ("!a", "at column 1", "Write `not`"),
        ("a === b", "at column 5", "Write `==`"),
        ("a?.b", "at column 2", "Write `.`"),
        ("a ?? b", "at column 3", "if a is not None"),
        ("a ? b : c", "at column 3", "b if a else c"),
        ("xs.map(x => x.y)", "invalid syntax", "comprehension"),
        ("${a}", "at column 1", "the expression itself"),
        ("a\0", "cannot", ""),
        ("'\ud800'", "not text that Python reads", "Remove"),
        ("'" + "é" * 2_048 + "'", "it has 4098 bytes; 4096 are allowed", "a step"),
    ],
)
def test_unreadable_text_is_explained(source: str, message: str, cure: str) -> None:
    """What is no expression says where, why and what to write."""
    with pytest.raises(Fault) as caught:
        parse_tree(source)
    assert message in caught.value.message
    assert cure in caught.value.cure


DEEP = {
    "brackets": "(" * 2_000,
    "lists": "[" * 41 + "]" * 41,
    "objects": "{" * 4_000,
    "signs": "-" * 4_000 + "a",
    "inversions": "~" * 4_000 + "a",
    "negations": "not " * 1_000 + "a",
    "attributes": "a" + ".a" * 2_000,
    "calls": "a" + "()" * 2_000,
    "indexes": "a" + "[0]" * 1_000,
    "powers": "1" + "**1" * 1_300,
    "sums": "1" + "+1" * 2_000,
    "conditions": "a" + " if a else a" * 300,
    "lambdas": "lambda:" * 500 + "1",
    "texts": "'" + ")" * 300 + "'+" + "(" * 300 + "1",
}


@pytest.mark.parametrize("source", DEEP.values(), ids=DEEP)
def test_deep_source_is_refused(source: str) -> None:
    """Nesting of any kind is refused, even on a small stack."""
    faults: list[str] = []

    def parse() -> None:
        try:
            parse_tree(source)
        except Fault as fault:
            faults.append(fault.message)

    _on_small_stack(parse)
    assert faults == [f"it is nested more than {MAX_NESTING} levels deep."]


def test_error_of_the_parser_is_refused() -> None:
    """Where Python's own parser finds the nesting too deep, for want of stack, the expression is refused alike."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 60)
    try:
        with pytest.raises(Fault, match="nested more than"):
            parse_tree(DEEP["powers"])
    finally:
        sys.setrecursionlimit(limit)


def _on_small_stack(target: Callable[[], None]) -> None:
    usual = threading.stack_size(512 * 1024)  # half of the smallest that a main thread has, on Windows
    try:
        thread = threading.Thread(target=target)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(usual)


def test_warning_of_python_is_no_error() -> None:
    """A backslash that escapes nothing is itself, as in Python."""
    assert ast.literal_eval(parse_tree(r"'\d'")) == r"\d"


def test_part_is_written_for_an_error() -> None:
    """A part of an expression becomes text again, cut where it is long."""
    assert written(parse_tree("a [ 0 ]")) == "a[0]"
    assert len(written(parse_tree("a + " * 30 + "b"))) == 60


def test_part_that_cannot_be_written_is_left_out() -> None:
    """What Python cannot write as text again does not break an error."""
    assert written(parse_tree("f'{a[\"\u200b\"]}'"))
