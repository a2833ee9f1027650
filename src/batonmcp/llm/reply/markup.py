"""Calls that models write with tags and markers, when the endpoint does not take them out of the text.

Each family of models has a notation of its own, with the name of the tool outside of the JSON, or no JSON at all. Those
whose JSON holds the name as well need nothing here: `written` finds it.
"""

import ast
import re
from collections.abc import Iterator
from typing import Any

from batonmcp.llm.reply.arguments import read_arguments
from batonmcp.llm.reply.values import value_at

__all__ = ["calls_in_markup", "has_markup"]

_NAME = r"\s*(?:functions?[./])?(?P<name>[\w.-]{1,128})"
_DEEP_BEGIN, _DEEP_SEP, _DEEP_END = (
    f"<\uff5ctool\u2581{word}\uff5c>" for word in ("call\u2581begin", "sep", "call\u2581end")
)
_NOTATIONS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(rf"<function={_NAME}\s*(?:>|(?={{))"), "</function>"),
    (re.compile(rf"<invoke name=[\"']{_NAME}[\"']>"), "</invoke>"),
    (re.compile(rf"<tool_call>{_NAME}\s*(?=<arg_key>|</tool_call>)"), "</tool_call>"),
    (re.compile(rf"\[TOOL_CALLS\]{_NAME}(?:\[CALL_ID\]\w+)?(?:\[ARGS\])?\s*(?={{)"), "[TOOL_CALLS]"),
    (re.compile(rf"<\|tool_call_begin\|>{_NAME}(?::\d+)?\s*<\|tool_call_argument_begin\|>"), "<|tool_call_end|>"),
    (re.compile(rf"{_DEEP_BEGIN}(?:function{_DEEP_SEP})?{_NAME}(?:{_DEEP_SEP})?"), _DEEP_END),
    (re.compile(rf"to={_NAME}[^{{]{{0,100}}<\|message\|>"), "<|call|>"),
    (re.compile(rf"assistantcommentary to={_NAME}(?: (?:json|code))?\s*(?={{)"), "assistant"),
    (re.compile(rf"(?m)^Action:{_NAME}\s*\nAction Input:"), "\nObservation"),
)
"""How each begins, and what ends it, which is missing at times where it is the end of all."""

_MARK = "\uff5cDSML\uff5c"
"""Stands in each tag of a family of models, and means nothing beside them."""

_PARAMETER = re.compile(r"<parameter(?:=|\s+name=[\"'])\s*([\w.-]{1,128})\s*[\"']?[^>\n]{0,40}>")
_KEY = re.compile(r"<arg_key>\s*([\w.-]{1,128})\s*</arg_key>\s*<arg_value>")
_FENCE = re.compile(r"(?s)^```(?:tool_code|python|tool_call)?[ \t]*\n(.*?)\n?```$")
_LARGEST_CALL = 20_000


def calls_in_markup(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the names and arguments of calls written in any of the notations.

    Raises:
        ValueError: The arguments of one are not complete.
    """
    text = text.replace(_MARK, "")
    for opening, closing in _NOTATIONS:
        for found, body in _enclosed(text, opening, closing):
            yield found["name"], _arguments(body)
    yield from _python_calls(text)


def has_markup(text: str) -> bool:
    """Whether a call begins in a text in any of the notations."""
    return any(opening.search(text) for opening, _ in _NOTATIONS) or any(True for _ in _python_calls(text))


def _enclosed(text: str, opening: re.Pattern[str], closing: str) -> Iterator[tuple[re.Match[str], str]]:
    """Yield what stands between an opening and the next closing, each part of the text once."""
    place = 0
    while found := opening.search(text, place):
        end = text.find(closing, found.end())
        place = len(text) if end < 0 else end
        yield found, text[found.end() : place]


def _arguments(body: str) -> dict[str, Any]:
    parameters = dict(_parameters(body))
    if parameters:
        return parameters
    start = body.find("{")
    return {} if start < 0 and not body.strip() else read_arguments(body[max(start, 0) :])


def _parameters(body: str) -> Iterator[tuple[str, Any]]:
    for opening, closing in ((_PARAMETER, "</parameter>"), (_KEY, "</arg_value>")):
        for found, value in _enclosed(body, opening, closing):
            yield found[1], _value(value.strip())


def _value(text: str) -> object:
    """Return a parameter as it is written; whether "5" is meant as a number is told by the tool's schema, later."""
    if text.startswith(("{", "[")):
        try:
            value, end = value_at(text)
        except ValueError:
            return text
        return text if text[end:].strip() else value
    return text


def _python_calls(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the calls of a text that is nothing but Python that calls: a list of calls, or a call a line."""
    text = _FENCE.sub(r"\1", text.removeprefix("<|python_tag|>").strip()).strip()
    if not text.endswith((")", ")]")) or len(text) > _LARGEST_CALL:
        return
    try:
        statements = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    values = [statement.value for statement in statements if isinstance(statement, ast.Expr)]
    if len(values) < len(statements):
        return
    for value in values:
        for call in value.elts if isinstance(value, ast.List) else [value]:
            yield from _python_call(call)


def _python_call(call: ast.expr) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a call, also one that is printed, or of an object that stands for all tools or for one."""
    match call:
        case ast.Call(func=ast.Name(id="print"), args=[inner], keywords=[]):
            yield from _python_call(inner)
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="call"), args=[]):
            yield name, _keywords(call)
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[]):
            yield name, _keywords(call)
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[ast.Dict() as only], keywords=[]):
            yield name, read_arguments(ast.unparse(only))
        case _:
            return


def _keywords(call: ast.Call) -> dict[str, Any]:
    return {word.arg: _constant(word.value) for word in call.keywords if word.arg}


def _constant(node: ast.expr) -> object:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, RecursionError, MemoryError):
        return ast.unparse(node)
