"""Leniency towards results of tools: content that the SDK would throw away with the whole is kept."""

import json
from collections.abc import Mapping
from typing import Any, cast

from mcp_types import ContentBlock
from mcp_types.methods import validate_server_result
from pydantic import TypeAdapter, ValidationError

__all__ = ["MOST_BLOCKS", "NOTES_KEY", "mended_result"]

MOST_BLOCKS = 1_000
"""Most content blocks; the texts of more are one text."""

NOTES_KEY = "batonmcp/notes"
"""Where in `_meta` a mended result says what was mended."""

_ERAS = {True: "2026-07-28", False: "2025-11-25"}
_BLOCK: TypeAdapter[Any] = TypeAdapter(ContentBlock)
_BLOCK_TYPES = frozenset({"text", "image", "audio", "resource", "resource_link"})
_BLOCK_DECORATION = ("_meta", "annotations", "icons", "size", "title", "description")
_PLAIN_TEXT = frozenset({"type", "text"})
_USUAL = frozenset({"content", "structuredContent", "isError", "_meta", "resultType"})
_MOST_NOTES = 5


def mended_result(result: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]] | None:
    """Return the result of a call as the SDK takes it, with what was mended in it; None if it is beyond that.

    A result that asks the host something is left alone.
    """
    if result.get("resultType") == "input_required":
        return dict(result), []
    notes: list[str] = []
    mended: dict[str, Any] = {**result, "content": _content(result, notes)}
    if not isinstance(result.get("resultType", ""), str):
        mended["resultType"] = "complete"
        notes.append("had a resultType that was no text")
    _mend_error(mended, notes)
    _mend_structure(mended, notes)
    _mend_meta(mended, notes)
    if (notes or not mended.keys() <= _USUAL) and not _taken(mended):
        kept = {"content", "isError", "structuredContent", "_meta"} & mended.keys()
        mended = {"resultType": "complete", **{key: mended[key] for key in kept}}
        notes.append("had fields that do not belong there")
    if notes and not _taken(mended):
        return None
    if notes:
        meta = cast("dict[str, Any]", mended.get("_meta", {}))
        mended["_meta"] = {**meta, NOTES_KEY: notes[:_MOST_NOTES]}
    return mended, notes[:_MOST_NOTES]


def _taken(result: Mapping[str, Any]) -> bool:
    try:
        validate_server_result("tools/call", _ERAS["resultType" in result], result)
    except ValidationError:
        return False
    return True


def _content(result: Mapping[str, Any], notes: list[str]) -> list[Any]:
    content: object = result.get("content")
    if isinstance(content, list):
        blocks = [_block(block, notes) for block in cast("list[object]", content)]
        return blocks if len(blocks) <= MOST_BLOCKS else _joined(blocks, notes)
    if content is not None:
        notes.append("had content that was no list")
        return [_block(content, [])]
    if "content" in result or result.get("structuredContent") is None:
        notes.append("had no content")
    return []


def _block(block: object, notes: list[str]) -> dict[str, Any]:
    """Return a content block as the SDK takes it."""
    if not isinstance(block, dict):
        notes.append("had a content block that was no object")
        return _text_block(block)
    fields = cast("dict[str, Any]", block)
    if fields.keys() == _PLAIN_TEXT and fields["type"] == "text" and isinstance(fields["text"], str):
        return fields
    if _is_block(fields):
        return fields
    kind = str(fields.get("type"))[:40]
    plainer = {key: value for key, value in fields.items() if key not in _BLOCK_DECORATION}
    if kind in _BLOCK_TYPES and _is_block(plainer):
        notes.append(f"had a {kind} block with malformed fields")
        return plainer
    notes.append(f"had a {'malformed' if kind in _BLOCK_TYPES else 'content'} block of type {kind!r}, kept as text")
    return _text_block(fields["text"] if isinstance(fields.get("text"), str) else fields)


def _is_block(fields: dict[str, Any]) -> bool:
    try:
        _BLOCK.validate_python(fields, by_name=False)
    except ValidationError:
        return False
    return fields.get("type") in _BLOCK_TYPES


def _text_block(value: object) -> dict[str, Any]:
    return {"type": "text", "text": value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}


def _joined(blocks: list[dict[str, Any]], notes: list[str]) -> list[dict[str, Any]]:
    """Return blocks with the texts as one text, so that they are not too many to read."""
    texts = "\n".join(block["text"] for block in blocks if block["type"] == "text")
    others = [block for block in blocks if block["type"] != "text"]
    if len(others) >= MOST_BLOCKS:
        notes.append(f"had {len(others):,} blocks that are no texts, of which {MOST_BLOCKS:,} were kept")
    else:
        notes.append(f"had {len(blocks):,} content blocks, of which the texts are one now")
    return [_text_block(texts), *others[:MOST_BLOCKS]]


def _mend_error(result: dict[str, Any], notes: list[str]) -> None:
    flag = result.get("isError", False)
    if isinstance(flag, bool):
        return
    result["isError"] = flag not in {None, 0, "", "0", "false", "False", "no"} if _is_scalar(flag) else True
    notes.append("had an isError that was neither true nor false")


def _is_scalar(value: object) -> bool:
    return not isinstance(value, dict | list)


def _mend_structure(result: dict[str, Any], notes: list[str]) -> None:
    structured: object = result.get("structuredContent")
    if structured is None:
        result.pop("structuredContent", None)
    elif not isinstance(structured, dict) and "resultType" not in result:
        result["structuredContent"] = {"result": structured}
        notes.append("had structured content that was no object; it is under `result`")


def _mend_meta(result: dict[str, Any], notes: list[str]) -> None:
    meta: object = result.get("_meta")
    if isinstance(meta, dict):
        kept = {key: value for key, value in cast("dict[str, Any]", meta).items() if key != NOTES_KEY}
        if len(kept) < len(cast("dict[str, Any]", meta)):
            result["_meta"] = kept  # what we note is not for a server to say
    elif "_meta" in result:
        del result["_meta"]
        if meta is not None:
            notes.append("had a _meta that was no object")
