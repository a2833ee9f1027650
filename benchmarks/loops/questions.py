"""The questions: what is asked, which servers are there, and what has to be called for it, stage by stage."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast

__all__ = ["HEADLINE", "KEPT", "QUESTIONS", "SERVER_OF", "SLOW_FIRST", "Call", "Mode", "Question", "Stage", "key"]

Mode: TypeAlias = Literal["single", "parallel", "sequential"]
Call: TypeAlias = tuple[str, Mapping[str, Any]]
"""The name of a tool, which no other server has, and its arguments."""

SERVER_OF: Mapping[str, str] = {
    "get_report": "data_agent",
    "get_trends": "analytics_agent",
    "check_config": "config_agent",
    "last_deployment": "deployments",
    "get_ticket": "tickets",
    "on_call": "people",
    "recent_errors": "logs",
    "get_runbook": "runbooks",
}
"""The server of each tool that a question needs."""

_SERVERS = tuple(SERVER_OF.values())
_ONE, _THREE, _EIGHT = ("analytics_agent",), _SERVERS[:3], _SERVERS


def key(call: Call) -> str:
    """Return a text that is the same for the same call."""
    return f"{call[0]} {json.dumps(call[1], sort_keys=True)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Calls that can be known at the same time.

    Attributes:
        tools: Which tools they are of.
        calls: They, from the results of each earlier stage.
    """

    tools: tuple[str, ...]
    calls: Callable[[Sequence[Sequence[Any]]], Sequence[Call]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Question:
    """A question.

    Attributes:
        query: What is asked; no query is a part of another.
        servers: Which are connected.
        mode: What its plan is.
        stages: What has to be called.
        steps: The plan, with the plain names of tools; none where it is the calls of the only stage.
    """

    query: str
    servers: tuple[str, ...]
    mode: Mode
    stages: tuple[Stage, ...]
    steps: tuple[Mapping[str, Any], ...] = ()

    @property
    def title(self) -> str:
        """How tables name it."""
        return f"{len(self.servers)} agent{'s' if len(self.servers) > 1 else ''}, {self.mode}"

    def missing(self, known: Mapping[str, Any]) -> list[Call]:
        """Return the calls that can be told from these results and have none yet; nothing once all is known."""
        results: list[list[Any]] = []
        for stage in self.stages:
            calls = stage.calls(results)
            missing = [call for call in calls if key(call) not in known]
            if missing:
                return missing
            results.append([known[key(call)] for call in calls])
        return []

    def document(self, named: Callable[[str], str]) -> list[dict[str, Any]]:
        """Return the steps of its plan.

        Args:
            named: Gives the full name of a tool.
        """
        calls = enumerate(self.stages[0].calls([]), 1)
        steps = self.steps or [{"id": f"s{number}", "tool": name, "arguments": args} for number, (name, args) in calls]
        return [{**step, "tool": named(cast("str", step["tool"]))} for step in steps]


def _fixed(*calls: Call) -> Stage:
    return Stage(tools=tuple(name for name, _ in calls), calls=lambda _results: calls)


def _each(tool: str, argument: str, values: Callable[[Sequence[Sequence[Any]]], Iterator[str]]) -> Stage:
    """Return a stage that calls a tool once for each of some values, none twice."""
    return Stage(
        tools=(tool,), calls=lambda results: [(tool, {argument: value}) for value in dict.fromkeys(values(results))]
    )


def _anomalies(member: str, at: int) -> Callable[[Sequence[Sequence[Any]]], Iterator[str]]:
    """Return what gives a member of each anomaly that the trends show, which are a result of the first stage."""
    return lambda results: (anomaly[member] for anomaly in results[0][at]["anomalies"])


def _components(result: Any) -> Any:  # noqa: ANN401 - JSON
    members = ("component", "entity")
    return {"anomalies": [{member: anomaly[member] for member in members} for anomaly in result["anomalies"]]}


def _step(name: str, tool: str, arguments: Mapping[str, Any], for_each: str | None = None) -> Mapping[str, Any]:
    return {"id": name, "tool": tool, "arguments": arguments} | ({"for_each": for_each} if for_each else {})


_ITEM = {"$from": "item"}
_ANOMALOUS = "unique([a.component for a in trends.anomalies])"
KEPT: Mapping[str, Callable[[Any], Any]] = {
    "get_trends": _components,
    "last_deployment": lambda result: {"ticket": result["ticket"]},
    "get_ticket": lambda result: {"team": result["team"]},
}
"""What later stages need of a tool's result."""

_EVERYTHING: tuple[Call, ...] = (
    ("get_report", {"entity": "checkout"}),
    ("get_trends", {"entity": "checkout"}),
    *(
        (tool, {"component": "checkout-db"})
        for tool in ("check_config", "last_deployment", "recent_errors", "get_runbook")
    ),
    ("get_ticket", {"id": "OPS-103"}),
    ("on_call", {"team": "data"}),
)

HEADLINE = Question(
    query="Report the metrics and the trends of the shop, and the configuration of every component with an anomaly",
    servers=_THREE,
    mode="sequential",
    stages=(
        _fixed(("get_report", {}), ("get_trends", {})),
        _each("check_config", "component", _anomalies("component", at=1)),
    ),
    steps=(
        _step("report", "get_report", {}),
        _step("trends", "get_trends", {}),
        _step("config", "check_config", {"component": _ITEM}, _ANOMALOUS),
    ),
)

SLOW_FIRST = Question(
    query="What did checkout-db log, and what do the report, the trends and the configuration say about it?",
    servers=("logs", *_THREE),
    mode="parallel",
    stages=(_fixed(("recent_errors", {"component": "checkout-db"}), *_EVERYTHING[:3]),),
)
"""A small server is called first, and then three that are fast."""

QUESTIONS: tuple[Question, ...] = (
    Question(
        query="Which trends does the shop show?",
        servers=_ONE,
        mode="single",
        stages=(_fixed(("get_trends", {})),),
    ),
    Question(
        query="Compare the trends of checkout, payments and search",
        servers=_ONE,
        mode="parallel",
        stages=(_fixed(*(("get_trends", {"entity": name}) for name in ("checkout", "payments", "search"))),),
    ),
    Question(
        query="Find the entities with an anomaly and show the trends of each alone",
        servers=_ONE,
        mode="sequential",
        stages=(_fixed(("get_trends", {})), _each("get_trends", "entity", _anomalies("entity", at=0))),
        steps=(
            _step("trends", "get_trends", {}),
            _step("alone", "get_trends", {"entity": _ITEM}, "unique([a.entity for a in trends.anomalies])"),
        ),
    ),
    Question(
        query="Which metrics does the shop report?",
        servers=_THREE,
        mode="single",
        stages=(_fixed(("get_report", {})),),
    ),
    Question(
        query="Put the report and the trends of checkout beside the configuration of checkout-db",
        servers=_THREE,
        mode="parallel",
        stages=(_fixed(*_EVERYTHING[:3]),),
    ),
    HEADLINE,
    Question(
        query="Who of the team data is on call?",
        servers=_EIGHT,
        mode="single",
        stages=(_fixed(("on_call", {"team": "data"})),),
    ),
    Question(
        query="Tell everything there is about checkout and checkout-db, ticket OPS-103, and who of data is on call",
        servers=_EIGHT,
        mode="parallel",
        stages=(_fixed(*_EVERYTHING),),
    ),
    Question(
        query="For every component with an anomaly: its last deployment, that one's ticket, and whom to call about it",
        servers=_EIGHT,
        mode="sequential",
        stages=(
            _fixed(("get_trends", {})),
            _each("last_deployment", "component", _anomalies("component", at=0)),
            _each("get_ticket", "id", lambda results: (deployed["ticket"] for deployed in results[1])),
            _each("on_call", "team", lambda results: (ticket["team"] for ticket in results[2])),
        ),
        steps=(
            _step("trends", "get_trends", {}),
            _step("deployed", "last_deployment", {"component": _ITEM}, _ANOMALOUS),
            _step("tickets", "get_ticket", {"id": _ITEM}, "[d.ticket for d in deployed]"),
            _step("people", "on_call", {"team": _ITEM}, "unique([t.team for t in tickets])"),
        ),
    ),
)
"""In the order of the tables."""
