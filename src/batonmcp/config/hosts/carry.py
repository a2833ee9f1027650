"""The carrying of a server's entry out of a host's file, so that it means the same in ours."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from batonmcp.config.hosts.document import HostFile
from batonmcp.config.interpolate import references

__all__ = ["Carried", "carry"]

_WORKSPACE: Final = re.compile(r"\$\{workspaceFolder(?P<base>Basename)?(?::[^}]*)?\}")
_INPUT: Final = re.compile(r"\$\{input:(?P<id>[^}]+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """An entry for servers.json.

    Attributes:
        entry: What is written there.
        notes: What cannot be carried over, as sentences.
    """

    entry: Mapping[str, JsonValue]
    notes: tuple[str, ...] = ()


def carry(name: str, entry: Mapping[str, JsonValue], file: HostFile) -> Carried:
    """Return an entry in which what depends on the host or its place stands as it is, or a note that it cannot.

    A project's folder is written out, as the folder in which its servers start; relative ones begin there. The answers
    that VS Code would ask for become variables with the defaults that it would offer.
    """
    carried = dict(entry)
    if file.project:
        carried = _of_project(carried, file.project)
    defaults = _defaults(file.document.get("inputs"))
    carried = _each_text(carried, lambda text: _INPUT.sub(lambda found: _variable(found, defaults), text))
    return Carried(entry=carried, notes=tuple(_notes(name, entry, file)))


def _of_project(entry: dict[str, JsonValue], project: Path) -> dict[str, JsonValue]:
    project = project.absolute()
    entry = _each_text(entry, lambda text: _WORKSPACE.sub(lambda found: _folder(found, project), text))
    if isinstance(entry.get("command"), str):
        cwd, env_file = entry.get("cwd"), entry.get("envFile")
        entry["cwd"] = _from(project, cwd) if isinstance(cwd, str) else str(project)
        if isinstance(env_file, str):
            entry["envFile"] = _from(project, env_file)
    return entry


def _folder(found: re.Match[str], project: Path) -> str:
    return project.name if found["base"] else str(project)


def _from(project: Path, path: str) -> str:
    """Return a path that begins in the project's folder; one that names a variable or a home stands for itself."""
    return path if path.startswith(("~", "$")) else str(project / path)


def _defaults(inputs: JsonValue) -> Mapping[str, str]:
    """Return what VS Code's inputs are without an answer, by id, where that can be written as a default."""
    found: dict[str, str] = {}
    for item in inputs if isinstance(inputs, list) else []:
        match item:
            case {"id": str(id_), "default": str(default)} if default and "}" not in default:
                found[id_] = default
            case _:
                pass
    return found


def _variable(found: re.Match[str], defaults: Mapping[str, str]) -> str:
    default = defaults.get(found["id"])
    return found[0] if default is None else f"${{{next(references(found[0]))}:-{default}}}"


def _notes(name: str, entry: Mapping[str, JsonValue], file: HostFile) -> list[str]:
    texts: list[str] = []
    _each_text(dict(entry), lambda text: texts.append(text) or text)
    notes: list[str] = []
    if file.project is None and any(_WORKSPACE.search(text) for text in texts):
        notes.append(
            f"{name} names ${{workspaceFolder}}, which in {file.host.title} is the folder that is open. Here it is "
            "that of servers.json: write the folder that you mean."
        )
    if not file.host.fills_in and any(any(references(text)) for text in texts):
        notes.append(
            f"{name} has ${{...}} in its entry, which {file.host.title} passes on as it stands. Here it is replaced by "
            "the variable."
        )
    return notes


def _each_text(entry: dict[str, JsonValue], change: Callable[[str], str]) -> dict[str, JsonValue]:
    """Change every text of an entry, at all depths; keys stay."""
    return {key: _changed(value, change) for key, value in entry.items()}


def _changed(value: JsonValue, change: Callable[[str], str]) -> JsonValue:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_changed(member, change) for member in value]
    if isinstance(value, dict):
        return _each_text(value, change)
    return value
