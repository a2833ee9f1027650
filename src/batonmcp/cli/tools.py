"""The command `tools`."""

import json as json_text
from collections.abc import Mapping
from typing import Any, TypeAlias

from batonmcp.cli.echo import Echo
from batonmcp.config.settings import Settings
from batonmcp.core.registry import Agent, Registry
from batonmcp.core.tool import Tool
from batonmcp.downstream.fleet import open_fleet
from batonmcp.downstream.report import ServerState

__all__ = ["show_tools"]

_LONGEST_DESCRIPTION = 100

_States: TypeAlias = Mapping[str, ServerState]


async def show_tools(settings: Settings, echo: Echo, *, json: bool) -> None:
    """Connect to all servers and print their tools."""
    async with open_fleet(settings) as fleet:
        await fleet.settled()
        registry = await fleet.registry()
        states: _States = {report.name: report.state for report in fleet.reports()}
    shown = json_text.dumps(_as_json(registry, states), indent=2, ensure_ascii=False) if json else None
    echo.out(shown or _as_text(registry, states))


def _as_text(registry: Registry, states: _States) -> str:
    if not registry.agents:
        return "servers.json names no servers."
    width = max((len(tool.qualified) for tool in registry), default=0)
    return "\n\n".join(_agent(agent, registry, states[agent.name], width) for agent in registry.agents)


def _agent(agent: Agent, registry: Registry, state: ServerState, width: int) -> str:
    tools = [tool for tool in registry if tool.server == agent.name]
    name = agent.name if agent.title == agent.name else f"{agent.title} ({agent.name})"
    head = f"{name}: {state}"
    lines = [head, *(f"  {tool.qualified:<{width}}  {_effect(tool):<22}  {_summary(tool)}".rstrip() for tool in tools)]
    if agent.trouble:
        lines.append(f"  ! {agent.trouble}")
    elif not tools:
        lines.append("  offers no tools")
    return "\n".join(lines)


def _effect(tool: Tool) -> str:
    return f"{tool.effect.kind} ({tool.effect.source})"


def _summary(tool: Tool) -> str:
    text = " ".join(tool.description.split())
    return text if len(text) <= _LONGEST_DESCRIPTION else f"{text[: _LONGEST_DESCRIPTION - 1]}…"


def _as_json(registry: Registry, states: _States) -> dict[str, Any]:
    return {
        "fingerprint": registry.fingerprint,
        "servers": [
            {"name": agent.name, "title": agent.title, "state": states[agent.name], "trouble": agent.trouble}
            for agent in registry.agents
        ],
        "tools": [
            {
                "name": tool.qualified,
                "server": tool.server,
                "tool": tool.name,
                "agent": tool.agent,
                "description": tool.description,
                "effect": tool.effect.kind,
                "effect_source": tool.effect.source,
                "open_world": tool.effect.open_world,
                "input_schema": tool.input_schema.document,
                "output_schema": tool.output_schema.document if tool.output_schema else None,
            }
            for tool in registry
        ],
    }
