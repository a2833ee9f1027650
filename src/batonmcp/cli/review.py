"""The command `tools --review`: a person looks at what every tool may do, and decides where it is not known."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

from batonmcp.cli.echo import Echo
from batonmcp.cli.findings import Finding, Findings, findings_of
from batonmcp.cli.person import agreed, forget_typed, is_there, typed_line
from batonmcp.cli.storage import open_store
from batonmcp.config.effects import with_effects
from batonmcp.config.rewrite import decoded, rewrite
from batonmcp.config.settings import Settings
from batonmcp.core.effect import EffectKind
from batonmcp.core.errors import ConfigError
from batonmcp.core.registry import Registry
from batonmcp.downstream.fleet import open_fleet
from batonmcp.store.trust import Trust

__all__ = ["review"]

_KINDS: Final[Mapping[str, EffectKind]] = {
    "r": "read",
    "read": "read",
    "w": "write",
    "write": "write",
    "d": "destructive",
    "destructive": "destructive",
}
_SKIP, _FORGET, _QUIT = ("", "s", "skip"), ("f", "forget"), ("q", "quit")


async def review(settings: Settings, echo: Echo) -> None:
    """Print all tools, what matters first; on a terminal take a person's decisions, and write them if they like."""
    registry = await _registry(settings)
    async with open_store(settings, echo.discretion) as store:
        trust = Trust(store)
        found = findings_of(
            registry,
            overrides=settings.effects,
            untrusted={server.name for server in settings.servers if server.untrusted},
            trusted=await trust.of(registry),
            agreed=await trust.all(),
        )
        echo.out(str(found))
        if is_there() and (found.all or found.lapsed):
            decided = _news(found, await _decisions(found, trust, echo))
            if decided:
                await _write(settings, found, decided, echo)
            else:
                echo.err("There is nothing to write.")


async def _registry(settings: Settings) -> Registry:
    """Return all tools there are; while a person thinks, no server needs to run."""
    async with open_fleet(settings) as fleet:
        await fleet.settled()
        return await fleet.registry()


async def _decisions(found: Findings, trust: Trust, echo: Echo) -> dict[str, EffectKind]:
    forget_typed()
    echo.err("")
    every = f"[a]ccept all {len(found.guessed)} guesses as shown, " if found.guessed else ""
    match await _choice(f"{every}[o]ne by one, [q]uit: ", {"o", "one", "", *_QUIT, *(("a",) if every else ())}, echo):
        case "a":
            return {finding.tool.qualified: finding.tool.effect.kind for finding in found.guessed}
        case "o" | "one":
            return await _one_by_one(found, trust, echo)
        case _:
            return {}


async def _one_by_one(found: Findings, trust: Trust, echo: Echo) -> dict[str, EffectKind]:
    """Go through the tools; who leaves early keeps what they have decided so far."""
    decided: dict[str, EffectKind] = {}
    for finding in found.all:
        choice = await _about(finding, trust, echo)
        if choice in _QUIT:
            return decided
        if choice in _KINDS:
            decided[finding.tool.qualified] = _KINDS[choice]
    for lapsed in found.lapsed:
        choice = await _choice(
            f"{lapsed.name} ({lapsed.why}): [f]orget, [s]kip, [q]uit: ", _SKIP + _FORGET + _QUIT, echo
        )
        if choice in _QUIT:
            return decided
        if choice in _FORGET:
            await _forget(lapsed.name, trust, echo)
    return decided


async def _about(finding: Finding, trust: Trust, echo: Echo) -> str:
    """Return what to do about a tool; what was said for good is forgotten at once, and then it is asked again."""
    name, trusted = finding.tool.qualified, finding.trusted
    shown = f"{name} ({finding.tool.effect.kind}, {finding.why})"
    while True:
        forget = "[f]orget “always”, " if trusted else ""
        choice = await _choice(
            f"{shown}: [r]ead, [w]rite, [d]estructive, {forget}[s]kip, [q]uit: ",
            {*_KINDS, *_SKIP, *_QUIT, *(_FORGET if trusted else ())},
            echo,
        )
        if choice not in _FORGET:
            return choice
        await _forget(name, trust, echo)
        trusted = False


async def _forget(name: str, trust: Trust, echo: Echo) -> None:
    await trust.remove(name)
    echo.err(f"Forgotten: a person is asked about {name} again.")


async def _choice(prompt: str, choices: Collection[str], echo: Echo) -> str:
    """Ask until the answer is one of these; the end of the input is to quit."""
    while True:
        line = await typed_line(echo.discretion.text(prompt))
        choice = _QUIT[0] if line is None else line.lower()
        if choice in choices:
            return choice
        echo.err("Please answer with one of the letters in brackets.")


def _news(found: Findings, decided: Mapping[str, EffectKind]) -> dict[str, EffectKind]:
    """Return the decisions that servers.json does not hold yet."""
    known = {finding.tool.qualified: finding.tool.effect.kind for finding in found.configured}
    return {name: kind for name, kind in decided.items() if known.get(name) != kind}


async def _write(settings: Settings, found: Findings, decided: Mapping[str, EffectKind], echo: Echo) -> None:
    """Show what would be written and, if it is agreed to, write it, with a copy of the file as it was."""
    path = settings.source
    was = _bytes(path)
    text = with_effects(decoded(was, path), decided)
    lines = (
        f'  "{finding.tool.qualified}": "{kind}"  ({finding.tool.effect.kind}, {finding.why})'
        for finding in found.all
        if (kind := decided.get(finding.tool.qualified))
    )
    echo.err("\n".join([f"To be written under batonmcp.effects in {path} (what holds now in brackets):", *lines]))
    forget_typed()
    if not await agreed("Write it?"):
        echo.err("Nothing was written.")
        return
    copy = rewrite(path, text, keep=True, was=was)
    echo.err(f"Written. The file as it was is kept as {copy}.")


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        message = f"cannot be read any more ({error.strerror}); nothing was written."
        raise ConfigError(place=str(path), message=message, cure="Put it back, and try again.") from None
