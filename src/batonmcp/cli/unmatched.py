"""The rules of servers.json that no tool falls under."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from fnmatch import fnmatchcase
from typing import Any, Final

from batonmcp.config.settings import Rule
from batonmcp.core.names import qualified_name
from batonmcp.core.printable import printable

__all__ = ["Offered", "Unmatched", "unmatched"]

Offered = Mapping[str, Sequence[str] | None]
"""By server, the own names of all tools that it lists, whether they are used or not; None where that is not known."""

_JOINT: Final = "__"
_WILD: Final = "*?["
_MOST_NEAR: Final = 3
_NEAR: Final = 0.75
_LONGEST: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmatched:
    """A rule that no tool falls under.

    Attributes:
        rule: The rule.
        nearest: The names most like it, the best first.
        unknown: The servers that are not connected, and whose tools may fall under it once they are.
    """

    rule: Rule
    nearest: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return it as a sentence or two that begin with its place."""
        said = f'{self.rule.place}: "{printable(self.rule.glob, _LONGEST)}" matches no tool'
        if self.unknown:
            names = " or ".join(printable(name, _LONGEST) for name in self.unknown)
            return f"{said} that is known now; it may once {names} is connected."
        near = f" Nearest: {', '.join(printable(name, _LONGEST) for name in self.nearest)}." if self.nearest else ""
        return f"{said}{f' of {printable(self.rule.server, _LONGEST)}' if self.rule.server else ''}.{near}"

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "place": self.rule.place,
            "glob": self.rule.glob,
            "nearest": list(self.nearest),
            "not_connected": list(self.unknown),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Name:
    """A tool as a rule may mean it: how the rule has to call it, and how somebody may have called it."""

    right: str
    plain: str
    own: str


def unmatched(rules: Iterable[Rule], offered: Offered) -> Iterator[Unmatched]:
    """Find the rules that do nothing.

    Args:
        rules: Those of servers.json.
        offered: What the servers list.
    """
    for rule in rules:
        names = list(_names(rule, offered))
        if any(_matches(rule, name) for name in names):
            continue
        down = (server for server, tools in offered.items() if tools is None)
        unknown = tuple(server for server in down if _may_match(rule, server))
        yield Unmatched(rule=rule, nearest=() if unknown else tuple(_nearest(rule.glob, names)), unknown=unknown)


def _names(rule: Rule, offered: Offered) -> Iterator[_Name]:
    """Yield the tools that a rule is about."""
    for server, tools in offered.items():
        if rule.server in {None, server}:
            for tool in tools or ():
                right = tool if rule.server else qualified_name(server, tool)
                yield _Name(right=right, plain=f"{server}{_JOINT}{tool}", own=tool)


def _matches(rule: Rule, name: _Name) -> bool:
    return fnmatchcase(name.right, rule.glob) or (rule.also_plain and fnmatchcase(name.plain, rule.glob))


def _may_match(rule: Rule, server: str) -> bool:
    """Whether a rule may be about a server of which no tool is known: by how its names begin, unless it has aliases."""
    if rule.server:
        return rule.server == server
    prefix = f"{server}{_JOINT}"
    if not qualified_name(server, "x").startswith(prefix):
        return True
    literal = rule.glob[: next((at for at, sign in enumerate(rule.glob) if sign in _WILD), len(rule.glob))]
    return literal.startswith(prefix) or (literal != rule.glob and prefix.startswith(literal))


def _nearest(glob: str, names: Iterable[_Name]) -> Sequence[str]:
    """Return the names most like a glob, the best first: also where it has one of a tool's other names."""
    likeness = {name.right: max(_likeness(glob, text) for text in (name.right, name.plain, name.own)) for name in names}
    near = sorted((name for name in likeness if likeness[name] >= _NEAR), key=lambda name: (-likeness[name], name))
    return near[:_MOST_NEAR]


def _likeness(glob: str, name: str) -> float:
    """Compare a glob with a name: of qualified ones the server's part and the tool's, of which the worse counts."""
    if _JOINT in glob and _JOINT in name:
        return min(map(_alike, glob.split(_JOINT, 1), name.split(_JOINT, 1)))
    return _alike(glob, name)


def _alike(glob: str, name: str) -> float:
    """Compare what is written out in a glob with a name, of which a star at one end leaves just so much."""
    literal = glob.strip("*")
    if not literal:
        return 1.0
    if glob.endswith("*") and not glob.startswith("*"):
        name = name[: len(literal)]
    elif glob.startswith("*") and not glob.endswith("*"):
        name = name[-len(literal) :]
    return SequenceMatcher(None, literal.casefold(), name.casefold()).ratio()
