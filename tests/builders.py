"""Small builders of the core's records, for tests."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import JsonValue

from batonmcp.core.check import check
from batonmcp.core.effect import Effect, EffectKind
from batonmcp.core.limits import Limits
from batonmcp.core.plan import Plan
from batonmcp.core.registry import Agent, Registry
from batonmcp.core.schema import Schema
from batonmcp.core.tool import Tool

__all__ = ["effect_kind", "plan_of", "registry", "tool"]

_ANY_OBJECT: Mapping[str, Any] = {"type": "object"}


def effect_kind(kind: EffectKind) -> Effect:
    """Return an effect of this kind as an honest server declares it, closed to the world."""
    return Effect(kind=kind, source="declared", idempotent=kind == "read", open_world=False)


def tool(
    qualified: str = "a__x",
    *,
    effect: EffectKind | Effect = "read",
    input_schema: Mapping[str, Any] | None = None,
    output_schema: Mapping[str, Any] | None = None,
    description: str = "Does something.",
) -> Tool:
    """Return the tool `x` of the server `a`, called "A", which takes any object unless a schema says otherwise."""
    server, _, name = qualified.partition("__")
    return Tool(
        qualified=qualified,
        server=server,
        name=name,
        agent=server.replace("_", " ").title(),
        description=description,
        input_schema=Schema(_ANY_OBJECT if input_schema is None else input_schema),
        output_schema=None if output_schema is None else Schema(output_schema),
        effect=effect if isinstance(effect, Effect) else effect_kind(effect),
    )


def registry(*tools: Tool, agents: Iterable[Agent] | None = None) -> Registry:
    """Return a registry of these tools, with one agent for each of their servers unless agents are given."""
    titles = {tool.server: tool.agent for tool in tools}
    up = [Agent(name=name, title=title) for name, title in titles.items()]
    return Registry.of(up if agents is None else agents, tools)


def plan_of(document: JsonValue, registry: Registry, *, limits: Limits | None = None, by_model: bool = False) -> Plan:
    """Return the plan that a document stands for, a host's unless it is said to be by the router's model."""
    return check(document, registry, limits=limits or Limits(), by_model=by_model)
