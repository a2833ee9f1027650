"""What a review finds."""

from collections.abc import Collection, Sequence

from batonmcp.cli.findings import Findings, findings_of
from batonmcp.core.effect import Effect, EffectKind
from batonmcp.core.registry import Agent, Registry
from batonmcp.store.trust import Trusted
from builders import registry, tool

NOON = 1_700_000_000.0  # of the same day all over the world, nearly


def guessed(kind: EffectKind) -> Effect:
    """Return an effect that nobody has told."""
    return Effect(kind=kind, source="guessed", idempotent=False, open_world=True)


def configured(kind: EffectKind) -> Effect:
    """Return an effect as servers.json tells it."""
    return Effect(kind=kind, source="set", idempotent=False, open_world=False)


TOOLS = registry(
    tool("a__get", effect="read"),
    tool("a__put", effect=guessed("write")),
    tool("a__dropTable", effect=guessed("destructive")),
    tool("a__erase", effect="destructive"),
    tool("b__list", effect=configured("read")),
    tool("b__x", effect=configured("write")),
    tool("c__put", effect=guessed("write")),
    agents=[Agent(name="a", title="A"), Agent(name="d", title="D", trouble="d cannot start:\nno program.")],
)


def found(tools: Registry = TOOLS, *, trusted: Collection[str] = (), agreed: Sequence[Trusted] = ()) -> Findings:
    """Look at tools with one override by name, one by a glob, and a server that is not trusted."""
    return findings_of(tools, overrides=["b__x", "b__*"], untrusted={"c"}, trusted=trusted, agreed=agreed)


def test_what_matters_comes_first() -> None:
    """Guesses come before what is known, and in each group the worst first."""
    findings = found()
    assert [finding.tool.qualified for finding in findings.guessed] == ["a__dropTable", "a__put", "c__put"]
    assert [finding.tool.qualified for finding in findings.configured] == ["b__x", "b__list"]
    assert [finding.tool.qualified for finding in findings.declared] == ["a__erase", "a__get"]
    assert findings.all == (*findings.guessed, *findings.configured, *findings.declared)


def test_the_page() -> None:
    """Each tool stands there with its effect, how far it reaches, and where that is known from."""
    agreed = [Trusted(tool=name, digest="", at=NOON) for name in ("a__get", "a__put", "z__\x1b[2Jgone")]
    assert str(found(trusted={"a__put"}, agreed=agreed)).splitlines() == [
        "Guessed, as their servers do not say (3):",
        "  a__dropTable  destructive  open world  guessed from “drop” in its name; its server does not say",
        "  a__put        write        open world  guessed; its server does not say; nobody is asked: you said “always”",
        "  c__put        write        open world  guessed; its server is not trusted",
        "",
        "Set in servers.json (2):",
        "  b__x          write        own data    set by name",
        "  b__list       read         own data    set by b__*",
        "",
        "Declared by their servers (2):",
        "  a__erase      destructive  own data    declared by its server",
        "  a__get        read         own data    declared by its server",
        "",
        "Agreed to with “always”, but not as they are now (2):",
        "  a__get  on 2023-11-14; it is defined otherwise now",
        "  z__[2Jgone  on 2023-11-14; it is not offered now",
        "",
        "Not all tools are here (1):",
        "  d: d cannot start:",
        "    no program.",
    ]


def test_nothing() -> None:
    """Without tools that is said."""
    assert str(found(registry())) == "There is no tool to review."
