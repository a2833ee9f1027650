"""The menu: the tools as the router's model is shown them, within a budget of tokens."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import anyio.to_thread

from batonmcp.core.limits import Limits
from batonmcp.core.registry import Registry
from batonmcp.core.signature import result_type
from batonmcp.core.tokens import estimated_tokens
from batonmcp.core.tool import Tool
from batonmcp.llm.port import Function
from batonmcp.llm.schema import safe_schema
from batonmcp.stages.catalogue import catalogue
from batonmcp.stages.nearest import Nearest

__all__ = ["MOST_FUNCTIONS", "Menu", "menu", "menu_of"]

MOST_FUNCTIONS: Final = 127
"""Tools that are offered as functions: OpenAI takes 128, which others copy, and one of them is ours."""

_LONGEST_DESCRIPTION = 1024  # OpenAI's limit for a function
_LONGEST_RESULT = 500
_MANY = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """What a model chooses from.

    Attributes:
        functions: The tools as functions; empty where there are too many for that.
        catalogue: The tools as signatures, a line each, sorted by name; empty where they are functions.
        left_out: How many tools of each server are in neither.
    """

    functions: tuple[Function, ...] = ()
    catalogue: str = ""
    left_out: Mapping[str, int]

    @property
    def tokens(self) -> int:
        """About how many tokens it takes."""
        return estimated_tokens(self.catalogue) + sum(map(_tokens_of, self.functions))

    @property
    def note(self) -> str | None:
        """Say what was left out; None if nothing was."""
        if not self.left_out:
            return None
        servers = ", ".join(f"{count} of {server}" for server, count in self.left_out.items())
        return (
            f"The model was shown the tools that match the task best; {sum(self.left_out.values()):,} were left out "
            f"({servers}). Name servers to narrow the choice, or raise `catalogue_tokens` under `limits`."
        )


async def menu(registry: Registry, query: str, limits: Limits, nearest: Nearest | None = None) -> Menu:
    """Return the menu for a query; of very many tools in a thread, as the first of a registry takes a while.

    Args:
        registry: Of which tools.
        query: What is asked.
        limits: How many tokens they may take.
        nearest: Ranks them by vectors too; asked only where something is to be left out.
    """
    shown = await _menu(registry, query, limits)
    near = await nearest.names(registry, query) if nearest and shown.left_out else ()
    return await _menu(registry, query, limits, near) if near else shown


async def _menu(registry: Registry, query: str, limits: Limits, near: Sequence[str] = ()) -> Menu:
    if len(registry) <= _MANY:
        return menu_of(registry, query, limits, near)
    return await anyio.to_thread.run_sync(menu_of, registry, query, limits, near)


def menu_of(registry: Registry, query: str, limits: Limits, near: Sequence[str] = ()) -> Menu:
    """Return the menu for a query.

    As long as everything fits, it is the same for every query, so that endpoints can cache it.

    Args:
        registry: Of which tools.
        query: What is asked.
        limits: How many tokens they may take.
        near: Tools whose definitions are near to the query, the nearest first.
    """
    if len(registry) <= MOST_FUNCTIONS:
        functions = registry.once(_functions)
        if registry.once(_function_tokens) <= limits.native_tokens:
            return Menu(functions=functions, left_out={})
    text, left_out = catalogue(registry, query, limits.catalogue_tokens, near)
    return Menu(catalogue=text, left_out=left_out)


def _functions(registry: Registry) -> tuple[Function, ...]:
    return tuple(map(_function, registry))


def _function_tokens(registry: Registry) -> int:
    return sum(map(_tokens_of, registry.once(_functions)))


def _tokens_of(one: Function) -> int:
    return estimated_tokens(f"{one.name} {one.description} {json.dumps(one.parameters, ensure_ascii=False)}")


def _function(tool: Tool) -> Function:
    gives = result_type(tool)
    returns = f"\nReturns {gives}" if gives and len(gives) <= _LONGEST_RESULT else ""
    said = f"[{tool.agent}] {tool.description}"[: _LONGEST_DESCRIPTION - len(returns)]
    return Function(
        name=tool.qualified,
        description=f"{said}{returns}",
        parameters=safe_schema(tool.input_schema.document),
    )
