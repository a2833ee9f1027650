"""Calls and plans that a model wrote into its text: all of them where calls are asked for as JSON, else by mistake."""

import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

from batonmcp.llm.port import FunctionCall
from batonmcp.llm.reply.arguments import read_arguments
from batonmcp.llm.reply.markup import calls_in_markup
from batonmcp.llm.reply.shapes import as_list, as_text
from batonmcp.llm.reply.values import value_at, values_in, whole_characters

__all__ = ["Offered", "Written", "bare_name", "calls_in_text", "plan_of"]

_NAMES = ("name", "tool", "tool_name", "function_name", "function", "action", "recipient_name")
_ARGUMENTS = ("arguments", "parameters", "args", "input", "tool_input", "action_input", "params", "kwargs")
_LISTS = ("tool_calls", "calls", "function_calls", "functions", "actions", "tools", "tool_uses")
_REASONS = ("reason", "message", "answer", "text", "explanation", "content")
_WORDS = frozenset({*_REASONS, "thought", "thoughts", "thinking", "reasoning", "comment"}) - {"content"}
_STEP_KEYS = frozenset({"id", "when", "for_each", "after", "on_error"})
_DEEPEST = 4
_BESIDE = frozenset({"id", "type", "index"})
_NUMBER = re.compile(r":\d{1,4}$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """What a model may call.

    Attributes:
        names: The names of all functions.
        plan: The name of the one whose arguments are a whole plan; empty if there is none.
    """

    names: Collection[str] = ()
    plan: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a text asks for.

    Attributes:
        calls: The calls, of functions that are offered.
        strange: The name in the only call of a text that is nothing else, where it is none of those.
        reason: What the model says about calling nothing, where it says so as data.
    """

    calls: tuple[FunctionCall, ...] = ()
    strange: str = ""
    reason: str | None = None


def calls_in_text(text: str, offered: Offered) -> Written:
    """Find the calls in a text. Only those of functions that are offered count: anything else may be an example.

    Raises:
        ValueError: The arguments of a call are no object, or not complete.
    """
    marked = [
        FunctionCall(name=name, arguments=whole_characters(arguments))
        for written, arguments in calls_in_markup(text)
        if (name := bare_name(written, offered)) in offered.names
    ]
    if marked:
        return Written(calls=tuple(marked))
    calls: list[FunctionCall] = []
    strange = ""
    reason: str | None = None
    for value, alone in values_in(text):
        found = list(_calls(value, offered))
        calls += found
        if not found and reason is None:
            reason = _reason(value)
        if not found and (alone or "```" in text or "<" in text):
            strange = strange or _strange(value)
    return Written(calls=tuple(calls), strange=strange, reason=reason)


def bare_name(name: str, offered: Offered) -> str:
    """Return a function's name without what some models put around it: a namespace, a number, markers of their own."""
    name = name.strip()
    if name in offered.names:
        return name
    bare = _NUMBER.sub("", name.partition("<|")[0].strip().rpartition(".")[2])
    half = bare[: len(bare) // 2]
    bare = half if half * 2 == bare else bare  # some streams say it twice
    return bare if bare in offered.names else name


def plan_of(call: FunctionCall, offered: Offered) -> FunctionCall:
    """Return a call with a plan that is one: without words beside it, and with steps that may be a text of JSON."""
    if not offered.plan or call.name != offered.plan:
        return call
    arguments = {key: value for key, value in call.arguments.items() if key not in _WORDS}
    if isinstance(steps := arguments.get("steps"), str):
        with suppress(ValueError):
            value, end = value_at(steps.strip())
            arguments["steps"] = steps if steps.strip()[end:] else whole_characters(value)
    return FunctionCall(name=call.name, arguments=arguments)


def _calls(value: object, offered: Offered, depth: int = 0) -> Iterator[FunctionCall]:
    """Yield the calls that a JSON value stands for."""
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        members = cast("list[object]", value)
        if offered.plan and any(_is_step(member) for member in members):
            yield FunctionCall(name=offered.plan, arguments=whole_characters({"steps": members}))
            return
        for member in members:
            yield from _calls(member, offered, depth + 1)
    elif isinstance(value, dict):
        yield from _calls_of_object(cast("dict[str, Any]", value), offered, depth)


def _calls_of_object(value: dict[str, Any], offered: Offered, depth: int) -> Iterator[FunctionCall]:
    if offered.plan and isinstance(value.get("steps"), list):
        if value["steps"]:
            yield FunctionCall(name=offered.plan, arguments=whole_characters(value))
        return
    named = _named(value, offered)
    if named:
        yield named
        return
    for key in _LISTS:
        for member in as_list(value.get(key)):
            yield from _calls(member, offered, depth + 1)
    if isinstance(value.get("function"), dict):
        yield from _calls(value["function"], offered, depth + 1)
    if len(value) == 1 and (name := next(iter(value))) in offered.names and isinstance(value[name], dict):
        yield FunctionCall(name=name, arguments=read_arguments(value[name]))


def _named(value: dict[str, Any], offered: Offered) -> FunctionCall | None:
    """Return the call of an object that has a name and arguments, under whatever keys."""
    for key in _NAMES:
        name = bare_name(as_text(value.get(key)), offered)
        if name not in offered.names:
            continue
        given = next((other for other in _ARGUMENTS if other in value), None)
        if given is not None:
            return FunctionCall(name=name, arguments=read_arguments(value[given]))
        if value.keys() <= {key, *_BESIDE}:
            return FunctionCall(name=name, arguments={})
    return None


def _strange(value: object) -> str:
    """Return the name in a value that looks like a call, of whatever it is."""
    for member in as_list(value)[:1]:
        if isinstance(member, dict):
            entry = cast("dict[str, Any]", member)
            name = next((as_text(entry[key]) for key in _NAMES if as_text(entry.get(key))), "")
            if name and any(isinstance(entry.get(key), dict) for key in _ARGUMENTS):
                return name
    return ""


def _reason(value: object) -> str | None:
    """Return what an object without any call says in words; None if it is about something else."""
    if not isinstance(value, dict):
        return None
    entry = cast("dict[str, Any]", value)
    if not any(isinstance(entry.get(key), list) and not entry[key] for key in ("steps", *_LISTS)):
        return None
    return next((as_text(entry[key]) for key in _REASONS if as_text(entry.get(key))), "")


def _is_step(value: object) -> bool:
    return isinstance(value, dict) and "tool" in value and not _STEP_KEYS.isdisjoint(cast("dict[str, Any]", value))
