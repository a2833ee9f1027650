"""The functions of the language, by name. Each is given the budget first, and pays before it works."""

from collections.abc import Mapping

from batonmcp.core.expression.frame import Function
from batonmcp.core.expression.functions.aggregates import AGGREGATES
from batonmcp.core.expression.functions.conversions import CONVERSIONS
from batonmcp.core.expression.functions.lists import LISTS
from batonmcp.core.expression.functions.objects import OBJECTS
from batonmcp.core.expression.functions.sorting import SORTING
from batonmcp.core.expression.functions.texts import TEXTS

__all__ = ["FUNCTIONS", "FUNCTION_NAMES", "IS_INSTANCE"]

IS_INSTANCE = "isinstance"
"""The one function whose argument is no value but a type; the compiler knows it."""

FUNCTIONS: Mapping[str, Function] = {**AGGREGATES, **CONVERSIONS, **LISTS, **OBJECTS, **SORTING, **TEXTS}

FUNCTION_NAMES = frozenset({*FUNCTIONS, IS_INSTANCE})
"""The names that a step may not have."""
