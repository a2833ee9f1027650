"""The lexical planner over real servers: prints the results of docs/lexical-planner.md.

The first queries and the paraphrases were written before the planner was, the others once it was done. A miss stays in.

    python benchmarks/lexical.py [--catalogue tools.jsonl]

The servers are started as a host starts them; npx fetches the two that are Node programs.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import anyio
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from batonmcp.core.check import check
from batonmcp.core.effect import Annotations, effect_of
from batonmcp.core.limits import Limits
from batonmcp.core.names import qualified_name
from batonmcp.core.proposal import NoTool
from batonmcp.core.registry import Registry
from batonmcp.core.schema import Schema
from batonmcp.core.tool import Tool
from batonmcp.examples import analytics_agent, config_agent, data_agent
from batonmcp.llm.lexical import plan_lexically
from batonmcp.llm.lexical.bm25 import Index

ROOT = Path(__file__).parent.parent
PARAPHRASES = ROOT / "tests" / "llm" / "lexical" / "paraphrases.json"
CATALOGUE = ROOT.parent / "shared" / "data" / "catalogue" / "tools.jsonl"
REPEATS = 20

Call = tuple[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a query was planned as.

    Attributes:
        mode: The plan's mode, `none` without a plan.
        calls: The tools in order, each with its arguments.
    """

    mode: str
    calls: Sequence[Call]

    def __str__(self) -> str:
        """Return it as a cell of the table."""
        return f"{', '.join(f'`{tool}`' for tool, _ in self.calls)} ({self.mode})" if self.calls else "no tool"


@dataclass(frozen=True, slots=True)
class Case:
    """A query with what is expected of it: no calls if no tool fits; of arguments, those that matter."""

    query: str
    mode: str = "none"
    calls: Sequence[Call] = ()

    def met_by(self, outcome: Outcome) -> bool:
        """Tell whether the query was planned so."""
        tools = [tool for tool, _ in self.calls] == [tool for tool, _ in outcome.calls]
        given = zip(self.calls, outcome.calls, strict=False)
        return tools and self.mode == outcome.mode and all(want[1].items() <= got[1].items() for want, got in given)


BEFORE = (
    Case("What time is it in Tokyo?", mode="single", calls=(("time__get_current_time", {"timezone": "Asia/Tokyo"}),)),
    Case(
        "Convert 14:30 from Europe/Paris to Asia/Tokyo",
        mode="single",
        calls=(
            (
                "time__convert_time",
                {"source_timezone": "Europe/Paris", "time": "14:30", "target_timezone": "Asia/Tokyo"},
            ),
        ),
    ),
    Case(
        "What is the current time in New York and in London?",
        mode="parallel",
        calls=(
            ("time__get_current_time", {"timezone": "America/New_York"}),
            ("time__get_current_time", {"timezone": "Europe/London"}),
        ),
    ),
    Case("Show the git status of /srv/shop", mode="single", calls=(("git__git_status", {"repo_path": "/srv/shop"}),)),
    Case(
        "Show the last 5 commits in /srv/shop",
        mode="single",
        calls=(("git__git_log", {"repo_path": "/srv/shop", "max_count": 5}),),
    ),
    Case(
        "Show the status and the last 3 commits of /srv/shop",
        mode="parallel",
        calls=(
            ("git__git_status", {"repo_path": "/srv/shop"}),
            ("git__git_log", {"repo_path": "/srv/shop", "max_count": 3}),
        ),
    ),
    Case(
        "What has changed in /srv/shop but is not staged yet?",
        mode="single",
        calls=(("git__git_diff_unstaged", {"repo_path": "/srv/shop"}),),
    ),
    Case(
        "List the local branches of /srv/shop",
        mode="single",
        calls=(("git__git_branch", {"repo_path": "/srv/shop", "branch_type": "local"}),),
    ),
    Case(
        "Commit the staged changes in /srv/shop with the message 'Fix the total'",
        mode="single",
        calls=(("git__git_commit", {"repo_path": "/srv/shop", "message": "Fix the total"}),),
    ),
    Case(
        "Read the file /srv/docs/notes.txt",
        mode="single",
        calls=(("filesystem__read_text_file", {"path": "/srv/docs/notes.txt"}),),
    ),
    Case(
        "Which files are in /srv/docs?", mode="single", calls=(("filesystem__list_directory", {"path": "/srv/docs"}),)
    ),
    Case(
        "Find all files matching *.md under /srv/docs",
        mode="single",
        calls=(("filesystem__search_files", {"path": "/srv/docs", "pattern": "*.md"}),),
    ),
    Case(
        "Write 'hello' to /srv/docs/hello.txt",
        mode="single",
        calls=(("filesystem__write_file", {"path": "/srv/docs/hello.txt", "content": "hello"}),),
    ),
    Case(
        "How big are the files in /srv/docs? List them by size",
        mode="single",
        calls=(("filesystem__list_directory_with_sizes", {"path": "/srv/docs"}),),
    ),
    Case("Echo hello world", mode="single", calls=(("everything__echo", {"message": "hello world"}),)),
    Case("What is the sum of 17 and 25?", mode="single", calls=(("everything__get-sum", {"a": 17, "b": 25}),)),
    Case(
        "What's the weather in Chicago?",
        mode="single",
        calls=(("everything__get-structured-content", {"location": "Chicago"}),),
    ),
    Case(
        "Move /srv/docs/a.txt to /srv/archive/a.txt",
        mode="single",
        calls=(("filesystem__move_file", {"source": "/srv/docs/a.txt", "destination": "/srv/archive/a.txt"}),),
    ),
    Case(
        "List the directory /srv/docs, then read the file /srv/docs/notes.txt",
        mode="sequential",
        calls=(
            ("filesystem__list_directory", {"path": "/srv/docs"}),
            ("filesystem__read_text_file", {"path": "/srv/docs/notes.txt"}),
        ),
    ),
    Case("Delete /srv/docs/notes.txt"),
    Case("Book a table for two tonight"),
    Case("What is the meaning of life?"),
    Case("Read a file"),
    Case("Show the git log"),
)
"""Written before the planner."""

AFTER = (
    Case(
        "What's the time in Sydney right now?",
        mode="single",
        calls=(("time__get_current_time", {"timezone": "Australia/Sydney"}),),
    ),
    Case(
        "If it is 09:15 in America/New_York, what time is it in Europe/Berlin?",
        mode="single",
        calls=(
            (
                "time__convert_time",
                {"source_timezone": "America/New_York", "time": "09:15", "target_timezone": "Europe/Berlin"},
            ),
        ),
    ),
    Case(
        "Create a branch called release-2 in /srv/shop",
        mode="single",
        calls=(("git__git_create_branch", {"repo_path": "/srv/shop", "branch_name": "release-2"}),),
    ),
    Case(
        "List all branches of /srv/shop",
        mode="single",
        calls=(("git__git_branch", {"repo_path": "/srv/shop", "branch_type": "all"}),),
    ),
    Case(
        "Stage the file README.md in /srv/shop",
        mode="single",
        calls=(("git__git_add", {"repo_path": "/srv/shop", "files": ["README.md"]}),),
    ),
    Case(
        "Show commit 4f2a91c of /srv/shop",
        mode="single",
        calls=(("git__git_show", {"repo_path": "/srv/shop", "revision": "4f2a91c"}),),
    ),
    Case(
        "Compare /srv/shop with the branch develop",
        mode="single",
        calls=(("git__git_diff", {"repo_path": "/srv/shop", "target": "develop"}),),
    ),
    Case(
        "Give me the size and modification date of /srv/docs/a.txt",
        mode="single",
        calls=(("filesystem__get_file_info", {"path": "/srv/docs/a.txt"}),),
    ),
    Case(
        "Create the folder /srv/docs/new",
        mode="single",
        calls=(("filesystem__create_directory", {"path": "/srv/docs/new"}),),
    ),
    Case(
        "Which directories am I allowed to read?", mode="single", calls=(("filesystem__list_allowed_directories", {}),)
    ),
    Case(
        "Get the environment variables, then echo 'done'",
        mode="sequential",
        calls=(
            ("everything__get-env", {}),
            ("everything__echo", {"message": "done"}),
        ),
    ),
    Case(
        "Rename /srv/docs/a.txt to /srv/docs/b.txt",
        mode="single",
        calls=(("filesystem__move_file", {"source": "/srv/docs/a.txt", "destination": "/srv/docs/b.txt"}),),
    ),
    Case(
        "Show the git status of /srv/shop and the current time in Oslo",
        mode="parallel",
        calls=(
            ("git__git_status", {"repo_path": "/srv/shop"}),
            ("time__get_current_time", {"timezone": "Europe/Oslo"}),
        ),
    ),
    Case(
        "Show the last commit of /srv/shop, then list the directory /srv/shop",
        mode="sequential",
        calls=(
            ("git__git_log", {"repo_path": "/srv/shop", "max_count": 1}),
            ("filesystem__list_directory", {"path": "/srv/shop"}),
        ),
    ),
    Case("Translate 'good morning' into French"),
    Case("Send the file /srv/docs/a.txt to bob@example.com"),
    Case("Wipe /srv/shop"),
    Case("Add 2 and 40", mode="single", calls=(("everything__get-sum", {"a": 2, "b": 40}),)),
)
"""Written when it was done."""

OVER_THE_CATALOGUE = (
    "What is the current stock price of AAPL?",
    "Search arxiv for papers about graph neural networks",
    "Get the weather in Berlin",
    "Show me the git log of /srv/shop",
    "Search wikipedia for Alan Turing, then summarise it",
    "Fetch https://example.com",
    "What is the meaning of life?",
    "Get the trending repositories and the top stories",
    "Show train tickets from Beijing to Shanghai on 2026-05-01",
    "Read the excel file /srv/a.xlsx",
)


def main() -> None:
    """Print the results."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--catalogue", type=Path, default=CATALOGUE)
    catalogue: Path = parser.parse_args().catalogue
    sample = Registry.of((), _sample_tools())
    paraphrases = [
        Case(case["query"], case["mode"], tuple((tool, {}) for tool in case["tools"]))
        for case in json.loads(PARAPHRASES.read_text("utf-8"))
    ]
    real = Registry.of((), _real_tools())
    timings = [
        _timing("sample agents", sample, [case.query for case in paraphrases]),
        _timing("real servers", real, [case.query for case in BEFORE]),
    ]
    if catalogue.is_file():
        timings.append(_timing("catalogue", Registry.of((), _catalogue_tools(catalogue)), OVER_THE_CATALOGUE))
    _table("Twenty paraphrases over the sample agents, written before the planner", paraphrases, sample)
    _table(f"Real servers ({len(real)} tools), queries written before the planner", BEFORE, real)
    _table(f"Real servers ({len(real)} tools), queries written when it was done", AFTER, real)
    print("### Time in milliseconds\n")
    print("| registry | tools | index, once | a query's first plan, slowest | again, median | again, slowest |")
    print("|---|---|---|---|---|---|")
    print("\n".join(timings))


def _table(title: str, cases: Sequence[Case], registry: Registry) -> None:
    rows = [(case, _planned(case.query, registry)) for case in cases]
    hits = sum(case.met_by(outcome) for case, outcome in rows)
    print(f"### {title}: {hits} of {len(rows)}\n")
    print("| query | expected | planned | |")
    print("|---|---|---|---|")
    for case, outcome in rows:
        expected = Outcome(mode=case.mode, calls=case.calls)
        met = case.met_by(outcome)
        same = str(expected) == str(outcome)
        planned = "as expected" if met else f"the same, other arguments: `{_wrong(case, outcome)}`" if same else outcome
        print(f"| {case.query} | {expected} | {planned} | {'hit' if met else '**miss**'} |")
    print()


def _wrong(case: Case, outcome: Outcome) -> str:
    pairs = zip(case.calls, outcome.calls, strict=True)
    return json.dumps([dict(got[1]) for want, got in pairs if not want[1].items() <= got[1].items()])


def _planned(query: str, registry: Registry) -> Outcome:
    routed = plan_lexically(query, registry)
    if isinstance(routed, NoTool):
        return Outcome(mode="none", calls=())
    plan = check(routed.document, registry, limits=Limits(), by_model=False)
    calls: list[Call] = []
    for step in plan.steps:
        arguments: Any = step.arguments.as_json()
        calls.append((step.tool.qualified, arguments))
    return Outcome(mode=plan.mode, calls=calls)


def _timing(name: str, registry: Registry, queries: Sequence[str]) -> str:
    index = _milliseconds(lambda: Index(registry))
    plan_lexically("hello", registry)  # builds the index that the next ones use
    first = [_milliseconds(lambda query=query: plan_lexically(query, registry)) for query in queries]
    again = [
        statistics.median(_milliseconds(lambda query=query: plan_lexically(query, registry)) for _ in range(REPEATS))
        for query in queries
    ]
    median, slowest = statistics.median(again), max(again)
    return f"| {name} | {len(registry)} | {index:.0f} | {max(first):.1f} | {median:.1f} | {slowest:.1f} |"


def _milliseconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1e3


def _sample_tools() -> Iterable[Tool]:
    for module in (data_agent, analytics_agent, config_agent):
        definition = module.AGENT.definition().model_dump(mode="json", by_alias=True, exclude_none=True)
        yield _tool(module.AGENT.name, module.AGENT.title, definition)


def _catalogue_tools(path: Path) -> Iterable[Tool]:
    definitions = map(json.loads, path.read_text("utf-8").splitlines())
    tools = (_tool(item["server"], item["server_display"], item) for item in definitions)
    return {tool.qualified: tool for tool in tools}.values()


def _real_tools() -> list[Tool]:
    scripts = Path(sys.executable).parent
    with tempfile.TemporaryDirectory() as folder, Path(folder, "errors").open("w") as errors:
        commands = {
            "time": (str(scripts / "mcp-server-time"),),
            "git": (str(scripts / "mcp-server-git"),),
            "filesystem": ("npx", "-y", "@modelcontextprotocol/server-filesystem@2026.8.31", folder),
            "everything": ("npx", "-y", "@modelcontextprotocol/server-everything@2026.8.31"),
        }
        return [tool for name, command in commands.items() for tool in anyio.run(_listed, name, command, errors)]


async def _listed(server: str, command: Sequence[str], errors: TextIO) -> list[Tool]:
    parameters = StdioServerParameters(command=command[0], args=list(command[1:]))
    async with Client(stdio_client(parameters, errlog=errors), mode="legacy") as client:
        listed = await client.list_tools()
    definitions = (tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in listed.tools)
    return [_tool(server, server, definition) for definition in definitions]


def _tool(server: str, title: str, definition: Mapping[str, Any]) -> Tool:
    name: str = definition["name"]
    qualified = qualified_name(server, name)
    said: Mapping[str, Any] = definition.get("annotations", {})
    annotations = Annotations(
        read_only=said.get("readOnlyHint"),
        destructive=said.get("destructiveHint"),
        idempotent=said.get("idempotentHint"),
        open_world=said.get("openWorldHint"),
    )
    output = definition.get("outputSchema")
    return Tool(
        qualified=qualified,
        server=server,
        name=name,
        agent=title,
        description=definition.get("description", ""),
        input_schema=Schema(definition["inputSchema"]),
        output_schema=Schema(output) if output else None,
        effect=effect_of(name, qualified, annotations=annotations, overrides={}),
    )


if __name__ == "__main__":
    main()
