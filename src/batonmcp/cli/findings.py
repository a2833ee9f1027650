"""What a review finds: every tool with its effect and why, and what a person has agreed to."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from batonmcp.core.effect import EffectKind, override_of, verb_of
from batonmcp.core.printable import printable
from batonmcp.core.registry import Registry
from batonmcp.core.tool import Tool
from batonmcp.store.trust import Trusted

__all__ = ["Finding", "Findings", "Lapsed", "findings_of"]

_LONGEST: Final = 300
_WORST_FIRST: Final[Sequence[EffectKind]] = ("destructive", "write", "read")
_REACH: Final[Mapping[bool, str]] = {True: "open world", False: "own data"}
_REACH_WIDTH: Final = max(map(len, _REACH.values()))
_KIND_WIDTH: Final = max(map(len, _WORST_FIRST))


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One tool that is offered now.

    Attributes:
        tool: The tool.
        why: Where its effect comes from, in words.
        trusted: Whether a person said "always" to it as it is defined now.
    """

    tool: Tool
    why: str
    trusted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Lapsed:
    """A tool that a person said "always" to, which counts for nothing now; `why` says why not."""

    name: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a person looks at, in the order of how much it matters.

    Attributes:
        guessed: Tools whose effect nobody has told.
        configured: Those whose effect is set in servers.json.
        declared: Those whose server tells it.
        lapsed: Agreements that count for nothing now.
        troubles: Servers whose tools are missing or incomplete, and why.
    """

    guessed: tuple[Finding, ...]
    configured: tuple[Finding, ...]
    declared: tuple[Finding, ...]
    lapsed: tuple[Lapsed, ...]
    troubles: tuple[str, ...]

    @property
    def all(self) -> tuple[Finding, ...]:
        """All tools, what matters most first."""
        return (*self.guessed, *self.configured, *self.declared)

    def __str__(self) -> str:
        """Return them as a page of text."""
        width = max((len(finding.tool.qualified) for finding in self.all), default=0)
        blocks = (
            ("Guessed, as their servers do not say", [_line(finding, width) for finding in self.guessed]),
            ("Set in servers.json", [_line(finding, width) for finding in self.configured]),
            ("Declared by their servers", [_line(finding, width) for finding in self.declared]),
            ("Agreed to with “always”, but not as they are now", [f"{one.name}  {one.why}" for one in self.lapsed]),
            ("Not all tools are here", self.troubles),
        )
        shown = ("\n".join([f"{head} ({len(lines)}):", *_indented(lines)]) for head, lines in blocks if lines)
        return "\n\n".join(shown) or "There is no tool to review."


def findings_of(
    registry: Registry,
    *,
    overrides: Collection[str],
    untrusted: Collection[str],
    trusted: Collection[str],
    agreed: Sequence[Trusted],
) -> Findings:
    """Sort the tools of a registry.

    Args:
        registry: All tools there are now.
        overrides: The keys of `effects` in servers.json, in their order.
        untrusted: The servers that servers.json marks so.
        trusted: Qualified names of the tools that a person said "always" to, as they are defined now.
        agreed: Everything that a person said "always" to.
    """
    found = [
        Finding(
            tool=tool,
            why=_why(tool, overrides, untrusted=tool.server in untrusted),
            trusted=tool.qualified in trusted,
        )
        for tool in sorted(registry, key=lambda tool: (_WORST_FIRST.index(tool.effect.kind), tool.qualified))
    ]
    return Findings(
        guessed=tuple(finding for finding in found if finding.tool.effect.source == "guessed"),
        configured=tuple(finding for finding in found if finding.tool.effect.source == "set"),
        declared=tuple(finding for finding in found if finding.tool.effect.source == "declared"),
        lapsed=tuple(_lapsed(one, registry) for one in agreed if one.tool not in trusted),
        troubles=tuple(f"{agent.name}: {agent.trouble}" for agent in registry.agents if agent.trouble),
    )


def _why(tool: Tool, overrides: Collection[str], *, untrusted: bool) -> str:
    match tool.effect.source:
        case "declared":
            return "declared by its server"
        case "set":
            glob = override_of(tool.qualified, overrides) or tool.qualified
            return "set by name" if glob == tool.qualified else f"set by {printable(glob, _LONGEST)}"
        case "guessed":
            silent = "its server is not trusted" if untrusted else "its server does not say"
            verb = verb_of(tool.name)
            return f"guessed from “{verb}” in its name; {silent}" if verb else f"guessed; {silent}"


def _lapsed(agreed: Trusted, registry: Registry) -> Lapsed:
    day = datetime.fromtimestamp(agreed.at).astimezone().date().isoformat()
    since = "it is defined otherwise now" if agreed.tool in registry else "it is not offered now"
    return Lapsed(name=printable(agreed.tool, _LONGEST), why=f"on {day}; {since}")


def _line(finding: Finding, width: int) -> str:
    effect = finding.tool.effect
    told = (
        f"{finding.tool.qualified:<{width}}  {effect.kind:<{_KIND_WIDTH}}  {_REACH[effect.open_world]:<{_REACH_WIDTH}}"
    )
    return f"{told}  {finding.why}{'; nobody is asked: you said “always”' if finding.trusted else ''}"


def _indented(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        yield "  " + "\n    ".join(line.splitlines())
