"""What a tool may do to the world."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

__all__ = ["DESTRUCTIVE_VERBS", "Annotations", "Effect", "EffectKind", "effect_of", "override_of", "verb_of"]

EffectKind = Literal["read", "write", "destructive"]

DESTRUCTIVE_VERBS = frozenset(
    {
        "clear",
        "delete",
        "destroy",
        "drop",
        "erase",
        "kill",
        "prune",
        "purge",
        "remove",
        "reset",
        "revoke",
        "truncate",
        "wipe",
    }
)
"""Words in a tool's name that make it destructive when its server declares nothing about it."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotations:
    """A tool's `annotations` as its server declared them; None where it is silent.

    Source: `ToolAnnotations` of the MCP specification, 2026-07-28.
    """

    read_only: bool | None = None
    destructive: bool | None = None
    idempotent: bool | None = None
    open_world: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What calling a tool may do.

    Attributes:
        kind: `read`, `write` or `destructive`.
        source: `declared` by the server, `guessed` because it declared nothing, or `set` in servers.json.
        idempotent: Whether the same call twice does no more than once. Every read is.
        open_world: Whether the tool reaches past its server's own data (the specification's default).
    """

    kind: EffectKind
    source: Literal["declared", "guessed", "set"]
    idempotent: bool
    open_world: bool


def effect_of(
    name: str,
    qualified: str,
    *,
    annotations: Annotations,
    untrusted: bool = False,
    overrides: Mapping[str, EffectKind],
) -> Effect:
    """Class one tool.

    Args:
        name: The tool's name on its own server; verbs are looked for in it.
        qualified: Its qualified name; the globs of `overrides` are matched against it, the first match wins.
        annotations: What its server declares.
        untrusted: Whether servers.json marks the server so; its annotations can then only tighten.
        overrides: The `effects` object of servers.json.
    """
    kind, source = _declared(annotations)
    guess: EffectKind = "destructive" if verb_of(name) else "write"
    if kind is None or (untrusted and _severity(guess) > _severity(kind)):
        kind, source = guess, "guessed"
    if (glob := override_of(qualified, overrides)) is not None:
        kind, source = overrides[glob], "set"
    return Effect(
        kind=kind,
        source=source,
        idempotent=kind == "read" or (annotations.idempotent is True and not untrusted),
        open_world=annotations.open_world is not False or untrusted,
    )


def override_of(qualified: str, overrides: Iterable[str]) -> str | None:
    """Return the glob that decides about a tool: the first that matches, None if none does."""
    return next((glob for glob in overrides if fnmatchcase(qualified, glob)), None)


def verb_of(name: str) -> str | None:
    """Return the verb for which a tool of this name is guessed to be destructive; None if it is not."""
    return next((word for word in _words(name) if word in DESTRUCTIVE_VERBS), None)


def _declared(annotations: Annotations) -> tuple[EffectKind | None, Literal["declared", "guessed", "set"]]:
    """Read the annotations with the specification's defaults: not read-only means destructive unless denied."""
    if annotations.read_only is True:
        return "read", "declared"
    if annotations.destructive is not None:
        return ("destructive" if annotations.destructive else "write"), "declared"
    return ("destructive", "declared") if annotations.read_only is False else (None, "guessed")


def _severity(kind: EffectKind) -> int:
    order: Sequence[EffectKind] = ("read", "write", "destructive")
    return order.index(kind)


def _words(name: str) -> list[str]:
    """Split `dropTable`, `DROP_TABLE` and `drop-table2` into lower-case words."""
    return [word.lower() for word in _WORD.findall(name)]
