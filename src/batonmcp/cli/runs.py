"""The command `runs`."""

import json as json_text
from datetime import datetime
from typing import Any, cast

from batonmcp.cli.echo import Echo
from batonmcp.cli.storage import open_store
from batonmcp.config.settings import Settings
from batonmcp.core.errors import BatonError
from batonmcp.store.runs import KeptRun, Runs

__all__ = ["list_runs", "show_run"]

_LONGEST_QUERY = 60


async def list_runs(settings: Settings, echo: Echo, *, limit: int, json: bool) -> None:
    """Print the newest runs."""
    async with open_store(settings, echo.discretion) as store:
        found = await Runs(store).newest(limit)
    if json:
        entries = [{"ended": _time(run.at), **_summary(run.record)} for run in found]
        echo.out(json_text.dumps(entries, indent=2, ensure_ascii=True))
    else:
        echo.out("\n".join(map(_line, found)) if found else _nothing(settings))


async def show_run(settings: Settings, run_id: str, echo: Echo, *, json: bool) -> None:
    """Print one run.

    Raises:
        BatonError: There is none with this id.
    """
    async with open_store(settings, echo.discretion) as store:
        record = await Runs(store).get(run_id)
    if record is None:
        raise BatonError(
            kind="unknown_run",
            message=f"There is no run {run_id!r}.",
            cure="`batonmcp runs` lists those that are kept."
            if settings.store.path
            else "The store is in memory only, so that no run is kept.",
        )
    text = json_text.dumps(record, indent=2, ensure_ascii=False) if json else "\n".join(_told(record))
    echo.out(text)


def _nothing(settings: Settings) -> str:
    if settings.store.path is None:
        return "No run is kept: the store is in memory only."
    return f"No run is kept in {settings.store.path}."


def _summary(record: dict[str, Any]) -> dict[str, Any]:
    return {key: record.get(key) for key in ("run_id", "status", "mode", "planner", "query")}


def _line(run: KeptRun) -> str:
    told = {key: value or "-" for key, value in _summary(run.record).items()}
    query = " ".join(str(told["query"]).split())
    short = query if len(query) <= _LONGEST_QUERY else f"{query[: _LONGEST_QUERY - 1]}…"
    return f"{told['run_id']}  {_time(run.at)}  {told['status']:<17}  {told['mode']:<10}  {short}"


def _told(record: dict[str, Any]) -> list[str]:
    """Tell a record in lines: what was asked, what was done, what came of it."""
    lines = [f"{key:<8} {value}" for key, value in _summary(record).items() if value]
    lines += [f"step     {_step(step)}" for step in cast("list[dict[str, Any]]", record["steps"])]
    lines += [f"note     {note}" for note in cast("list[str]", record["notes"])]
    if record["error"]:
        lines.append(f"error    {_sentence(record['error'])}")
    return [*lines, "", record["answer"]] if record["answer"] else lines


def _step(step: dict[str, Any]) -> str:
    why = _sentence(step["error"]) if step["error"] else step["because"]
    return f"{step['id']}: {step['tool']} {step['status']}{f' - {why}' if why else ''}"


def _sentence(error: dict[str, str]) -> str:
    return f"{error['message']} {error['cure']}".strip()


def _time(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().isoformat(" ", "seconds")
