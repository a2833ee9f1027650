"""Files of variables, as `NAME=value` lines."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Dotenv", "DotenvError", "DotenvMissing", "assignment", "open_dotenv", "read_dotenv"]

_MAX_BYTES = 1_000_000

_ASSIGNMENT = re.compile(
    r"""
    [ \t]* (?: export [ \t]+ )? (?P<name> [A-Za-z_] [\w.-]* ) [ \t]* =
    (?: [ \t]* (?: '(?P<verbatim> [^']* )' | "(?P<quoted> (?: [^"\\] | \\. )* )" ) [ \t]* (?: \# [^\n]* )?
      | (?P<plain> (?! [ \t]* ['"] ) [^\n]* ) )
    (?: \n | \Z )
    """,
    re.VERBOSE | re.ASCII | re.DOTALL,
)
_NOTHING = re.compile(r"[ \t]*(?:#[^\n]*)?(?:\n|\Z)")
_REMARK = re.compile(r"[ \t]#")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_SIMPLE = re.compile(r"[\w./+=:@%,~-]+", re.ASCII)
_TO_ESCAPE = re.compile(r'["\\\r]')
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}


@dataclass(frozen=True, slots=True)
class Dotenv:
    """What a file of variables holds.

    Attributes:
        values: The variables. Secret.
        wrong: The numbers of its lines that are no assignment.
    """

    values: Mapping[str, str] = field(repr=False)
    wrong: tuple[int, ...]


class DotenvError(Exception):
    """A file of variables cannot be read; the message is the end of the sentence that begins with its path."""


class DotenvMissing(DotenvError):
    """There is no such file."""


def open_dotenv(path: Path) -> Dotenv:
    """Read a file of variables.

    Raises:
        DotenvError: It cannot be read, or is no such file.
    """
    try:
        with path.open("rb") as file:
            text = file.read(_MAX_BYTES).decode()
    except (FileNotFoundError, NotADirectoryError):
        message = "does not exist"
        raise DotenvMissing(message) from None
    except OSError as error:
        message = f"cannot be read ({error.strerror})"
        raise DotenvError(message) from None
    except ValueError:  # its bytes are no text, or its path can be none
        message = "is not UTF-8 text"
        raise DotenvError(message) from None
    return read_dotenv(text)


def read_dotenv(text: str) -> Dotenv:
    r"""Read `NAME=value` lines, with `export` before them, comments after a space, and quotes around several lines.

    In double quotes, `\n` and its like are escapes; in single quotes nothing is. Values name no other variables.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    values: dict[str, str] = {}
    wrong: list[int] = []
    at, line = 0, 1
    while at < len(text):
        if found := _NOTHING.match(text, at):
            pass
        elif found := _ASSIGNMENT.match(text, at):
            values[found["name"]] = _value(found)
        else:
            wrong.append(line)
        end = found.end() if found else text.find("\n", at) + 1 or len(text)
        line += text.count("\n", at, end)
        at = end
    return Dotenv(values, tuple(wrong))


def _value(found: re.Match[str]) -> str:
    if found["quoted"] is not None:
        return _ESCAPE.sub(lambda escape: _ESCAPED.get(escape[1], escape[1]), found["quoted"])
    if found["verbatim"] is not None:
        return found["verbatim"]
    return _REMARK.split(found["plain"], maxsplit=1)[0].strip()


def assignment(name: str, value: str) -> str:
    """Return the line that gives a variable this value, with quotes where it needs them."""
    if _SIMPLE.fullmatch(value):
        return f"{name}={value}"
    if not re.search(r"['\r]", value):
        return f"{name}='{value}'"
    escaped = _TO_ESCAPE.sub(lambda found: "\\r" if found[0] == "\r" else f"\\{found[0]}", value)
    return f'{name}="{escaped}"'
