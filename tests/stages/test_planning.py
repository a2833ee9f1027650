"""Plans that are given, made, remembered and used again."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from pydantic import JsonValue

from batonmcp.core.limits import Limits
from batonmcp.core.policy import Policy
from batonmcp.core.record import RunRecord
from batonmcp.core.registry import Registry
from batonmcp.llm.port import Reply
from batonmcp.stages.audience import Audience
from batonmcp.stages.orchestrate import orchestrate
from batonmcp.stages.ports import Ports
from batonmcp.stages.task import Task
from batonmcp.store.memory import MemoryStore
from batonmcp.store.routes import Routes
from batonmcp.store.shapes import Shapes
from builders import registry, tool
from doubles.ports import InProcessTools, ScriptedLLM, calling, failed, saying

pytestmark = pytest.mark.anyio

TIME_S = 10.0
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = tool("weather__today", description="Tells the weather of a city.", input_schema=CITY)
TOOLS = registry(WEATHER, tool("mail__send", effect="write"))
GONE: JsonValue = {"plan": {"steps": [{"id": "a", "tool": "gone__away"}]}, "day": None, "wording": None}
OSLO = calling(("weather__today", {"city": "Oslo"}))


@dataclass
class Days:
    """Runs on one store, as days go by.

    Attributes:
        known: The tools.
        today: When it is.
        answers: What tools answer.
        model: Which model makes the plans.
        policy: What may run.
    """

    known: Registry = TOOLS
    today: datetime = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
    answers: dict[str, Any] = field(default_factory=dict[str, Any])
    model: str = "m"
    policy: Policy = field(default_factory=Policy)
    store: MemoryStore = field(default_factory=MemoryStore)
    tools: InProcessTools = field(init=False)
    llm: ScriptedLLM = field(init=False)

    async def run(self, *script: Reply, query: str = "How is Oslo?", **task: Any) -> RunRecord:  # noqa: ANN401 - a task
        """Run a task with a model that plays a script: what is left of it at the end was not asked for."""
        self.llm = ScriptedLLM(*script)
        self.tools = InProcessTools(self.known, self.answers)
        ports = Ports(
            tools=self.tools,
            planner="llm",
            llm=self.llm,
            limits=Limits(),
            clock=lambda: 0.0,
            now=lambda: self.today,
            policy=self.policy,
            routes=Routes(self.store),
            route_model=self.model,
            shapes=Shapes(self.store),
        )
        with anyio.fail_after(TIME_S):
            return await orchestrate(Task(query=query, **task), ports, Audience())

    @property
    def asked(self) -> list[str]:
        """The stages in which the model was asked, in order."""
        return [request.stage for request in self.llm.requests]


async def test_the_same_again_needs_no_routing() -> None:
    """A plan that ran well is used again: the model only writes the answer, and the record says who planned."""
    days = Days()
    first = await days.run(OSLO, saying("Rain."))
    again = await days.run(saying("Still rain."), query="  How is Oslo ")
    assert (first.planner, again.planner) == ("llm", "cache")
    assert (again.status, again.answer) == ("ok", "Still rain.")
    assert days.asked == ["synthesize"]
    assert [(call.tool, call.arguments) for call in days.tools.calls] == [("weather__today", {"city": "Oslo"})]
    data = await days.run(output="data")
    assert (data.planner, days.asked) == ("cache", [])


@pytest.mark.parametrize(
    "other",
    [{"query": "How is Bergen?"}, {"servers": ("weather",)}, {"inputs": {"a": 1}}, {"fresh": True}],
)
async def test_anything_else_is_planned_anew(other: dict[str, Any]) -> None:
    """Another query, other servers, other inputs, or the wish for a fresh plan."""
    days = Days()
    await days.run(OSLO, saying("Rain."))
    record = await days.run(OSLO, saying("Rain."), **other)
    assert (record.planner, days.asked) == ("llm", ["route", "synthesize"])


async def test_other_tools_or_another_model_are_planned_for_anew() -> None:
    """A definition that has changed, a tool that came, or another model: the plan of before is none of theirs."""
    days = Days()
    await days.run(OSLO, saying("Rain."))
    days.known = registry(WEATHER, tool("mail__send", effect="write", description="Sends it now."))
    assert (await days.run(OSLO, saying("Rain."))).planner == "llm"
    days.model = "n"
    assert (await days.run(OSLO, saying("Rain."))).planner == "llm"
    assert (await days.run(saying("Rain."))).planner == "cache"


async def test_only_what_ran_well_is_kept() -> None:
    """A run that failed leaves no plan behind."""
    days = Days(answers={"weather__today": failed("The sky is gone.")})
    assert (await days.run(OSLO)).status == "failed"
    assert (await days.run(OSLO)).planner == "llm"


async def test_a_plan_is_kept_whose_answer_could_not_be_written() -> None:
    """Its steps ran well; a plan whose `result` has no value did not, where that is what is asked for."""
    days = Days(answers={"weather__today": {"temp": 3}})
    assert (await days.run(OSLO, saying(""))).status == "partial"
    assert (await days.run(saying("Cold."))).planner == "cache"
    bad = calling(("plan_execution", {**_plan("Oslo"), "result": "1 / (w.temp - 3)"}))
    assert (await days.run(bad, query="And now?", output="data")).status == "partial"
    assert (await days.run(OSLO, query="And now?", output="data")).planner == "llm"


async def test_a_plan_with_a_date_is_for_its_day() -> None:
    """On the same day it is used again; on the next one it is made anew."""
    days = Days()
    tomorrow = calling(("weather__today", {"city": "Oslo 2026-11-27"}))
    await days.run(tomorrow, saying("Rain."), query="How will Oslo be tomorrow?")
    assert (await days.run(saying("Rain."), query="How will Oslo be tomorrow?")).planner == "cache"
    days.today = datetime(2026, 11, 27, 0, 1, tzinfo=UTC)
    assert (await days.run(tomorrow, saying("Rain."), query="How will Oslo be tomorrow?")).planner == "llm"


async def test_a_plan_is_for_the_day_on_which_it_was_made() -> None:
    """A run that goes past midnight leaves no plan for a day that its model did not know."""
    days = Days()
    midnight = datetime(2026, 11, 27, 0, 0, 5, tzinfo=UTC)

    async def past_midnight(_arguments: dict[str, Any]) -> str:
        days.today = midnight
        await anyio.lowlevel.checkpoint()
        return "Rain."

    days.answers = {"weather__today": past_midnight}
    tomorrow = calling(("weather__today", {"city": "Oslo 2026-11-27"}))
    await days.run(tomorrow, saying("Rain."), query="How will Oslo be tomorrow?")
    assert days.today == midnight
    assert (await days.run(tomorrow, saying("Rain."), query="How will Oslo be tomorrow?")).planner == "llm"


async def test_another_zone_of_the_clock_is_planned_for_anew() -> None:
    """A model is told the zone, and computes from it."""
    days = Days()
    await days.run(OSLO, saying("Rain."))
    days.today = days.today.astimezone(timezone(timedelta(hours=1), "CET"))
    assert (await days.run(OSLO, saying("Rain."))).planner == "llm"


async def test_a_plan_that_quotes_its_query_is_for_that_query() -> None:
    """What is sent is what is said now, its last sign included."""
    days = Days()
    for text in ("are we done", "are we done?"):
        record = await days.run(calling(("weather__today", {"city": text})), saying("Yes."), query=f"Ask {text}")
        assert record.planner == "llm"
        assert [call.arguments for call in days.tools.calls] == [{"city": text}]
    assert (await days.run(saying("Yes."), query="Ask are we done?")).planner == "cache"


async def test_a_fresh_plan_takes_the_place_of_the_one_before() -> None:
    """Whoever was not content with a plan does not get it again; nor if the fresh one was good for once."""
    days = Days()
    await days.run(OSLO, saying("Rain."))
    await days.run(calling(("weather__today", {"city": "Bergen"})), saying("Rain."), fresh=True)
    assert (await days.run(saying("Rain."))).planner == "cache"
    assert [call.arguments for call in days.tools.calls] == [{"city": "Bergen"}]
    await days.run(calling(("weather__today", {"city": "Oslo at 13:00"})), saying("Rain."), fresh=True)
    assert (await days.run(OSLO, saying("Rain."))).planner == "llm"


async def test_a_remembered_plan_that_fails_is_forgotten() -> None:
    """It is tried once; the next time a model may know better."""
    days = Days()
    await days.run(OSLO, saying("Rain."))
    days.answers = {"weather__today": failed("There is no Oslo.")}
    record = await days.run()
    assert (record.planner, record.status) == ("cache", "failed")
    assert (await days.run(OSLO)).planner == "llm"


async def test_a_remembered_plan_that_is_refused_is_forgotten() -> None:
    """What was not allowed to run is no plan for the next time."""
    days = Days()
    sending = calling(("mail__send", {}))
    days.policy = Policy(profile="never")
    await days.run(sending, query="Send it", output="data")
    days.policy = Policy(profile="read_only")
    record = await days.run(query="Send it", output="data")
    assert (record.planner, record.status) == ("cache", "refused")
    days.policy = Policy(profile="never")
    assert (await days.run(sending, query="Send it", output="data")).planner == "llm"


async def test_values_of_inputs_are_bound_anew() -> None:
    """A plan that takes an input by its name works with the next value; one that has its value in it is not kept."""
    days = Days()
    by_name = calling(("plan_execution", _plan({"$from": "inputs.place"})))
    await days.run(by_name, saying("Rain."), query="How is it there?", inputs={"place": "Oslo"})
    again = await days.run(saying("Sun."), query="How is it there?", inputs={"place": "Rome"})
    assert again.planner == "cache"
    assert [call.arguments for call in days.tools.calls] == [{"city": "Rome"}]
    await days.run(OSLO, saying("Rain."), query="And there?", inputs={"place": "Oslo"})
    anew = calling(("weather__today", {"city": "Rome"}))
    await days.run(anew, saying("Sun."), query="And there?", inputs={"place": "Rome"})
    assert [call.arguments for call in days.tools.calls] == [{"city": "Rome"}]


def _plan(city: JsonValue) -> dict[str, JsonValue]:
    return {"steps": [{"id": "w", "tool": "weather__today", "arguments": {"city": city}}]}


async def test_a_remembered_plan_passes_the_policy() -> None:
    """What a person has agreed to once is not agreed to for good."""
    days = Days()
    sending = calling(("mail__send", {}))
    await days.run(sending, query="Send it", output="data")
    await Routes(days.store).put("x", None, day=None, wording=None)
    record = await days.run(sending, query="Send it", output="data")
    assert record.status == "approval_required"
    assert days.tools.calls == []


async def test_a_remembered_plan_that_cannot_run_is_dropped() -> None:
    """What is no plan any more, for whatever reason, is forgotten and made anew."""
    days = Days()
    await days.run(OSLO, saying("Rain."))
    (entry,) = await days.store.newest("route")
    await days.store.put("route", entry.key, GONE)
    assert (await days.run(OSLO, saying("Rain."))).planner == "llm"
    assert (await days.run(saying("Rain."))).planner == "cache"


async def test_results_teach_what_results_look_like() -> None:
    """The second time the model is shown what the tool gives, and a plan that contradicts it is not run."""
    days = Days(answers={"weather__today": {"list": [{"temp": 3.5}]}})
    await days.run(OSLO, saying("Cold."))
    await days.run(OSLO, saying("Cold."), fresh=True)
    described = {function.name: function.description for function in days.llm.requests[0].functions}
    assert described["weather__today"].endswith("\nReturns {list?: [{temp?: number}]}")
    wrong: dict[str, JsonValue] = {
        "steps": [
            {"id": "w", "tool": "weather__today", "arguments": {"city": "Oslo"}},
            {"id": "v", "tool": "weather__today", "arguments": {"city": {"$from": "w.list.temp"}}},
        ]
    }
    bad = calling(("plan_execution", wrong))
    record = await days.run(bad, bad, query="And then?")
    assert record.status == "failed"
    assert record.error is not None
    assert "`w.list` is a list and has no 'temp'" in record.error["message"]
