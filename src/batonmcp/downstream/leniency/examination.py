"""A message that may be costly to read, made cheap.

Runs as a program of its own (`COMMAND`: the message on standard input, the other one on standard output), so that what
takes long takes long there; hence it imports the standard library only. It ends when its input does, so it never
outlives whoever started it.
"""

import gc
import json
import re
import sys
from collections.abc import Iterable
from typing import Any, cast

__all__ = ["COMMAND", "LEFT_OUT_KEY", "MOST_LEVELS", "MOST_VALUES", "examined", "main", "refused"]

COMMAND = (sys.executable, "-I", "-S", __file__)

MOST_VALUES = 50_000
"""Most JSON values in a message: what the SDK reads and checks without holding up everything else for 50 ms."""

MOST_LEVELS = 100

LEFT_OUT_KEY = "batonmcp/leftOut"
"""Where in `_meta` a list of tools says how many of them were too many."""

_UNREADABLE = b"unreadable: "
_EXCERPT = 200
_LONGEST_ERROR = 2_000
_PARSE_ERROR = -32700
_MOST_BLOCKS = 1_000
_MOST_TOOLS = 1_000
_SPARE = 1_000
_CONTAINERS = (dict, list)
_KEPT = ("_meta", "isError", "resultType")
_ID = rb"(?P<id>-?\d{1,18}|\"[^\"\\]{0,200}\")"
_VERSION = rb"(?:\"jsonrpc\"\s*:\s*\"2\.0\"\s*,\s*)?"
_ID_FIRST = re.compile(rb"\s*\{\s*" + _VERSION + rb"\"id\"\s*:\s*" + _ID + rb"\s*,\s*\"(?:result|error)\"")
_ID_LAST = re.compile(rb",\s*\"id\"\s*:\s*" + _ID + rb"\s*(?:,\s*\"jsonrpc\"\s*:\s*\"2\.0\"\s*)?\}\s*\Z")
_ANSWER = re.compile(rb"\s*\{\s*" + _VERSION + rb"\"(?:result|error)\"")


def examined(data: bytes) -> bytes:
    """Return a message that says the same as `data` and is cheap to read.

    The structured content of a result with more than `MOST_VALUES` values, or more than `MOST_LEVELS` levels, becomes a
    text; for another answer that is too much an error stands; what is no message becomes a short text that is none.
    NaN becomes null, half a character a question mark, a number of thousands of digits a text.
    """
    try:
        message = _read(data.decode("utf-8", "replace").lstrip("\ufeff"))
    except RecursionError:
        return refused(data, f"it is nested deeper than {MOST_LEVELS} levels")
    except ValueError:
        return _unreadable(data)
    if not isinstance(message, dict):
        return _unreadable(data)
    whole = cast("dict[str, Any]", message)
    excess = _excess(whole)
    if excess is None:
        return _written(whole)
    if "method" in whole or "id" not in whole:
        return _unreadable(data)  # nobody waits for it
    return _written(_lightened(whole, excess))


def refused(data: bytes, why: str) -> bytes:
    """Return an error in answer to the request that `data`, which cannot be read, answers as far as one can tell."""
    tail = _ANSWER.match(data) and _ID_LAST.search(data, max(0, len(data) - 2 * _EXCERPT))
    found = _ID_FIRST.match(data) or tail
    if not found:
        return _unreadable(data)
    return _written(_error(json.loads(found["id"]), why))


def _read(text: str) -> object:
    try:
        return json.loads(text, parse_constant=_nothing)
    except json.JSONDecodeError:
        raise
    except ValueError:  # a number of more digits than Python converts
        return json.loads(text, parse_constant=_nothing, parse_int=_integer)


def _nothing(constant: str) -> None:
    """Read NaN and the infinities, which JSON does not have, as null."""


def _integer(digits: str) -> int | str:
    try:
        return int(digits)
    except ValueError:
        return digits


def _excess(message: object) -> str | None:
    """Say in which way a message is too much, None if it is not."""
    values, depth = 1, 0
    level = [message]
    while level:
        members = [member for outer in level for member in _members(outer)]
        values += len(members)
        level = [member for member in members if type(member) in _CONTAINERS]
        depth += 1
        if depth > MOST_LEVELS:
            return f"it is nested deeper than {MOST_LEVELS} levels"
    return f"it holds {values:,} JSON values, more than {MOST_VALUES:,}" if values > MOST_VALUES else None


def _members(value: object) -> Iterable[object]:
    match value:
        case dict():
            return cast("dict[str, object]", value).values()
        case list():
            return cast("list[object]", value)
        case _:
            return ()


def _lightened(message: dict[str, Any], excess: str) -> dict[str, Any]:
    """Return an answer of fewer values: the same result with texts in the place of structure, else an error."""
    result: object = message.get("result")
    error: object = message.get("error")
    if isinstance(error, dict):
        whole = cast("dict[str, object]", error)
        said = str(whole.get("message"))[:_LONGEST_ERROR]
        code = whole.get("code")
        lighter = {"code": code if isinstance(code, int) else _PARSE_ERROR, "message": said}
        return {"jsonrpc": "2.0", "id": message["id"], "error": lighter}
    if isinstance(result, dict) and isinstance(cast("dict[str, object]", result).get("tools"), list):
        lighter = {**message, "result": _fewer_tools(cast("dict[str, Any]", result))}
        if _excess(lighter) is None:
            return lighter
    elif isinstance(result, dict) and {"content", "structuredContent"} & cast("dict[str, object]", result).keys():
        lighter = {"jsonrpc": "2.0", "id": message["id"], "result": _as_text(cast("dict[str, Any]", result))}
        if _excess(lighter) is None:
            return lighter
    return _error(message["id"], excess)


def _as_text(result: dict[str, Any]) -> dict[str, Any]:
    """Return a tool's result whose structured content, else whose texts are one text."""
    content: object = result.get("content")
    blocks = cast("list[object]", content) if isinstance(content, list) else []
    structured: object = result.get("structuredContent")
    if structured is None:
        text = "\n".join(str(text) for block in blocks if (text := _text(block)) is not None)
    else:
        text = _text_of(structured)
    others = [block for block in blocks if _text(block) is None]
    kept = {key: result[key] for key in _KEPT if key in result}
    return {**kept, "content": [{"type": "text", "text": text}, *others[:_MOST_BLOCKS]]}


def _fewer_tools(result: dict[str, Any]) -> dict[str, Any]:
    """Return a list of tools with as many of its first tools as can be read."""
    tools = cast("list[object]", result["tools"])
    kept: list[object] = []
    room = MOST_VALUES - _SPARE
    for tool in tools[:_MOST_TOOLS]:
        room -= _count(tool)
        if room < 0:
            break
        kept.append(tool)
    meta = result.get("_meta")
    left_out = {
        **(cast("dict[str, Any]", meta) if isinstance(meta, dict) else {}),
        LEFT_OUT_KEY: len(tools) - len(kept),
    }
    return {**result, "tools": kept, "_meta": left_out}


def _count(value: object) -> int:
    """Return how many values a value holds, itself included."""
    total, level = 1, [value]
    while level:
        level = [member for outer in level for member in _members(outer)]
        total += len(level)
    return total


def _text(block: object) -> object:
    whole = cast("dict[str, object]", block) if isinstance(block, dict) else {}
    return whole.get("text") if whole.get("type") == "text" else None


def _error(request: object, why: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": request, "error": {"code": _PARSE_ERROR, "message": f"unreadable, since {why}"}}


def _unreadable(data: bytes) -> bytes:
    return _UNREADABLE + data[:_EXCERPT]


def _written(message: object) -> bytes:
    return _text_of(message).encode("utf-8", "replace")


def _text_of(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def main() -> None:
    """Examine one message."""
    gc.disable()  # nothing here goes in circles, and looking for it in millions of lists takes most of the time
    sys.stdout.buffer.write(examined(sys.stdin.buffer.read()))


if __name__ == "__main__":
    main()
