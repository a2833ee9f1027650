"""Commands that start batonmcp itself."""

import re
import shlex
import sys
import sysconfig
from collections.abc import Sequence
from itertools import groupby, pairwise
from pathlib import Path

__all__ = ["is_batonmcp", "our_program", "starts_batonmcp"]

_NAME = "batonmcp"
_PYTHON = re.compile(r"(?:python|pypy)w?[\d.]*|py")
_SHELLS = frozenset({"ash", "bash", "dash", "ksh", "sh", "zsh"})
_LAUNCHERS = {
    "cmd": frozenset({"/c"}),
    "env": frozenset[str](),
    "exec": frozenset[str](),
    "nohup": frozenset[str](),
    "pipx": frozenset({"run"}),
    "setsid": frozenset[str](),
    "uv": frozenset({"run", "tool", "x"}),
    "uvx": frozenset[str](),
}
"""Programs that start the one their arguments name, and the words that may stand before it."""

_WITH_VALUE = frozenset(
    {"-C", "-S", "-p", "-u", "-w", "--config-file", "--default-index", "--directory", "--env-file", "--extra", "--from"}
    | {"--group", "--index", "--index-url", "--pip-args", "--project", "--python", "--spec", "--unset", "--with"}
    | {"--with-editable", "--with-requirements"}
)
"""Options of launchers that are followed by a value."""

_DEEPEST = 5


def our_program() -> Sequence[str]:
    """Return the absolute command that starts batonmcp: the program beside the running Python, else that Python."""
    name = "batonmcp.exe" if sys.platform == "win32" else "batonmcp"
    program = Path(sysconfig.get_path("scripts")) / name
    if program.is_file():
        return [str(program.absolute())]
    return [str(Path(sys.executable).absolute()), "-m", "batonmcp"]


def is_batonmcp(argv: Sequence[str]) -> bool:
    """Whether a process with these arguments is batonmcp: the program, or Python with the module or the program."""
    if not argv:
        return False
    program = _program(argv[0])
    return program == _NAME or (bool(_PYTHON.fullmatch(program)) and _python_runs_it(argv[1:]))


def starts_batonmcp(argv: Sequence[str], *, depth: int = 0) -> bool:
    """Whether a command starts batonmcp, also through uvx, uv, pipx, env or a shell, as far as that is plain to see."""
    if not argv or depth == _DEEPEST:
        return False
    program, rest = _program(argv[0]), list(argv[1:])
    if is_batonmcp(argv):
        return True
    if program in _SHELLS:
        return any(starts_batonmcp(command, depth=depth + 1) for command in _commands(rest))
    if program in _LAUNCHERS:
        return starts_batonmcp(_launched(rest, _LAUNCHERS[program]), depth=depth + 1)
    return False


def _program(word: str) -> str:
    """Return the bare name of a program: no folder, no `.exe`, no version as in `batonmcp@latest`."""
    name = re.split(r"[/\\]", word)[-1].lower().removesuffix(".exe")
    return re.split(r"[@=<>~!\[]", name)[0]


def _python_runs_it(arguments: Sequence[str]) -> bool:
    words = iter(arguments)
    for word in words:
        if word in {"-X", "-W"}:
            next(words, None)
        elif word == "-m":
            return next(words, "") in {_NAME, f"{_NAME}.__main__"}
        elif not word.startswith("-"):
            return _program(word) == _NAME or bool(re.search(rf"[/\\]{_NAME}[/\\]__main__\.py$", word))
    return False


def _launched(arguments: Sequence[str], before: frozenset[str]) -> list[str]:
    """Return the command among a launcher's arguments."""
    at = 0
    while at < len(arguments):
        word = arguments[at]
        if word in {"-m", "--module"}:
            return ["python", "-m", *arguments[at + 1 :]]
        if word in _WITH_VALUE:
            at += 2
        elif word.startswith("-") or word.lower() in before or re.match(r"[A-Za-z_]\w*=", word):
            at += 1
        else:
            return list(arguments[at:])
    return []


def _commands(arguments: Sequence[str]) -> list[list[str]]:
    """Return the commands of a shell's `-c` text."""
    for option, text in pairwise(arguments):
        if re.fullmatch(r"-[a-z]*c", option):
            lexer = shlex.shlex(text.replace("\n", ";"), posix=True, punctuation_chars=True)
            lexer.whitespace_split = True
            try:
                words = list(lexer)
            except ValueError:  # a quote that does not close
                return []
            parts = groupby(words, key=lambda word: set(word) <= set("();<>|&"))
            return [_launched(list(part), frozenset({"exec"})) for between, part in parts if not between]
    return []
