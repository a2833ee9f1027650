"""The tools and queries that routing is measured with."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, islice
from random import Random
from typing import Any

from loops.crowd import CATALOGUE, catalogue

from batonmcp.core.effect import Annotations, effect_of
from batonmcp.core.names import qualified_name
from batonmcp.core.registry import Registry
from batonmcp.core.schema import Schema
from batonmcp.core.tool import Tool
from recorded_plans import SOURCES, RecordedPlan, load_plans, plans_folder

__all__ = ["QUERIES", "Asked", "asked", "is_real", "registry_of", "sources"]

# Assumptions: the tools, and what is asked of them where no recorded query is meant.
SEED = 20_261_126
QUERIES = (
    "What is the current stock price of AAPL?",
    "Search for papers about graph neural networks and save the abstracts to a file",
    "Find the train from Beijing to Shanghai tomorrow morning and the weather there",
    "Take a screenshot of example.com",
    "Which hotels near the museum have a room for two on Friday, and what do they cost in euros?",
    "Get the list of all items by name and id, search it for data of the user, and create a new file with the result",
)
# End of the assumptions.

_NOUNS_TEXT = """
    account alarm album article branch budget calendar cart channel chart city client contact contract course customer
    database device document email event file flight folder forecast hotel image invoice issue item library log map
    market meeting message metric movie note order page patient payment person photo playlist price product project
    query recipe record region release report room route server song stock task team ticket train user video weather
"""
_NOUNS = _NOUNS_TEXT.split()
_VERBS_TEXT = "add check count create delete find get list move read search send show update"
_VERBS = _VERBS_TEXT.split()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A recorded query.

    Attributes:
        query: What was asked.
        gold: The tools that answered it, by their full names.
    """

    query: str
    gold: frozenset[str]


def is_real() -> bool:
    """Whether the catalogue of real tools is on this machine."""
    return CATALOGUE.is_file()


def registry_of(tools: int, *, among: Sequence[Tool] = ()) -> Registry:
    """Return a new registry of so many tools: those of the catalogue, and copies of them under other servers' names.

    Args:
        tools: How many.
        among: Which are in it in any case.
    """
    rest = islice(_catalogue() if is_real() else _made_up(), tools - len(among))
    return Registry.of((), [*among, *rest])


def asked(source: str) -> tuple[list[Tool], list[Asked]]:
    """Return the tools that a source's plans use, as far as the recordings tell, and its queries.

    Recorded are a tool's name and the names of the arguments it was called with, and no description.
    """
    plans = load_plans(source)
    arguments: dict[tuple[str, str], dict[str, Any]] = {}
    for plan in plans:
        for step in plan.steps:
            arguments.setdefault((step.server, step.tool), {}).update({name: {} for name in step.arguments})
    tools = [_tool(server, server, name, "", {"properties": given}) for (server, name), given in arguments.items()]
    return tools, [Asked(query=plan.query, gold=_gold(plan)) for plan in plans]


def sources() -> Sequence[str]:
    """Return the recordings that are on this machine."""
    folder = plans_folder()
    return [source for source in SOURCES if folder and (folder / f"{source}.jsonl").is_file()]


def _gold(plan: RecordedPlan) -> frozenset[str]:
    return frozenset(qualified_name(step.server, step.tool) for step in plan.steps)


def _catalogue() -> Iterator[Tool]:
    for copy in count():
        for server, tools in catalogue().items():
            name = re.sub(r"[^A-Za-z0-9_-]", "_", server) + (f"_{copy}" if copy else "")
            for each in tools:
                yield _tool(name, each["server_display"], each["name"], each["description"] or "", each["inputSchema"])


def _made_up() -> Iterator[Tool]:
    dice = Random(SEED)  # noqa: S311 - chance that can be repeated
    for number in count():
        verb, one, other = dice.choice(_VERBS), dice.choice(_NOUNS), dice.choice(_NOUNS)
        schema = {"properties": {name: {"type": "string"} for name in dice.sample(_NOUNS, 3)}, "required": [one]}
        description = f"{verb.title()} the {one} of a {other}, by its {dice.choice(_NOUNS)}. " * 2
        yield _tool(f"server{number // 8}", f"Server {number // 8}", f"{verb}_{one}_{number}", description, schema)


def _tool(server: str, agent: str, name: str, description: str, schema: Mapping[str, Any]) -> Tool:
    qualified = qualified_name(server, name)
    return Tool(
        qualified=qualified,
        server=server,
        name=name,
        agent=agent,
        description=description,
        input_schema=Schema({"type": "object", **schema}),
        output_schema=None,
        effect=effect_of(name, qualified, annotations=Annotations(), overrides={}),
    )
