"""Entries of servers.json for `evil_more` and `ledger`."""

from pathlib import Path
from typing import Any

from batonmcp.config.settings import ServerSettings, StdioServer
from doubles import evil_more
from doubles import ledger as ledgers
from doubles.ledger import Ledger
from doubles.processes import TOKEN_VARIABLE

__all__ = ["evil_more_server", "ledger_server"]

_TESTS = str(Path(__file__).parent.parent)


def evil_more_server(
    mode: str,
    token: str,
    *,
    name: str = "",
    state: Path | None = None,
    gate: Path | None = None,
    size: int | None = None,
    **more: Any,  # noqa: ANN401 - what else an entry says
) -> ServerSettings:
    """Return the entry of a hostile server, which is called by its mode unless it has a name."""
    return _entry(name or mode, evil_more.argv(mode, state=state, gate=gate, size=size), token, **more)


def ledger_server(path: Path, token: str, *, name: str = "ledger", **more: Any) -> tuple[ServerSettings, Ledger]:  # noqa: ANN401 - what else an entry says
    """Return the entry of a server that writes down its side effects, and what it wrote."""
    return _entry(name, ledgers.argv(path), token, **more), Ledger(path)


def _entry(name: str, argv: list[str], token: str, **more: Any) -> ServerSettings:  # noqa: ANN401 - see above
    environment = {TOKEN_VARIABLE: token, "PYTHONPATH": _TESTS}
    transport = StdioServer(command=argv[0], args=tuple(argv[1:]), env=environment)
    return ServerSettings(name=name, transport=transport, **more)
