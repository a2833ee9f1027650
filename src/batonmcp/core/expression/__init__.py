"""The expression language of plans: a small, closed subset of Python's expressions over JSON values."""

from batonmcp.core.expression.budget import Limits
from batonmcp.core.expression.functions import FUNCTION_NAMES
from batonmcp.core.expression.language import Expression, evaluate, parse, rename
from batonmcp.core.expression.scopes import CONSTANT_NAMES

__all__ = ["CONSTANT_NAMES", "FUNCTION_NAMES", "Expression", "Limits", "evaluate", "parse", "rename"]
