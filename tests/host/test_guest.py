"""Hosts that attend a run: that questions reach real ones, `test_run` shows in memory; here, over pipes."""

import sys
from collections.abc import Sequence

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.session import ClientRequestContext
from mcp_types import CallToolResult, ElicitRequestParams, ElicitResult, TextContent

from reading import answer_in

pytestmark = pytest.mark.anyio

TIME_S = 30.0
SERVER = """
import sys
import anyio
from batonmcp.core.caller import Progress
from batonmcp.core.events import Noted, RouteStarted
from batonmcp.core.limits import Limits
from batonmcp.host.server import Front
from batonmcp.host.stdio import serve_stdio
from doubles.asking import AskingBackend, form, said

async def ask(task, listen, caller):
    answers = []
    for number in range(3):
        listen(RouteStarted(tools=number + 2, agents=[task.query]))
        answers.append(said(await caller.ask(form(f"{task.query}{number}"))))
    return " ".join(answers)

async def main():
    await serve_stdio(Front(AskingBackend(ask).open, agents=[], limits=Limits()))

anyio.run(main)
"""


async def repeat(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
    """Accept with what was asked."""
    del context
    return ElicitResult(action="accept", content={"it": params.message.partition(": ")[2]})


def text_of(result: CallToolResult) -> str:
    """Return the text of a result."""
    (block,) = result.content
    assert isinstance(block, TextContent)
    return answer_in(block.text)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_over_pipes(mode: str, pytestconfig: pytest.Config) -> None:
    """Three runs of one host that each ask three times, in either era: own answers, own progress, numbers that grow."""
    server = StdioServerParameters(
        command=sys.executable,
        args=["-c", SERVER],
        env={"PYTHONPATH": str(pytestconfig.rootpath / "tests")},
    )
    results: dict[str, str] = {}
    reports: dict[str, list[tuple[float, str]]] = {}
    with anyio.fail_after(TIME_S):
        async with Client(server, mode=mode, elicitation_callback=repeat) as host:

            async def call(query: str) -> None:
                async def hear(progress: float, total: float | None, message: str | None) -> None:
                    assert total is None
                    reports.setdefault(query, []).append((progress, message or ""))

                results[query] = text_of(await host.call_tool("orchestrate", {"query": query}, progress_callback=hear))

            async with anyio.create_task_group() as tasks:
                for query in "abc":
                    tasks.start_soon(call, query)
    assert results == {query: answers_to(query) for query in "abc"}
    for query, heard in reports.items():
        assert all(f" of {query}" in line for _, line in heard)
        assert [number for number, _ in heard] == sorted({number for number, _ in heard})


def answers_to(query: str) -> str:
    """Return what the run says at the end."""
    said: Sequence[dict[str, str]] = [{"it": f"{query}{number}"} for number in range(3)]
    return " ".join(f"accept {answer}" for answer in said)
