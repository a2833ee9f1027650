"""mcp-agent's orchestrator: a planner, a worker for each server, a synthesizer; started by `peers.py`."""
# pyright: basic, reportMissingImports=false
# It needs mcp below 2 and so an environment of its own: its types are not there when the rest is checked.

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from mcp_agent.agents.agent import Agent
from mcp_agent.app import MCPApp
from mcp_agent.config import LoggerSettings, MCPServerSettings, MCPSettings, OpenAISettings, Settings
from mcp_agent.workflows.llm.augmented_llm import RequestParams
from mcp_agent.workflows.llm.augmented_llm_openai import OpenAIAugmentedLLM
from mcp_agent.workflows.orchestrator.orchestrator import Orchestrator
from peer import Ask, Setting, serve

__all__: list[str] = []


@asynccontextmanager
async def _opened(setting: Setting) -> AsyncGenerator[Ask]:
    servers = {
        name: MCPServerSettings(command=command[0], args=command[1:]) for name, command in setting.servers.items()
    }
    settings = Settings(
        execution_engine="asyncio",
        logger=LoggerSettings(type="none", progress_display=False),
        mcp=MCPSettings(servers=servers),
        openai=OpenAISettings(base_url=setting.base_url, api_key="none", default_model=setting.model),
    )
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(MCPApp(name="benchmark", settings=settings).run())
        agents = [
            await stack.enter_async_context(Agent(name=name, instruction=setting.system, server_names=[name]))
            for name in setting.servers
        ]

        async def ask(query: str) -> str:
            orchestrator = Orchestrator(llm_factory=OpenAIAugmentedLLM, available_agents=agents, plan_type="full")
            return await orchestrator.generate_str(
                query, request_params=RequestParams(model=setting.model, use_history=False)
            )

        yield ask


if __name__ == "__main__":
    serve("mcp-agent", _opened)
