"""Leniency towards greetings: what a server says of itself is put right where the rest of it can be used."""

from collections.abc import Mapping
from typing import Any, cast

from mcp_types import Implementation, ServerCapabilities
from pydantic import BaseModel, ValidationError

from batonmcp.core.plain_text import plain

__all__ = ["mended_hello"]

_LONGEST_INSTRUCTIONS = 100_000


def mended_hello(result: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return what a server answered to `initialize` or `server/discover`, and what was mended in it."""
    notes: list[str] = []
    mended = dict(result)
    mended["capabilities"] = _capabilities(result.get("capabilities"), notes)
    if "serverInfo" in result or "protocolVersion" in result:
        mended["serverInfo"] = _server_info(result.get("serverInfo"), notes)
    version: object = result.get("protocolVersion")
    if "protocolVersion" in result and not isinstance(version, str):
        mended["protocolVersion"] = str(version)
        notes.append("protocolVersion was no text")
    instructions: object = mended.pop("instructions", None)
    if isinstance(instructions, str):
        mended["instructions"] = plain(instructions[:_LONGEST_INSTRUCTIONS])
    elif instructions is not None:
        notes.append("instructions were no text")
    if not isinstance(mended.get("_meta", {}), dict):
        del mended["_meta"]
        notes.append("_meta was no object")
    return mended, notes


def _capabilities(declared: object, notes: list[str]) -> dict[str, Any]:
    if not isinstance(declared, dict):
        notes.append("capabilities were missing; tools are taken to be among them")
        return {"tools": {}}
    kept: dict[str, Any] = {}
    for name, value in cast("dict[str, Any]", declared).items():
        if value is None or _fits(ServerCapabilities, {name: value}):
            kept[name] = value
        elif name == "tools" and value is not False:
            kept[name] = {}
            notes.append("the capability `tools` was malformed")
        else:
            notes.append(f"the capability `{name}` was malformed")
    return kept


def _server_info(given: object, notes: list[str]) -> dict[str, Any]:
    fields = cast("dict[str, Any]", given) if isinstance(given, dict) else {}
    info = {"name": "unknown", "version": "unknown", **fields}
    for key in ("name", "version"):
        if not isinstance(info[key], str):
            info[key] = str(info[key])
            notes.append(f"serverInfo.{key} was no text")
    if {"name", "version"} - fields.keys():
        notes.append("serverInfo was incomplete")
    for key in info.keys() - {"name", "version"}:
        if not _fits(Implementation, {"name": "", "version": "", key: info[key]}):
            del info[key]
            notes.append(f"serverInfo.{key} was malformed")
    return {key: plain(value) if isinstance(value, str) else value for key, value in info.items()}


def _fits(model: type[BaseModel], fields: dict[str, Any]) -> bool:
    try:
        model.model_validate(fields, by_name=False)
    except ValidationError:
        return False
    return True
