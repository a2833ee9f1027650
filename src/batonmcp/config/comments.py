"""Comments and trailing commas in JSON, as VS Code and Cursor let people write them."""

import re

__all__ = ["without_comments"]

_STRING = r'"[^"\\\r\n]*(?:\\.[^"\\\r\n]*)*"?'
_COMMENT = re.compile(rf"{_STRING}|(?P<comment>//[^\r\n]*|/\*.*?\*/)|/\*.*\Z", re.DOTALL)
_COMMA = re.compile(rf"{_STRING}|[\[{{,:]\s*,|(?P<comma>,)(?=\s*[\]}}])")
_INK = re.compile(r"[^\r\n]")


def without_comments(text: str) -> str:
    """Return a JSON text with its comments and trailing commas as spaces: what remains keeps its line and column.

    Nothing inside a string is touched. A comma that follows no value, as in `[,]`, stays and is an error.
    """
    return _COMMA.sub(_without_comma, _COMMENT.sub(_without_comment, text))


def _without_comment(found: re.Match[str]) -> str:
    return _INK.sub(" ", found["comment"]) if found["comment"] else found[0]


def _without_comma(found: re.Match[str]) -> str:
    return " " if found["comma"] else found[0]
