"""What of a plan may run, as a person decides: asked beforehand, and again where arguments were not known yet."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import anyio
import pytest
from pydantic import JsonValue

from batonmcp.core.approval import Approval, Approved, Refused, Ruling, Undecided
from batonmcp.core.effect import Effect
from batonmcp.core.events import ApprovalAsked, ApprovalGiven, Event, RunFinished, StepStarted
from batonmcp.core.explain import digest_of
from batonmcp.core.limits import Limits
from batonmcp.core.outcome import Cancelled, Failed, Outcome, Skipped, Succeeded
from batonmcp.core.plan import Plan
from batonmcp.core.policy import Policy
from batonmcp.core.tool import Tool
from batonmcp.stages.consent import Consent, judged, told
from batonmcp.stages.execute import execute
from batonmcp.stages.facts import run_status
from batonmcp.stages.ports import NobodyTrusted, Trust
from builders import plan_of, registry, tool
from doubles.ports import Answer, InProcessTools

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", ["virtual"], indirect=True)]

HOUR = 3_600.0
ONCE, ALWAYS, NO = Approved(), Approved(always=True), Refused(because="a person refused it")

WEB = tool("web__search", effect=Effect(kind="read", source="declared", idempotent=True, open_world=True))
TOOLS = registry(
    tool("a__x"),
    tool("b__y"),
    tool("mail__send", effect="write"),
    tool("db__put", effect="write"),
    tool("db__drop", effect="destructive"),
    WEB,
)

READ: dict[str, Any] = {"id": "x", "tool": "a__x"}


def send(name: str = "m", tool: str = "mail__send", **part: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return a step that changes something."""
    return {"id": name, "tool": tool, **part}


def hanging(name: str = "m", tool: str = "mail__send", *, on: str = "x", **part: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return a step whose argument is what another step gave."""
    return send(name, tool, arguments={"what": {"$from": on}}, **part)


class Remembered(Trust):
    """Trusts tools as they were defined."""

    def __init__(self, *tools: Tool) -> None:
        self.digests = {tool.digest for tool in tools}

    async def of(self, tools: Iterable[Tool]) -> frozenset[str]:
        """Return those that are as they were."""
        return frozenset(tool.qualified for tool in tools if tool.digest in self.digests)

    async def add(self, tools: Iterable[Tool]) -> None:
        """Trust these."""
        self.digests |= {tool.digest for tool in tools}


@dataclass(eq=False)
class Person:
    """Decides as told, in order; the last ruling stands for all that come after.

    Attributes:
        rulings: What they decide.
        thinks: How many seconds each decision takes.
        meanwhile: What happens while they think.
        asked: What they were asked, in order.
        open: How many questions are open.
    """

    rulings: Sequence[Ruling] = (ONCE,)
    thinks: float = 0.0
    meanwhile: Callable[[Approval], Awaitable[object]] | None = None
    asked: list[Approval] = field(default_factory=list[Approval])
    open: int = 0

    async def decide(self, approval: Approval) -> Ruling:
        """Decide."""
        self.asked.append(approval)
        self.open += 1
        assert self.open == 1, "a second question came while one was open"
        try:
            if self.meanwhile:
                await self.meanwhile(approval)
            await anyio.sleep(self.thinks)
        finally:
            self.open -= 1
        return self.rulings[min(len(self.asked), len(self.rulings)) - 1]

    @property
    def steps(self) -> list[list[str]]:
        """The steps that each question was about."""
        return [[concern.step.id for concern in approval.concerns] for approval in self.asked]


@dataclass(eq=False)
class Story:
    """One plan with everything around it."""

    plan: Plan
    tools: InProcessTools
    person: Person
    trust: Trust
    policy: Policy
    inputs: Mapping[str, JsonValue]
    limits: Limits
    events: list[Event] = field(default_factory=list[Event])
    outcomes: Mapping[str, Outcome] = field(default_factory=dict[str, Outcome])

    def consent(self) -> Consent:
        """Return the consent to the plan."""
        return Consent(
            plan=self.plan,
            query="Tell Ada.",
            inputs=self.inputs,
            policy=self.policy,
            trust=self.trust,
            decide=self.person.decide,
            limits=self.limits,
            emit=self.events.append,
        )

    async def run(self) -> RunFinished | None:
        """Obtain the consent and, if the plan may run, run it."""
        consent = self.consent()
        with anyio.fail_after(100 * HOUR):
            end = await consent.obtain()
            if end is None:
                self.outcomes = await execute(
                    self.plan,
                    tools=self.tools,
                    inputs=self.inputs,
                    limits=self.limits,
                    emit=self.events.append,
                    admit=consent.admit if consent.is_partial else None,
                )
        return end

    def sent(self, tool: str) -> list[dict[str, JsonValue]]:
        """Return the arguments that reached a tool."""
        return [call.arguments for call in self.tools.calls if call.tool == tool]


def story(
    *steps: dict[str, Any],
    person: Person | None = None,
    answers: Mapping[str, Answer] | None = None,
    trust: Trust | None = None,
    policy: Policy | None = None,
    limits: Limits | None = None,
    inputs: Mapping[str, JsonValue] | None = None,
) -> Story:
    """Return a run of these steps."""
    return Story(
        plan=plan_of({"steps": list(steps)}, TOOLS, limits=limits),
        tools=InProcessTools(TOOLS, answers),
        person=person or Person(),
        trust=trust or Remembered(),
        policy=policy or Policy(),
        inputs=inputs or {},
        limits=limits or Limits(),
    )


# Beforehand.


async def test_a_plan_that_needs_no_decision() -> None:
    """Nobody is asked, and nothing stands between a step and its call."""
    told_nothing = story(READ)
    assert await told_nothing.run() is None
    assert told_nothing.person.asked == []
    assert not told_nothing.consent().is_partial
    assert told_nothing.sent("a__x") == [{}]


@pytest.mark.parametrize(
    "part",
    [
        {"arguments": {"to": "ada", "n": 1}},
        {"arguments": {"to": {"$from": "inputs.to"}, "n": {"$from": "1 + 0"}}},
        {"arguments": {"$from": "inputs.all"}},
        {"arguments": {"to": "ada", "n": 1}, "when": "x", "after": ["x"]},
        {"for_each": "inputs.people", "arguments": {"to": {"$from": "item"}, "n": 1}},
    ],
)
async def test_what_was_shown_beforehand_runs_without_another_question(part: dict[str, Any]) -> None:
    """Arguments that the plan spells out, or takes from the inputs, are shown with their values: once is enough."""
    inputs: dict[str, JsonValue] = {"to": "ada", "all": {"to": "ada", "n": 1}, "people": ["ada", "ada"]}
    run = story(READ, send(**part), answers={"a__x": {"ok": True}}, inputs=inputs)
    assert await run.run() is None
    (approval,) = run.person.asked
    shown = [arguments for arguments in approval.calls["m"].arguments if not isinstance(arguments, Failed)]
    assert run.sent("mail__send") == shown
    assert set(map(digest_of, run.sent("mail__send"))) == {digest_of({"to": "ada", "n": 1})}
    assert [type(event) for event in run.events[:2]] == [ApprovalAsked, ApprovalGiven]


async def test_refused_beforehand() -> None:
    """Nothing runs, and the plan is told."""
    run = story(READ, send(), person=Person([NO]))
    end = await run.run()
    assert end == RunFinished(
        status="refused",
        answer=(
            "Nothing was run because a person refused it. The plan was:\n"
            "1. a__x (A): read, as its server declares; without arguments\n"
            "2. mail__send (Mail): write, as its server declares; without arguments"
        ),
    )
    assert run.tools.calls == []
    assert run.events == [
        ApprovalAsked(tools=["mail__send"], begun=False),
        ApprovalGiven(tools=["mail__send"], ruling=NO),
    ]


async def test_undecided_beforehand() -> None:
    """Nothing runs; what a person would decide about is told, and how they can."""
    run = story(READ, send(), person=Person([Undecided(cure="Use --yes.")]))
    end = await run.run()
    assert end is not None
    assert end.status == "approval_required"
    assert end.answer == (
        "Nothing was run: a person decides about these steps.\n"
        "- mail__send (step `m`) may change something (as its server declares).\n"
        "The plan is:\n"
        "1. a__x (A): read, as its server declares; without arguments\n"
        "2. mail__send (Mail): write, as its server declares; without arguments\n"
        'Use --yes. If mail__send only reads, write {"mail__send": "read"} under "effects" in the "batonmcp" part of '
        "servers.json; `batonmcp tools --review` does that for you."
    )
    assert run.tools.calls == []


async def test_undecided_about_a_tool_that_only_reads() -> None:
    """To say that it only reads would change nothing: what helps is to allow it."""
    run = story(READ, hanging("w", "web__search"), person=Person([Undecided()]))
    end = await run.run()
    assert end is not None
    assert end.answer is not None
    assert end.answer.splitlines()[-1] == (
        "On a terminal, `batonmcp ask` shows the plan and asks. "
        'If web__search may always run so, add it to "allow" in the "policy" of servers.json.'
    )


async def test_denied() -> None:
    """What the policy forbids is told with all that is forbidden; nobody is asked about the rest."""
    run = story(READ, send(), send("d", "db__drop"), policy=Policy(deny=("db__*",)))
    end = await run.run()
    assert end is not None
    assert end.status == "refused"
    assert end.answer is not None
    assert end.answer.startswith(
        "Nothing was run, because the policy does not allow it:\n"
        '- db__drop (step `d`) is under "deny" in the "policy" of servers.json.\nThe plan was:\n1. a__x (A)'
    )
    assert (run.person.asked, run.tools.calls) == ([], [])


async def test_more_steps_than_fit_into_a_question() -> None:
    """No step is left out of a question: the plan does not run, and nobody is asked."""
    drops = [send(f"d{number}", "db__drop") for number in range(100)]
    many = story(*drops, limits=Limits(steps=100, depth=100))
    end = await many.run()
    assert end is not None
    assert end.status == "refused"
    assert end.answer is not None
    assert "more than fit into one question to a person; split the task" in end.answer
    assert (many.person.asked, many.events, many.tools.calls) == ([], [], [])


# While it runs.


async def test_what_hangs_on_a_result_is_shown_with_its_values() -> None:
    """Approved as it was written, it is asked about once more when its arguments are known."""
    run = story(READ, hanging(), answers={"a__x": "eve"})
    assert await run.run() is None
    assert run.person.steps == [["m"], ["m"]]
    before, then = run.person.asked
    assert (before.begun, before.calls) == (False, {})
    assert then.begun
    assert then.calls["m"].arguments == ({"what": "eve"},)
    assert 'what = "eve" (from step `x`)' in then.text()
    assert run.sent("mail__send") == [{"what": "eve"}]
    asked = [(event.tools, event.begun) for event in run.events if isinstance(event, ApprovalAsked)]
    assert asked == [(["mail__send"], False), (["mail__send"], True)]


async def test_a_read_that_carries_data_out_is_shown_too() -> None:
    """The data itself is what a person decides about."""
    run = story(READ, hanging("w", "web__search"), answers={"a__x": "secret"}, person=Person([ONCE, NO]))
    assert await run.run() is None
    assert run.person.asked[1].calls["w"].arguments == ({"what": "secret"},)
    assert run.sent("web__search") == []


async def test_steps_that_become_ready_together_are_one_question() -> None:
    """What one result sets free is decided about at once."""
    run = story(READ, hanging("m"), hanging("p", "db__put"), hanging("w", "web__search"))
    assert await run.run() is None
    assert run.person.steps == [["m", "p", "w"], ["m", "p", "w"]]
    assert sorted(run.tools.called) == ["a__x", "db__put", "mail__send", "web__search"]


def late(release: anyio.Event) -> Callable[[dict[str, JsonValue]], Awaitable[JsonValue]]:
    """Return a tool that answers once something is released."""

    async def answer(_arguments: dict[str, JsonValue]) -> JsonValue:
        await release.wait()
        return "late"

    return answer


async def test_a_step_that_comes_while_a_person_thinks_is_the_next_question() -> None:
    """What was not shown is not decided about: one question at a time, and a ruling is for what it was about."""
    release = anyio.Event()

    async def come(approval: Approval) -> None:
        if approval.begun and [concern.step.id for concern in approval.concerns] == ["m"]:
            release.set()
            await run.tools.arrived("b__y")

    run = story(
        READ,
        {"id": "y", "tool": "b__y"},
        hanging("m"),
        hanging("p", "db__put", on="y"),
        answers={"b__y": late(release)},
        person=Person([ONCE, ONCE, NO], thinks=60, meanwhile=come),
    )
    assert await run.run() is None
    assert run.person.steps == [["m", "p"], ["m"], ["p"]]
    assert run.sent("mail__send") == [{"what": {}}]
    assert run.sent("db__put") == []
    assert isinstance(run.outcomes["p"], Skipped)


async def test_what_is_too_much_for_one_question_is_asked_in_several() -> None:
    """As many as can be shown are decided about together, then the others; a ruling holds for what was shown."""
    steps = [READ, *(hanging(f"w{number}", "web__search") for number in range(22))]
    run = story(*steps, answers={"a__x": "v" * 99}, person=Person([ONCE, ONCE, NO]))
    assert await run.run() is None
    assert all(approval.fits for approval in run.person.asked[1:])
    first, *others = run.person.steps
    assert len(others) > 1
    assert [name for question in others for name in question] == first
    approved = {name for question in others[:1] for name in question}
    assert {name for name in first if isinstance(run.outcomes[name], Succeeded)} == approved


async def test_the_first_to_wait_may_be_in_a_later_question() -> None:
    """Questions are in plan order: one who waits first and finds no room in the first is not let through."""

    async def late(_arguments: dict[str, JsonValue]) -> JsonValue:
        await anyio.sleep(0.01)
        return "v" * 99

    others = (hanging(f"w{number}", "web__search", on="y") for number in range(21))
    run = story(
        READ,
        {"id": "y", "tool": "b__y"},
        *others,
        hanging("last", "web__search"),
        answers={"a__x": "v" * 99, "b__y": late},
        person=Person([ONCE, ONCE, NO]),
    )
    assert await run.run() is None
    assert "last" not in run.person.steps[1]
    assert run.person.steps[2][-1] == "last"
    assert run.outcomes["last"] == Skipped(because="a person refused it (asked with its arguments)", by_failure=True)
    assert len(run.sent("web__search")) == len(run.person.steps[1])


@pytest.mark.parametrize(
    ("ruling", "because"),
    [
        (NO, "a person refused it (asked with its arguments)"),
        (Undecided(cure="Use --yes."), "nobody could be asked about its arguments"),
    ],
)
async def test_refused_while_it_runs(ruling: Ruling, because: str) -> None:
    """That step and what needs it are skipped; all others run, and the run is partial."""
    run = story(
        READ,
        hanging(),
        {"id": "after_it", "tool": "b__y", "arguments": {"a": {"$from": "m"}}},
        {"id": "beside", "tool": "b__y", "arguments": {"a": {"$from": "x"}}},
        send("known", "db__put", arguments={"a": 1}),
        person=Person([ONCE, ruling]),
    )
    assert await run.run() is None
    assert run.outcomes["m"] == Skipped(because=because, by_failure=True)
    assert run.outcomes["after_it"] == Skipped(because="step `m` was skipped", by_failure=True)
    assert isinstance(run.outcomes["beside"], Succeeded)
    assert isinstance(run.outcomes["known"], Succeeded)
    assert run.sent("mail__send") == []
    assert run_status(run.plan, run.outcomes) == "partial"
    assert [event.step_id for event in run.events if isinstance(event, StepStarted)].count("m") == 0


async def test_a_loop_over_a_result_is_shown_as_a_whole() -> None:
    """All its calls are decided about before the first."""
    step = send(for_each="x", arguments={"to": {"$from": "item"}})
    run = story(READ, step, answers={"a__x": ["ada", "eve"]}, person=Person([ONCE, NO]))
    assert await run.run() is None
    assert run.person.asked[1].calls["m"].arguments == ({"to": "ada"}, {"to": "eve"})
    assert run.sent("mail__send") == []


async def test_a_loop_of_known_arguments_over_a_result_is_shown() -> None:
    """How often something is done is part of what is done."""
    run = story(READ, send(for_each="x", arguments={"to": "ada"}), answers={"a__x": [1, 2, 3]})
    assert await run.run() is None
    assert len(run.person.asked[1].calls["m"].arguments) == 3


async def test_nobody_is_asked_about_a_step_that_calls_nothing() -> None:
    """A false condition, an empty list and arguments that do not fit need no decision."""
    run = story(
        READ,
        hanging("m", when="x.go"),
        send("p", "db__put", for_each="x.none", arguments={"a": {"$from": "item"}}),
        send("d", "db__drop", arguments={"$from": "x.go"}),
        answers={"a__x": {"go": False, "none": []}},
    )
    assert await run.run() is None
    assert run.person.steps == [["m", "p", "d"]]
    assert run.tools.called == ["a__x"]
    assert isinstance(run.outcomes["m"], Skipped)
    assert run.outcomes["p"] == Succeeded(value=[], items=())
    assert isinstance(run.outcomes["d"], Failed)


async def test_nobody_is_asked_beforehand_about_what_calls_nothing() -> None:
    """A step of which it is known from the inputs that it has nothing to call with is in no question."""
    none = send("p", "db__put", for_each="inputs.none", arguments={"a": {"$from": "item"}})
    wrong = send("d", "db__drop", for_each="inputs.many", arguments={"a": {"$from": "item"}})
    inputs: dict[str, JsonValue] = {"none": [], "many": [1, 2, 3]}
    alone = story(none, wrong, inputs=inputs, limits=Limits(items=2))
    assert await alone.run() is None
    assert alone.person.asked == []
    assert alone.tools.called == []
    assert isinstance(alone.outcomes["d"], Failed)
    beside = story(send("m"), none, wrong, inputs=inputs, limits=Limits(items=2))
    assert await beside.run() is None
    assert beside.person.steps == [["m"]]
    assert beside.tools.called == ["mail__send"]


async def test_a_loop_of_which_no_item_can_be_called() -> None:
    """Reads that carry data out fail by item; if none is left there is nothing to decide about."""
    step = send("w", "web__search", for_each="x", arguments={"$from": "item"})
    run = story(READ, step, answers={"a__x": [1, 2]})
    assert await run.run() is None
    assert run.person.steps == [["w"]]
    assert isinstance(run.outcomes["w"], Failed)
    assert run.sent("web__search") == []


# Types: what was shown is what runs.


@pytest.mark.parametrize(
    ("shown", "then"), [(1, True), (1, "1"), (1, 1.0), (0, False), ("true", True), ([], {}), (None, 0)]
)
async def test_a_value_of_another_type_is_another_value(shown: JsonValue, then: JsonValue) -> None:
    """What Python takes for equal is not: inputs that change under way are shown again."""
    inputs: dict[str, JsonValue] = {"a": shown}

    async def swap(_arguments: dict[str, JsonValue]) -> JsonValue:
        inputs["a"] = then
        return None

    run = story(READ, send(arguments={"a": {"$from": "inputs.a"}}, after=["x"]), answers={"a__x": swap})
    run.inputs = inputs
    assert await run.run() is None
    first, second = (approval.calls["m"].arguments for approval in run.person.asked)
    assert isinstance(first[0], dict)
    assert isinstance(second[0], dict)
    assert (digest_of(first[0]), digest_of(second[0])) == (digest_of({"a": shown}), digest_of({"a": then}))
    assert digest_of(run.sent("mail__send")[0]) == digest_of({"a": then})


# Always.


async def test_always_trusts_the_tools() -> None:
    """From then on they need no decision: neither in this run, nor in the next."""
    trust = Remembered()
    run = story(READ, hanging(), send("p", "db__put"), person=Person([ALWAYS]), trust=trust)
    assert await run.run() is None
    assert run.person.steps == [["m", "p"]]
    assert run.sent("mail__send") == [{"what": {}}]
    assert trust.digests == {TOOLS["mail__send"].digest, TOOLS["db__put"].digest}
    again = story(READ, hanging(), send("p", "db__put"), person=Person([NO]), trust=trust)
    assert await again.run() is None
    assert again.person.asked == []


async def test_always_holds_in_the_run_even_if_nothing_is_remembered() -> None:
    """Where nothing is kept, the decision still ends the questions of this run."""
    run = story(READ, hanging(), person=Person([ALWAYS, NO]), trust=NobodyTrusted())
    assert await run.run() is None
    assert run.person.steps == [["m"]]
    assert isinstance(run.outcomes["m"], Succeeded)


async def test_trust_is_in_a_tool_as_it_was_defined() -> None:
    """A tool that has changed since is asked about again."""
    changed = tool("mail__send", effect="write", description="Sends, and tells others.")
    run = story(READ, send(), trust=Remembered(changed))
    assert await run.run() is None
    assert run.person.steps == [["m"]]


async def test_always_while_it_runs() -> None:
    """Said about one step, it holds for later steps of the same tool, and for no other tool."""
    run = story(
        READ,
        hanging("m"),
        {"id": "y", "tool": "b__y", "arguments": {"a": {"$from": "m"}}},
        hanging("n", on="y"),
        hanging("p", "db__put", on="y"),
        person=Person([ONCE, ALWAYS, ONCE]),
    )
    assert await run.run() is None
    assert run.person.steps == [["m", "n", "p"], ["m"], ["p"]]
    assert len(run.sent("mail__send")) == 2


async def test_always_said_while_others_of_the_tool_wait() -> None:
    """A step that came to wait meanwhile runs without a question, and is in none that follows."""
    release = anyio.Event()

    async def come(approval: Approval) -> None:
        if approval.begun and not release.is_set():
            release.set()
            await run.tools.arrived("b__y")

    run = story(
        READ,
        {"id": "y", "tool": "b__y"},
        hanging("m"),
        hanging("n", on="y", independent=True),
        hanging("w", "web__search", on="m"),
        answers={"b__y": late(release)},
        person=Person([ONCE, ALWAYS, ONCE], thinks=60, meanwhile=come),
    )
    assert await run.run() is None
    assert run.person.steps == [["m", "n", "w"], ["m"], ["w"]]
    assert run.sent("mail__send") == [{"what": {}}, {"what": "late"}]


# Time.


async def test_the_clock_stands_still_while_a_person_thinks() -> None:
    """An hour for each decision costs the run nothing; what it takes itself does."""

    async def slow(_arguments: dict[str, JsonValue]) -> JsonValue:
        await anyio.sleep(6)
        return "late"

    run = story(
        READ,
        hanging(),
        {"id": "y", "tool": "b__y", "arguments": {"a": {"$from": "m"}}},
        answers={"a__x": slow, "b__y": slow},
        person=Person(thinks=HOUR),
        limits=Limits(run_timeout=10),
    )
    assert await run.run() is None
    assert isinstance(run.outcomes["m"], Succeeded)
    assert run.outcomes["y"] == Cancelled(because="the run reached its limit of 10 s")
    assert anyio.current_time() >= 2 * HOUR


async def test_other_steps_go_on_while_a_person_thinks() -> None:
    """Only what is asked about waits."""
    run = story(READ, hanging(), {"id": "y", "tool": "b__y", "arguments": {"a": {"$from": "x"}}})

    async def see(approval: Approval) -> None:
        if approval.begun:
            await run.tools.arrived("b__y")

    run.person.meanwhile = see
    assert await run.run() is None
    assert run.tools.called == ["a__x", "b__y", "mail__send"]


@pytest.mark.parametrize("begun", [False, True])
async def test_cancelled_while_a_person_is_asked(*, begun: bool) -> None:
    """The question is withdrawn, and nothing that it was about runs."""
    asked = anyio.Event()

    async def think(approval: Approval) -> None:
        if approval.begun == begun:
            asked.set()
            await anyio.sleep_forever()

    run = story(READ, hanging(), person=Person(meanwhile=think))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run.run)
        await asked.wait()
        tasks.cancel_scope.cancel()
    assert run.person.open == 0
    assert run.sent("mail__send") == []
    assert isinstance(run.events[-1], ApprovalAsked) is not begun


# Judgements.


async def test_trust_counts_where_a_plan_is_judged() -> None:
    """Only tools that would be asked about are looked up, and their trust ends the question."""
    plan = plan_of({"steps": [READ, send(), send("d", "db__drop")]}, TOOLS)
    judgement = await judged(plan, Policy(), Remembered(TOOLS["mail__send"], TOOLS["a__x"]))
    assert [concern.step.id for concern in judgement.asked] == ["d"]
    assert told(judgement.asked) == "- db__drop (step `d`) may destroy something (as its server declares)."
    assert told(()) == ""
