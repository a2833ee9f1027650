"""openai-agents with MCP servers, as its documentation shows it; started by `peers.py`."""
# pyright: basic, reportMissingImports=false
# It is in the optional group `peers`, so its types are not there when the rest is checked.

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from agents import Agent, OpenAIChatCompletionsModel, Runner, set_tracing_disabled
from agents.mcp import MCPServerStdio
from openai import AsyncOpenAI
from peer import Ask, Setting, serve

__all__: list[str] = []

_MOST_TURNS = 50


@asynccontextmanager
async def _opened(setting: Setting) -> AsyncGenerator[Ask]:
    set_tracing_disabled(disabled=True)
    async with AsyncExitStack() as stack:
        servers = [
            await stack.enter_async_context(
                MCPServerStdio(
                    name=name,
                    params={"command": command[0], "args": command[1:]},
                    cache_tools_list=True,
                    client_session_timeout_seconds=60,
                )
            )
            for name, command in setting.servers.items()
        ]
        client = await stack.enter_async_context(AsyncOpenAI(base_url=setting.base_url, api_key="none"))
        model = OpenAIChatCompletionsModel(setting.model, openai_client=client)
        agent = Agent(
            name="assistant",
            instructions=setting.system,
            model=model,
            mcp_servers=[*servers],
            mcp_config={"include_server_in_tool_names": True},  # servers of other people share names
        )

        async def ask(query: str) -> str:
            return (await Runner.run(agent, query, max_turns=_MOST_TURNS)).final_output

        yield ask


if __name__ == "__main__":
    serve("openai-agents", _opened)
