"""The text functions: functions that find parts of a text by a pattern.

A match is its text. If the pattern has one group, it is the text of that; with several, a list of theirs, as in
Python's `re.findall`; with named groups, an object of them. A group that took no part is null.
"""

import re
from collections.abc import Mapping

from pydantic import JsonValue

from batonmcp.core.expression.budget import Budget
from batonmcp.core.expression.fault import Fault
from batonmcp.core.expression.frame import Function
from batonmcp.core.expression.pattern import Match, Pattern, compile_pattern, encoded
from batonmcp.core.expression.wording import describe, excerpt

__all__ = ["TEXTS"]

_RESULT_STEPS = 15
_GROUP_STEPS = 8
_REFERENCE = re.compile(r"\\(?:(?P<number>[0-9]{1,2})|g<(?P<name>\w+)>|(?P<escaped>\\)|)")


def _match(budget: Budget, text: JsonValue, pattern: JsonValue) -> JsonValue:
    wanted = _pattern("match", "(text, pattern)", text, pattern, budget)
    if not isinstance(text, str):
        return None
    data = _data(text, budget)
    for found in wanted.matches(data, budget):
        return _result(wanted, found, data, budget)
    return None


def _find_all(budget: Budget, text: JsonValue, pattern: JsonValue) -> JsonValue:
    wanted = _pattern("find_all", "(text, pattern)", text, pattern, budget)
    if not isinstance(text, str):
        return []
    data = _data(text, budget)
    results = [_result(wanted, found, data, budget) for found in wanted.matches(data, budget)]
    budget.spend_items(len(results))
    return results


def _replace_all(budget: Budget, text: JsonValue, pattern: JsonValue, replacement: JsonValue) -> JsonValue:
    written = "(text, pattern, replacement)"
    wanted = _pattern("replace_all", written, text, pattern, budget)
    template = _template(_text("replace_all", written, "the replacement", replacement), wanted, budget)
    if not isinstance(text, str):
        return None
    data = _data(text, budget)
    parts: list[str] = []
    end = length = 0
    for found in wanted.matches(data, budget):
        start, following = found.span(0)
        groups = [_group(found, number, data, budget) or "" for number in range(wanted.groups + 1)]
        added = [
            _decoded(data[end:start]),
            *[part if isinstance(part, str) else groups[part] for part in template],
        ]
        length += sum(map(len, added))
        if length > budget.limits.max_text:
            break
        budget.spend(_RESULT_STEPS + _GROUP_STEPS * len(added))
        parts += added
        end = following
    parts.append(_decoded(data[end:]))
    budget.spend_text(length + len(parts[-1]))
    return "".join(parts)


def _pattern(name: str, written: str, text: JsonValue, pattern: JsonValue, budget: Budget) -> Pattern:
    if text is not None:
        _text(name, written, "the text", text)
    return compile_pattern(_text(name, written, "the pattern", pattern), budget)


def _text(name: str, written: str, which: str, value: JsonValue) -> str:
    if isinstance(value, str):
        return value
    raise Fault(
        message=f"`{name}` needs text, got {describe(value)} as {which}.",
        cure=f"Write {name}{written}; convert with str().",
    )


def _data(text: str, budget: Budget) -> bytes:
    budget.spend_text(len(text))
    return encoded(text)


def _result(pattern: Pattern, found: Match, data: bytes, budget: Budget) -> JsonValue:
    budget.spend(_RESULT_STEPS + _GROUP_STEPS * pattern.groups)
    if pattern.names:
        return {name: _group(found, number, data, budget) for name, number in pattern.names.items()}
    if pattern.groups > 1:
        return [_group(found, number, data, budget) for number in range(1, pattern.groups + 1)]
    return _group(found, pattern.groups, data, budget)


def _group(found: Match, number: int, data: bytes, budget: Budget) -> str | None:
    start, end = found.span(number)
    if start < 0:
        return None
    budget.spend_text(end - start)
    return _decoded(data[start:end])


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")


def _template(replacement: str, pattern: Pattern, budget: Budget) -> list[str | int]:
    """Return the parts of a replacement: texts, and the numbers of groups."""
    budget.spend_text(len(replacement))
    parts: list[str | int] = []
    end = 0
    for reference in _REFERENCE.finditer(replacement):
        parts += [replacement[end : reference.start()], _referenced(reference, pattern, replacement)]
        end = reference.end()
    budget.spend(len(parts))
    return [*parts, replacement[end:]]


def _referenced(reference: re.Match[str], pattern: Pattern, replacement: str) -> str | int:
    if reference["escaped"]:
        return "\\"
    name = reference["number"] or reference["name"] or ""
    number = int(name) if name.isdecimal() else pattern.names.get(name, -1)
    if 0 <= number <= pattern.groups:
        return number
    raise Fault(
        message=f"the replacement {excerpt(replacement)!r} has {reference[0]!r}, which is no group of the pattern.",
        cure="Write \\1 or \\g<name> for a group, \\0 for the whole match, and \\\\ for a backslash.",
    )


TEXTS: Mapping[str, Function] = {"find_all": _find_all, "match": _match, "replace_all": _replace_all}
