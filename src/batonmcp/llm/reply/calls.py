"""Calls that stand where the published format has them, or near it."""

import json
from collections.abc import Iterator
from typing import Any

from batonmcp.llm.port import FunctionCall
from batonmcp.llm.reply.arguments import NoObject, read_arguments
from batonmcp.llm.reply.shapes import as_list, as_object, as_text
from batonmcp.llm.reply.unusable import Unusable, unusable
from batonmcp.llm.reply.written import Offered, bare_name

__all__ = ["read_calls"]

_MOST_CALLS = 256
_MODEL = "Try again, or use a more capable model."


def read_calls(message: dict[str, Any], offered: Offered, endpoint: str) -> tuple[FunctionCall, ...]:
    """Return the calls of a message, each once.

    Raises:
        Unusable: One has no name, or arguments that cannot be read.
    """
    entries = [*as_list(_decoded(message.get("tool_calls"))), *as_list(message.get("function_call"))]
    entries += [part for part in as_list(message.get("content")) if as_object(part).get("type") == "tool_use"]
    calls: list[FunctionCall] = []
    seen: list[object] = []
    for entry in entries[:_MOST_CALLS]:
        if as_object(entry).get("id") and entry in seen:
            continue  # some gateways repeat a call; two that are meant have ids of their own
        seen.append(entry)
        if not _is_nothing(entry):
            calls.append(_call(entry, offered, endpoint))
    return tuple(inner for call in calls for inner in _unpacked(call, offered))


def _decoded(calls: object) -> object:
    """Return calls that may be the JSON text of such."""
    if not isinstance(calls, str):
        return calls
    try:
        return json.loads(calls)
    except (ValueError, RecursionError):
        return None


def _is_nothing(entry: object) -> bool:
    """Whether a call says neither what is called nor with what, as those that stand for the end of a stream."""
    function = as_object(as_object(entry).get("function"))
    return bool(function) and not function.get("name") and not function.get("arguments")


def _unpacked(call: FunctionCall, offered: Offered) -> Iterator[FunctionCall]:
    """Yield a call, or the calls in a wrapper for several that some models make up."""
    inner = call.arguments.get("tool_uses")
    if call.name in offered.names or not call.name.endswith("parallel") or not isinstance(inner, list):
        yield call
        return
    for use in map(as_object, inner):
        name = bare_name(as_text(use.get("recipient_name")), offered)
        yield FunctionCall(name=name, arguments=as_object(use.get("parameters")))


def _call(entry: object, offered: Offered, endpoint: str) -> FunctionCall:
    function = {**as_object(entry), **as_object(as_object(entry).get("function"))}
    name = as_text(function.get("name"))
    if not name:
        raise unusable(endpoint, "a tool call without a name", cure=_MODEL)
    name = bare_name(name, offered)
    given = next((function[key] for key in ("arguments", "parameters", "input") if key in function), None)
    try:
        return FunctionCall(name=name, arguments=read_arguments(given))
    except NoObject:
        raise unusable(endpoint, f"a call of {name[:100]} whose arguments are no object", cure=_MODEL) from None
    except ValueError:
        begun = as_text(given)[:120]
        raise Unusable(
            message=f"The model at {endpoint} called {name[:100]} with arguments that are not JSON: {begun!r}.",
            cure="Often the reply was cut off: raise the limit of output tokens, or try a more capable model.",
            again=True,
        ) from None
