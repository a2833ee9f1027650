"""The signatures: which arguments a function or method of the language takes."""

import inspect
from collections.abc import Mapping, Sequence
from functools import cache
from inspect import Parameter, Signature

from batonmcp.core.expression.fault import Fault
from batonmcp.core.expression.frame import Function

__all__ = ["FUNCTION_LEAD", "METHOD_LEAD", "bind_arguments"]

FUNCTION_LEAD = 1
"""A function is given the budget before its arguments."""

METHOD_LEAD = 2
"""A method is given the budget and its receiver before its arguments."""


def bind_arguments(
    name: str, function: Function, positional: Sequence[object], named: Mapping[str, object], *, lead: int
) -> Mapping[str, object]:
    """Return which parameter each argument of a call is for.

    Args:
        name: The function's name.
        function: The function.
        positional: The arguments without a name.
        named: The arguments with a name.
        lead: How many parameters the caller does not see.

    Raises:
        Fault: The function does not take these arguments.
    """
    visible = _visible(function, lead)
    try:
        return visible.bind(*positional, **named).arguments
    except TypeError as error:
        raise Fault(
            message=f"`{name}` cannot be called like this: {error}.", cure=f"Write {name}{_written(visible)}."
        ) from None


@cache
def _visible(function: Function, lead: int) -> Signature:
    parameters = inspect.signature(function).parameters.values()
    return Signature(list(parameters)[lead:])


def _written(visible: Signature) -> str:
    return f"({', '.join(map(_written_parameter, visible.parameters.values()))})"


def _written_parameter(parameter: Parameter) -> str:
    if parameter.kind is Parameter.VAR_POSITIONAL:
        return f"*{parameter.name}"
    return parameter.name if parameter.default is Parameter.empty else f"{parameter.name}=…"
