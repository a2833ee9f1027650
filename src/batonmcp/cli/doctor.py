"""The command `doctor`: how each server is, and what to do about it."""

import json as json_text
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any

from batonmcp import __version__
from batonmcp.cli.addressee import addressee
from batonmcp.cli.echo import Echo
from batonmcp.cli.unmatched import Unmatched, unmatched
from batonmcp.config.settings import Settings
from batonmcp.core.registry import Registry
from batonmcp.downstream.fleet import open_fleet
from batonmcp.downstream.report import ServerReport

__all__ = ["doctor"]

_SPOKEN = {
    "legacy": "older era of the protocol",
    "modern": "newer era of the protocol",
    "sse": "older era of the protocol over SSE",
}


async def doctor(settings: Settings, echo: Echo, *, json: bool) -> int:
    """Connect to all servers, print how they are, and return the exit code: 1 if something is wrong."""
    async with open_fleet(settings) as fleet:
        await fleet.settled()
        registry = await fleet.registry()
        reports = [_with_defects(report, registry) for report in fleet.reports()]
        idle = list(unmatched(settings.rules, fleet.offered()))
    echo.out(
        json_text.dumps(_as_json(settings, reports, idle), indent=2, ensure_ascii=False)
        if json
        else _as_text(settings, reports, idle)
    )
    return int(any(report.state not in {"ready", "idle"} for report in reports))


def _with_defects(report: ServerReport, registry: Registry) -> ServerReport:
    """Add to the notes which schemas of a server's tools judge nothing, and why."""
    schemas = (
        (tool.name, kind, schema)
        for tool in registry
        if tool.server == report.name
        for kind, schema in (("arguments", tool.input_schema), ("results", tool.output_schema))
        if schema
    )
    defects = (
        f"The {kind} of {name} are not checked: {schema.defect}." for name, kind, schema in schemas if schema.defect
    )
    return replace(report, notes=(*report.notes, *defects))


def _as_text(settings: Settings, reports: Sequence[ServerReport], idle: Sequence[Unmatched]) -> str:
    head = [f"batonmcp {__version__} with {settings.source}", f"  {addressee(settings)}"]
    if not reports:
        head.append("  servers.json names no servers.")
    ill = sum(report.state not in {"ready", "idle"} for report in reports)
    end = [f"{ill} of {len(reports)} servers need attention."] if ill else []
    return "\n\n".join("\n".join(block) for block in (head, *map(_server, reports), _rules(idle), end) if block)


def _server(report: ServerReport) -> Iterator[str]:
    sign = "ok" if report.state in {"ready", "idle"} else "!!"
    head = report.name if report.title == report.name else f"{report.title} ({report.name})"
    yield f"{sign} {head}: {report.state}{_facts(report)}"
    if report.started:
        yield f"   {report.started}"
    if report.trouble:
        yield f"   ! {_indented(report.trouble)}"
    for note in report.notes:
        yield f"   - {_indented(note)}"
    if report.last_words and report.last_words not in (report.trouble or ""):
        yield f"   its last words: {_indented(report.last_words)}"


def _rules(idle: Sequence[Unmatched]) -> Sequence[str]:
    """Tell of rules that somebody relies on in vain."""
    return ["Rules of servers.json that do nothing now:", *(f"   - {rule}" for rule in idle)] if idle else []


def _facts(report: ServerReport) -> str:
    if report.ready_in is None:
        return ""
    tools = f"{report.tools} tool{'' if report.tools == 1 else 's'}"
    again = f", connected to {report.connects} times" if report.connects > 1 else ""
    return f" in {report.ready_in:.1f} s, {tools}, {_SPOKEN[report.speaks or 'legacy']}{again}"


def _indented(text: str) -> str:
    return "\n     ".join(text.splitlines())


def _as_json(settings: Settings, reports: Sequence[ServerReport], idle: Sequence[Unmatched]) -> dict[str, Any]:
    return {
        "version": __version__,
        "config": str(settings.source),
        "llm": settings.llm and {"base_url": settings.llm.base_url, "model": settings.llm.model},
        "servers": [asdict(report) for report in reports],
        "unmatched": [rule.as_json() for rule in idle],
    }
