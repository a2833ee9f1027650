"""Calls that stand where the published format has them, or near it."""

from typing import Any

from batonmcp.llm.port import FunctionCall
from batonmcp.llm.reply.arguments import NoObject, read_arguments
from batonmcp.llm.reply.shapes import as_list, as_object, as_text
from batonmcp.llm.reply.unusable import Unusable, unusable
from batonmcp.llm.reply.written import Offered, bare_name

__all__ = ["read_calls"]

_MOST_CALLS = 256


def read_calls(message: dict[str, Any], offered: Offered, endpoint: str) -> tuple[FunctionCall, ...]:
    """Return the calls of a message, each once.

    Raises:
        Unusable: One has no name, or arguments that cannot be read.
    """
    entries = [*as_list(message.get("tool_calls")), *as_list(message.get("function_call"))]
    entries += [part for part in as_list(message.get("content")) if as_object(part).get("type") == "tool_use"]
    calls: list[FunctionCall] = []
    seen: list[object] = []
    for entry in entries[:_MOST_CALLS]:
        if as_object(entry).get("id") and entry in seen:
            continue  # some gateways repeat a call; two that are meant have ids of their own
        seen.append(entry)
        calls.append(_call(entry, offered, endpoint))
    return tuple(calls)


def _call(entry: object, offered: Offered, endpoint: str) -> FunctionCall:
    function = as_object(as_object(entry).get("function")) or as_object(entry)
    name = as_text(function.get("name"))
    if not name:
        raise unusable(endpoint, "a tool call without a name")
    name = bare_name(name, offered)
    given = next((function[key] for key in ("arguments", "parameters", "input") if key in function), None)
    try:
        return FunctionCall(name=name, arguments=read_arguments(given))
    except NoObject:
        raise unusable(endpoint, f"a call of {name[:100]} whose arguments are no object") from None
    except ValueError:
        begun = as_text(given)[:120]
        raise Unusable(
            message=f"The model at {endpoint} called {name[:100]} with arguments that are not JSON: {begun!r}.",
            cure="Often the reply was cut off: raise the limit of output tokens, or try a more capable model.",
            again=True,
        ) from None
