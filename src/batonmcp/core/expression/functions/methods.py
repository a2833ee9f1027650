"""The methods of the language, by name. Each is given the budget and its receiver, and pays before it works."""

from collections.abc import Callable, Mapping
from functools import wraps
from types import NoneType

from pydantic import JsonValue

from batonmcp.core.expression.budget import Budget
from batonmcp.core.expression.fault import Fault
from batonmcp.core.expression.frame import Function
from batonmcp.core.expression.functions.objects import OBJECTS
from batonmcp.core.expression.operators import spend_scan
from batonmcp.core.expression.selection import select_items
from batonmcp.core.expression.wording import describe

__all__ = ["METHODS"]

_LOOKUPS_PER_STEP = 8
_KINDS: Mapping[type, str] = {dict: "objects", list: "lists", str: "text"}


def _spend_lookups(text: str, budget: Budget) -> None:
    """Pay for asking of each character what Unicode says about it."""
    budget.spend_text(len(text))
    budget.spend(len(text) // _LOOKUPS_PER_STEP)


def _changing(change: Callable[[str], str]) -> Function:
    def apply(budget: Budget, text: str) -> JsonValue:
        _spend_lookups(text, budget)
        return change(text)

    return apply


def _testing(test: Callable[[str], bool]) -> Function:
    def apply(budget: Budget, text: str) -> JsonValue:
        _spend_lookups(text, budget)
        return test(text)

    return apply


def _testing_edge(test: Callable[[str, tuple[str, ...]], bool]) -> Function:
    def apply(budget: Budget, text: str, part: JsonValue) -> JsonValue:
        parts = [_text(option) for option in (part if isinstance(part, list) else [part])]
        budget.spend_text(sum(map(len, parts)))
        return test(text, tuple(parts))

    return apply


def _cutting(cut: Callable[[str, str], str]) -> Function:
    def apply(budget: Budget, text: str, part: JsonValue) -> JsonValue:
        budget.spend_text(len(text))
        return cut(text, _text(part))

    return apply


def _stripping(strip: Callable[[str, str | None], str]) -> Function:
    def apply(budget: Budget, text: str, chars: JsonValue = None) -> JsonValue:
        stripped = None if chars is None else _text(chars)
        budget.spend_text(len(text))
        budget.spend_search(text, stripped or "")
        return strip(text, stripped)

    return apply


def _splitting(split: Callable[[str, str | None, int], list[str]]) -> Function:
    def apply(budget: Budget, text: str, sep: JsonValue = None, maxsplit: JsonValue = -1) -> JsonValue:
        separator = None if sep is None else _separator(sep)
        count, most = _whole(maxsplit), budget.limits.max_items
        budget.spend_text(len(text))
        budget.spend_search(text, separator or "")
        parts = split(text, separator, count if 0 <= count < most else most)
        budget.spend_items(len(parts))
        return [*parts]

    return apply


def _parting(part: Callable[[str, str], tuple[str, str, str]]) -> Function:
    def apply(budget: Budget, text: str, sep: JsonValue) -> JsonValue:
        separator = _separator(sep)
        budget.spend_text(len(text))
        budget.spend_search(text, separator)
        return [*part(text, separator)]

    return apply


def _text_count(budget: Budget, text: str, value: JsonValue) -> JsonValue:
    part = _text(value)
    budget.spend_search(text, part)
    return text.count(part)


def _text_find(budget: Budget, text: str, value: JsonValue) -> JsonValue:
    part = _text(value)
    budget.spend_search(text, part)
    return text.find(part)


def _text_index(budget: Budget, text: str, value: JsonValue) -> JsonValue:
    position = _text_find(budget, text, value)
    if position == -1:
        raise _not_found(value, text)
    return position


def _text_join(budget: Budget, text: str, values: JsonValue) -> JsonValue:
    texts: list[str] = []
    for value in select_items(values, budget, "join"):
        if not isinstance(value, str):
            raise Fault(
                message=f"`.join` needs a list of texts, got {describe(value)} in it.",
                cure="Use the function join(values, separator), or str() in a comprehension.",
            )
        texts.append(value)
    budget.spend_items(len(texts))
    budget.spend_text(sum(map(len, texts)) + len(text) * len(texts))
    return text.join(texts)


def _text_replace(budget: Budget, text: str, old: JsonValue, new: JsonValue, count: JsonValue = -1) -> JsonValue:
    old, new, most = _text(old), _text(new), _whole(count)
    budget.spend_search(text, old)
    found = text.count(old)
    replaced = found if most < 0 else min(found, most)
    budget.spend_text(len(text) + replaced * (len(new) - len(old)))
    return text.replace(old, new, replaced)


def _text_splitlines(budget: Budget, text: str, keepends: JsonValue = None) -> JsonValue:
    budget.spend_text(len(text))
    lines = text.splitlines(bool(keepends))
    budget.spend_items(len(lines))
    return [*lines]


def _text_zfill(budget: Budget, text: str, width: JsonValue) -> JsonValue:
    length = _whole(width)
    budget.spend_text(max(length, len(text)))
    return text.zfill(length)


def _list_count(budget: Budget, items: list[JsonValue], value: JsonValue) -> JsonValue:
    spend_scan(items, value, budget)
    return items.count(value)


def _list_index(budget: Budget, items: list[JsonValue], value: JsonValue) -> JsonValue:
    spend_scan(items, value, budget)
    if value not in items:
        raise _not_found(value, items)
    return items.index(value)


def _not_found(value: JsonValue, container: JsonValue) -> Fault:
    cure = "Check with `in` first."
    return Fault(message=f"`.index` did not find {describe(value)} in {describe(container)}.", cure=cure)


def _text(value: JsonValue) -> str:
    if isinstance(value, str):
        return value
    raise Fault(message=f"a method of text needs text, got {describe(value)}.", cure="Convert with str().")


def _separator(value: JsonValue) -> str:
    if separator := _text(value):
        return separator
    raise Fault(message="text cannot be split at an empty text.", cure="Use list(x) for its characters.")


def _whole(value: JsonValue) -> int:
    if isinstance(value, int):
        return value
    raise Fault(message=f"a method of text needs a whole number, got {describe(value)}.")


_OF_TEXT: Mapping[str, Function] = {
    "capitalize": _changing(str.capitalize),
    "casefold": _changing(str.casefold),
    "count": _text_count,
    "endswith": _testing_edge(str.endswith),
    "find": _text_find,
    "index": _text_index,
    "isalnum": _testing(str.isalnum),
    "isalpha": _testing(str.isalpha),
    "isdigit": _testing(str.isdigit),
    "islower": _testing(str.islower),
    "isnumeric": _testing(str.isnumeric),
    "isspace": _testing(str.isspace),
    "isupper": _testing(str.isupper),
    "join": _text_join,
    "lower": _changing(str.lower),
    "lstrip": _stripping(str.lstrip),
    "partition": _parting(str.partition),
    "removeprefix": _cutting(str.removeprefix),
    "removesuffix": _cutting(str.removesuffix),
    "replace": _text_replace,
    "rpartition": _parting(str.rpartition),
    "rsplit": _splitting(str.rsplit),
    "rstrip": _stripping(str.rstrip),
    "split": _splitting(str.split),
    "splitlines": _text_splitlines,
    "startswith": _testing_edge(str.startswith),
    "strip": _stripping(str.strip),
    "title": _changing(str.title),
    "upper": _changing(str.upper),
    "zfill": _text_zfill,
}

_OF_LISTS: Mapping[str, Function] = {"count": _list_count, "index": _list_index}

_OF_OBJECTS: Mapping[str, Function] = {name: OBJECTS[name] for name in ("get", "items", "keys", "values")}

_OF_NULL: Mapping[str, Function] = {"get": OBJECTS["get"]}


def _dispatching(name: str, variants: Mapping[type, Function]) -> Function:
    kinds = " or ".join(_KINDS[receiver] for receiver in variants if receiver in _KINDS)

    @wraps(next(iter(variants.values())))  # all variants of a method have the same signature
    def apply(budget: Budget, receiver: JsonValue, *positional: JsonValue, **named: JsonValue) -> JsonValue:
        variant = variants.get(type(receiver))
        if variant is not None:
            return variant(budget, receiver, *positional, **named)
        if receiver is None:
            return None
        raise Fault(message=f"`.{name}()` is a method of {kinds}, got {describe(receiver)}.")

    return apply


def _by_name() -> Mapping[str, Function]:
    variants: dict[str, dict[type, Function]] = {}
    for receiver, functions in ((str, _OF_TEXT), (list, _OF_LISTS), (dict, _OF_OBJECTS), (NoneType, _OF_NULL)):
        for name, function in functions.items():
            variants.setdefault(name, {})[receiver] = function
    return {name: _dispatching(name, by_type) for name, by_type in variants.items()}


METHODS: Mapping[str, Function] = _by_name()
