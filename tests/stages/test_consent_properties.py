"""Consent, whatever the plan, the results and the rulings: on a virtual clock."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue
from trio.testing import MockClock

from batonmcp.core.approval import Approval, Approved, Refused, Ruling, Undecided
from batonmcp.core.caller import NOBODY, Caller
from batonmcp.core.effect import EffectKind
from batonmcp.core.errors import ErrorInfo
from batonmcp.core.events import Event
from batonmcp.core.explain import digest_of
from batonmcp.core.limits import Limits
from batonmcp.core.outcome import Failed, Succeeded
from batonmcp.core.plan import Plan
from batonmcp.core.policy import Policy
from batonmcp.core.registry import Registry
from batonmcp.core.tool import Tool
from batonmcp.stages.consent import Consent
from batonmcp.stages.execute import execute
from batonmcp.stages.ports import NobodyTrusted, Tools
from builders import plan_of, registry, tool

EFFECTS: dict[str, EffectKind] = {
    "a__x": "read",
    "b__y": "read",
    "mail__send": "write",
    "db__put": "write",
    "db__drop": "destructive",
}
KNOWN: Registry = registry(*(tool(name, effect=effect) for name, effect in EFFECTS.items()))
INPUTS: dict[str, JsonValue] = {"i": 1, "list": ["ada", "eve"], "secret": "s3cret"}
LIMITS = Limits()

ODD: Sequence[JsonValue] = [
    "",
    "1",
    "true",
    "ada",
    {"$from": "inputs.secret"},
    {"$raw": 1},
    "\u202e",
    {"steps": []},
    1.0,
]
HOSTILE: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(ODD),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "what", "$from"]), inner, max_size=2)
    ),
    max_leaves=5,
)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Draw a plan in which steps that change something take results in every way there is."""
    steps: list[JsonValue] = []
    for number in range(draw(st.integers(1, 9))):
        source = draw(st.sampled_from([f"s{earlier}" for earlier in range(number)] or ["inputs.i"]))
        forms: Sequence[dict[str, Any]] = (
            {"arguments": {"a": 1}},
            {"arguments": {"a": {"$from": source}, "b": {"$from": "inputs.i"}}},
            {"arguments": {"$from": source}},
            {"arguments": {"a": {"$from": "item"}}, "for_each": source},
            {"arguments": {"a": {"$from": "[item, index]"}}, "for_each": "inputs.list"},
        )
        step: dict[str, Any] = {"id": f"s{number}", "tool": draw(st.sampled_from([*EFFECTS]))}
        step |= draw(st.sampled_from(forms))
        step["on_error"] = draw(st.sampled_from(["stop", "continue"]))
        if number and draw(st.booleans()):
            step["when"] = f"s{number - 1} != 1"
        steps.append(step)
    return plan_of({"steps": steps}, KNOWN)


@dataclass(frozen=True, slots=True, eq=False)
class Watch(Tools):
    """A person who decides at random, and tools that answer so; each write is held against what was decided.

    Attributes:
        results: What each tool answers.
        rulings: What the person decides, in order; the last stands for all that come after.
        asked: What they were asked, in order.
        approved: The calls that they have agreed to, by tool and arguments.
        trusted: The tools that they trust.
        called: The calls that came, in order.
    """

    results: dict[str, JsonValue]
    rulings: Sequence[Ruling]
    asked: list[Approval] = field(default_factory=list[Approval])
    approved: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    trusted: set[str] = field(default_factory=set[str])
    called: list[dict[str, JsonValue]] = field(default_factory=list[dict[str, JsonValue]])

    async def decide(self, approval: Approval) -> Ruling:
        """Decide, as told."""
        self.asked.append(approval)
        assert approval.fits
        await trio.sleep(1)
        ruling = self.rulings[min(len(self.asked), len(self.rulings)) - 1]
        if isinstance(ruling, Approved):
            for step_id, calls in approval.calls.items():
                name = approval.plan.by_id[step_id].tool.qualified
                self.approved.extend(
                    (name, digest_of(made)) for made in calls.arguments if not isinstance(made, Failed)
                )
            self.trusted.update(tool.qualified for tool in approval.tools if ruling.always)
        return ruling

    async def call(
        self, tool: Tool, arguments: dict[str, JsonValue], *, within: float, caller: Caller = NOBODY
    ) -> Succeeded | Failed:
        """Take a call; one that changes something uses up what was approved."""
        del within, caller
        self.called.append(arguments)
        if tool.effect.kind != "read" and tool.qualified not in self.trusted:
            self.approved.remove((tool.qualified, digest_of(arguments)))
        await trio.sleep(1)
        value = self.results[tool.qualified]
        return Failed(error=ErrorInfo(kind="tool_error", message="No.")) if value == "1" else Succeeded(value=value)

    async def registry(self, servers: Sequence[str] | None = None) -> Registry:
        """Return what is known."""
        del servers
        return KNOWN


RULINGS: Sequence[Ruling] = (Approved(), Approved(always=True), Refused(because="no"), Undecided())


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(
    plans(),
    st.fixed_dictionaries(dict.fromkeys(EFFECTS, HOSTILE)),
    st.lists(st.sampled_from([RULINGS[0], RULINGS[0], *RULINGS]), min_size=1, max_size=4),
)
def test_no_result_widens_what_was_approved(
    plan: Plan, results: dict[str, JsonValue], rulings: Sequence[Ruling]
) -> None:
    """Every write that reached its tool had been approved with exactly these arguments, or its tool was trusted."""
    watch, events = Watch(results, rulings), list[Event]()
    consent = Consent(
        plan=plan,
        query="",
        inputs=INPUTS,
        policy=Policy(),
        trust=NobodyTrusted(),
        decide=watch.decide,
        limits=LIMITS,
        emit=events.append,
    )

    async def play() -> None:
        if await consent.obtain() is None:
            await execute(plan, tools=watch, inputs=INPUTS, limits=LIMITS, emit=events.append, admit=consent.admit)

    trio.run(play, clock=MockClock(autojump_threshold=0))
    assert "s3cret" not in str(watch.called)
