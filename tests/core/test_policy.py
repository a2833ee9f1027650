"""What may run at once, what a person decides about, and what may not run at all."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import pytest
from pydantic import JsonValue

from batonmcp.core.effect import Effect, EffectKind
from batonmcp.core.plan import Plan
from batonmcp.core.policy import Judgement, Policy, Profile, judge, sources
from batonmcp.core.tool import Tool
from builders import plan_of, registry, tool

PROFILES: tuple[Profile, ...] = ("read_only", "ask", "always", "never")
KINDS: tuple[EffectKind, ...] = ("read", "write", "destructive")

Verdict = Literal["runs", "asked", "denied"]


def reaching(kind: EffectKind = "read", *, open_world: bool = True) -> Effect:
    """Return the effect of a tool that reaches past its own server, unless it does not."""
    return Effect(kind=kind, source="declared", idempotent=kind == "read", open_world=open_world)


def plan(*tools: Tool, **part: Any) -> Plan:  # noqa: ANN401 - JSON
    """Return a plan that calls each of these tools once, the last one as told."""
    steps: list[dict[str, Any]] = [{"id": f"s{number}", "tool": used.qualified} for number, used in enumerate(tools, 1)]
    steps[-1].update(part)
    return plan_of({"steps": [*steps]}, registry(*tools))


def verdict(judgement: Judgement, step_id: str) -> Verdict:
    """Return what becomes of a step."""
    denied = {concern.step.id for concern in judgement.denied}
    asked = {concern.step.id for concern in judgement.asked}
    assert not denied & asked
    return "denied" if step_id in denied else "asked" if step_id in asked else "runs"


def last(made: Plan, policy: Policy, trusted: Sequence[str] = ()) -> Verdict:
    """Return what becomes of the last step."""
    return verdict(judge(made, policy, trusted), made.steps[-1].id)


VERDICTS: dict[Profile, tuple[Verdict, Verdict, Verdict]] = {
    "read_only": ("runs", "denied", "denied"),
    "ask": ("runs", "asked", "asked"),
    "always": ("asked", "asked", "asked"),
    "never": ("runs", "runs", "runs"),
}
"""What becomes of a step that reads, writes and destroys, with data of no other server."""


@pytest.mark.parametrize("open_world", [False, True], ids=["closed", "open"])
@pytest.mark.parametrize("place", range(3), ids=KINDS)
@pytest.mark.parametrize("profile", PROFILES)
def test_profiles_and_effects(profile: Profile, place: int, *, open_world: bool) -> None:
    """What each profile makes of each effect; that a tool reaches further matters only with data of another server."""
    made = plan(tool("a__x", effect=reaching(KINDS[place], open_world=open_world)))
    assert last(made, Policy(profile=profile)) == VERDICTS[profile][place]


@pytest.mark.parametrize("source", ["declared", "guessed", "set"])
@pytest.mark.parametrize("kind", ["write", "destructive"])
def test_where_the_effect_comes_from_makes_no_difference(
    kind: EffectKind, source: Literal["declared", "guessed", "set"]
) -> None:
    """A guess is taken as seriously as a declaration, and idempotent as seriously as not."""
    effect = Effect(kind=kind, source=source, idempotent=True, open_world=False)
    assert last(plan(tool(effect=effect)), Policy()) == "asked"


FLOWS: list[Any] = [
    pytest.param(["b__x"], {"arguments": {"q": {"$from": "s1"}}}, True, id="direct"),
    pytest.param(["b__x"], {"arguments": {"q": [{"deep": {"$from": "f'{s1.a}'"}}]}}, True, id="deep in an argument"),
    pytest.param(["b__x"], {"arguments": {"$from": "s1"}}, True, id="all arguments"),
    pytest.param(["b__x"], {"for_each": "s1", "arguments": {"q": {"$from": "item"}}}, True, id="through for_each"),
    pytest.param(["b__x"], {"for_each": "s1", "arguments": {"q": 1}}, True, id="how many, through for_each"),
    pytest.param(["b__x"], {"when": "s1.ok", "arguments": {"q": 1}}, False, id="through when alone"),
    pytest.param(["b__x"], {"after": ["s1"], "arguments": {"q": 1}}, False, id="after alone"),
    pytest.param(["b__x"], {"arguments": {"q": {"$raw": {"$from": "s1"}}}}, False, id="a text that is no expression"),
    pytest.param(["b__x"], {"arguments": {"q": {"$from": "inputs.q"}}}, False, id="what was passed in"),
    pytest.param(["web__x"], {"arguments": {"q": {"$from": "s1"}}}, False, id="its own server"),
]
"""Tools of earlier steps, the step of an open-world tool of the server `web`, and whether it carries others' data."""


@pytest.mark.parametrize("effect", [reaching(), reaching(open_world=False)], ids=["open", "closed"])
@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(("before", "part", "foreign"), FLOWS)
def test_data_of_another_server(
    before: list[str], part: dict[str, Any], profile: Profile, effect: Effect, *, foreign: bool
) -> None:
    """A tool that reads may still carry data out: `ask` and `read_only` have a person decide about that."""
    made = plan(*(tool(name) for name in before), tool("web__search", effect=effect), **part)
    carries = foreign and effect.open_world and profile in {"ask", "read_only"}
    assert last(made, Policy(profile=profile)) == ("asked" if carries or profile == "always" else "runs")


def chain(*tools: Tool) -> Plan:
    """Return a plan in which each step takes what the one before gave."""
    steps: list[JsonValue] = [
        {"id": f"s{number}", "tool": used.qualified, "arguments": {"q": {"$from": f"s{number - 1}"}} if number else {}}
        for number, used in enumerate(tools)
    ]
    return plan_of({"steps": steps}, registry(*tools))


def test_data_over_several_steps() -> None:
    """Data that went through a step of the tool's own server, or of any other, is still that of the first."""
    web, again = tool("web__search", effect=reaching()), tool("web__again", effect=reaching())
    over_own = chain(tool("a__x"), tool("web__keep", effect=reaching(open_world=False)), web)
    assert sources(over_own) == {"s0": frozenset(), "s1": {"a"}, "s2": {"a"}}
    assert last(over_own, Policy()) == "asked"
    assert sources(chain(tool("a__x"), tool("b__y"), web))["s2"] == {"a", "b"}
    assert sources(chain(web, tool("a__x"), again))["s2"] == {"a"}
    assert last(chain(web, again), Policy()) == "runs"


def test_a_condition_on_the_way_passes_no_data_on() -> None:
    """What a step does depends on the condition, what it gives does not carry it."""
    steps: list[JsonValue] = [
        {"id": "s1", "tool": "a__x"},
        {"id": "s2", "tool": "web__near", "when": "s1.ok"},
        {"id": "s3", "tool": "web__search", "arguments": {"q": {"$from": "s2"}}},
    ]
    known = registry(tool("a__x"), tool("web__near"), tool("web__search", effect=reaching()))
    assert last(plan_of({"steps": steps}, known), Policy()) == "runs"


GLOBS = ["a__write", "a__*", "*__wr?te", "[ab]__write", "*"]


@pytest.mark.parametrize("glob", GLOBS)
@pytest.mark.parametrize("profile", PROFILES)
def test_deny_beats_everything(profile: Profile, glob: str) -> None:
    """What is denied does not run, whatever allows it, whoever trusts it, and even if it only reads."""
    policy = Policy(profile=profile, allow=("*",), deny=("z__*", glob))
    for kind in KINDS:
        assert last(plan(tool("a__write", effect=kind)), policy, ["a__write"]) == "denied"


@pytest.mark.parametrize("glob", GLOBS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("profile", ["ask", "always", "never"])
def test_allow_and_trust_end_the_questions(profile: Profile, kind: EffectKind, glob: str) -> None:
    """What is allowed by a glob, or trusted by name, is not asked about."""
    made = plan(tool("a__write", effect=kind))
    assert last(made, Policy(profile=profile, allow=("z__*", glob))) == "runs"
    assert last(made, Policy(profile=profile), ["a__write"]) == "runs"


@pytest.mark.parametrize("kind", ["write", "destructive"])
def test_allow_and_trust_do_not_lift_read_only(kind: EffectKind) -> None:
    """Under `read_only` nothing that may change something runs, allowed and trusted or not."""
    made = plan(tool("a__write", effect=kind))
    assert last(made, Policy(profile="read_only", allow=("*",)), ["a__write"]) == "denied"


@pytest.mark.parametrize("profile", ["ask", "read_only"])
def test_allow_and_trust_let_data_out(profile: Profile) -> None:
    """A tool that is allowed or trusted may take data of another server along."""
    made = chain(tool("a__x"), tool("web__search", effect=reaching()))
    assert last(made, Policy(profile=profile, allow=("web__*",))) == "runs"
    assert last(made, Policy(profile=profile), ["web__search"]) == "runs"
    assert last(made, Policy(profile=profile, allow=("a__*",)), ["a__x"]) == "asked"


@pytest.mark.parametrize("glob", ["A__write", "a__", "write", "", "a_*e_"])
def test_a_glob_is_about_the_whole_name(glob: str) -> None:
    """A part of a name, or another case, matches nothing: neither is a tool allowed by accident, nor denied."""
    made = plan(tool("a__write", effect="write"))
    assert last(made, Policy(allow=(glob,))) == "asked"
    assert last(made, Policy(profile="never", deny=(glob,))) == "runs"


@pytest.mark.parametrize("glob", ["*__drop", "größe__*", "größe__drop", "drop_*"])
def test_an_alias_does_not_escape_a_denial(glob: str) -> None:
    """A tool that goes by an alias is denied by both of its names, and allowed by none but the alias."""
    aliased = replace(tool("a__drop", effect="destructive"), server="größe", qualified="drop_0123456789ab")
    assert last(plan(aliased), Policy(profile="never", deny=(glob,))) == "denied"
    assert last(plan(aliased), Policy(allow=(glob,))) == ("runs" if glob == "drop_*" else "asked")


def test_trust_is_for_the_name_alone() -> None:
    """Trust in one tool is none in another of its server."""
    assert last(plan(tool("a__write", effect="write")), Policy(), ["a__write2", "a__"]) == "asked"


def test_each_step_is_judged_in_plan_order() -> None:
    """One plan, all three: what runs, what is asked about and what is denied, in plan order."""
    tools = (tool("a__x"), tool("a__drop", effect="destructive"), tool("b__y"), tool("b__write", effect="write"))
    judgement = judge(plan(*tools), Policy(deny=("b__y",)))
    assert [concern.step.id for concern in judgement.asked] == ["s2", "s4"]
    assert [concern.step.id for concern in judgement.denied] == ["s3"]


SAID: list[Any] = [
    (Policy(deny=("*",)), reaching(), 'is under "deny" in the "policy" of servers.json'),
    (
        Policy(profile="read_only"),
        reaching("write"),
        "may change something (as its server declares), and only tools that read may run here (profile read_only)",
    ),
    (Policy(), reaching("destructive"), "may destroy something (as its server declares)"),
    (
        Policy(),
        Effect(kind="write", source="guessed", idempotent=False, open_world=False),
        "may change something (by its name, as its server does not say)",
    ),
    (
        Policy(),
        Effect(kind="write", source="set", idempotent=False, open_world=False),
        'may change something (by "effects" in servers.json)',
    ),
    (Policy(), reaching(), "reaches beyond its own server with data of a and b"),
    (Policy(profile="always"), reaching(), "runs only as a person decides, like every step here (profile always)"),
]


@pytest.mark.parametrize(("policy", "effect", "why"), SAID)
def test_says_why(policy: Policy, effect: Effect, why: str) -> None:
    """Each concern ends a sentence that begins with the tool, and names what decides."""
    made = chain(tool("b__x"), tool("a__y"), tool("web__z", effect=effect))
    judgement = judge(made, policy)
    concern = (*judgement.denied, *judgement.asked)[-1]
    assert (concern.step.id, concern.why) == ("s2", why)


def test_the_default_asks() -> None:
    """A process that was told nothing asks, on a terminal where its host cannot."""
    assert Policy() == Policy(profile="ask", allow=(), deny=(), without_elicitation="cli")
    assert [Policy(profile=profile).asks_about_everything for profile in PROFILES] == [False, False, True, False]
