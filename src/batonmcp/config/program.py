"""The program that an entry of servers.json starts."""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from batonmcp.config.document import ServerEntry
from batonmcp.config.dotenv import DotenvError, open_dotenv
from batonmcp.config.itself import starts_batonmcp
from batonmcp.config.permissions import everybody_may_write
from batonmcp.config.settings import StdioServer
from batonmcp.config.surroundings import Surroundings, Unusable

__all__ = ["env_file_of", "program"]


def env_file_of(read: ServerEntry, around: Surroundings) -> Path | None:
    """Return the path of the entry's file of variables, which starts from the configuration's folder.

    Raises:
        Unusable: It can be no path.
    """
    if read.env_file is None or read.command is None:
        return None
    path = around.path.absolute().parent / _expanded(around.variables.fill(read.env_file))
    if not _passable(str(path)):
        reason = ".envFile is no path"
        raise Unusable(reason)
    return path


def program(read: ServerEntry, env_file: Path | None, around: Surroundings) -> StdioServer:
    """Return how the program of an entry is started. Nothing is expanded but references and the tilde of its folder.

    Raises:
        Unusable: It cannot be, or must not be.
    """
    if around.exposed:
        reason = f" would start a program, and everybody may change the file. First: chmod o-w {around.path}"
        raise Unusable(reason)
    fill = around.variables.fill
    server = StdioServer(
        command=fill(read.command or ""),
        args=tuple(map(fill, read.args)),
        env={**_from_file(env_file), **{key: fill(text) for key, text in read.env.items()}},
        cwd=None if read.cwd is None else str(_expanded(fill(read.cwd))),
    )
    if starts_batonmcp([server.command, *server.args]):
        reason = " starts batonmcp itself, which would never end. Remove the entry"
        raise Unusable(reason)
    _check_passable(server)
    return server


def _check_passable(server: StdioServer) -> None:
    """Refuse texts that no program can be started with."""
    texts = [("command", server.command), ("cwd", server.cwd or "")]
    texts += [(f"args.{index}", text) for index, text in enumerate(server.args)]
    texts += [(f"env.{name}", f"{name}{value}") for name, value in server.env.items()]
    for place, text in texts:
        if not _passable(text):
            reason = f".{place} holds a character that cannot be passed to a program"
            raise Unusable(reason)
    if not server.command.strip():
        reason = ".command is empty"
        raise Unusable(reason)
    for name in server.env:
        if not name or "=" in name:
            reason = f".env has the name {name!r}, which no variable can have"
            raise Unusable(reason)


def _passable(text: str) -> bool:
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:  # half of a surrogate pair
        return False


def _from_file(path: Path | None) -> Mapping[str, str]:
    if path is None:
        return {}
    try:
        found = open_dotenv(path)
    except DotenvError as error:
        reason = f".envFile names {path}, which {error}"
        raise Unusable(reason) from None
    if found.wrong:
        reason = f".envFile names {path}, whose line {found.wrong[0]} is not NAME=value"
        raise Unusable(reason)
    if everybody_may_write(path):
        reason = f".envFile names {path}, which everybody may change. First: chmod o-w {path}"
        raise Unusable(reason)
    return found.values


def _expanded(text: str) -> Path:
    """Return a path in which a leading tilde has become the folder that it stands for, if there is one."""
    with suppress(RuntimeError):
        return Path(text).expanduser()
    return Path(text)
