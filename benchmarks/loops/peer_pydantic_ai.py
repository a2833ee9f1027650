"""pydantic-ai with its MCP toolset, as its documentation shows it; started by `peers.py`."""
# pyright: basic, reportMissingImports=false
# It is in the optional group `peers`, so its types are not there when the rest is checked.

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastmcp.client.transports import StdioTransport
from peer import Ask, Setting, serve
from pydantic_ai import Agent
from pydantic_ai.mcp import MCPToolset
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

__all__: list[str] = []


@asynccontextmanager
async def _opened(setting: Setting) -> AsyncGenerator[Ask]:
    toolsets = [
        MCPToolset(StdioTransport(command=command[0], args=command[1:])).prefixed(name)
        for name, command in setting.servers.items()
    ]
    model = OpenAIChatModel(setting.model, provider=OpenAIProvider(base_url=setting.base_url, api_key="none"))
    agent = Agent(model, instructions=setting.system, toolsets=toolsets)
    async with agent:

        async def ask(query: str) -> str:
            return (await agent.run(query)).output

        yield ask


if __name__ == "__main__":
    serve("pydantic-ai-slim", _opened)
