"""Other libraries' agents, each in a process of its own that speaks to the same endpoint and the same servers."""

import json
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from subprocess import PIPE
from typing import Any, TextIO

import anyio
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from loops.plain import MODEL, SYSTEM
from loops.servers import Command
from loops.told import Told, Way

__all__ = ["INSTALL", "PEERS", "Peer", "PeerUnusable", "open_peer"]

_FOLDER = Path(__file__).parent
_ROOT = _FOLDER.parents[1]
_APART = _ROOT / ".peers"
_MOST_S = 120.0
_LINE = 1_000_000

INSTALL = (
    "pip install -e '.[peers]' && python -m venv .peers && .peers/bin/pip install 'mcp-agent[openai]==0.2.6' 'mcp<2'"
)
"""The line that installs the peers, run in the root of the repository."""


_SILENT = f"it said nothing for {_MOST_S:g} s"
_NOT_INSTALLED = "it is not installed, see the line above"


class PeerUnusable(Exception):
    """A peer does not start here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A library.

    Attributes:
        name: How tables name it.
        script: The program that is its process, beside this file.
        python: The interpreter that has it.
    """

    name: str
    script: str
    python: str = sys.executable


PEERS = (
    Peer(name="pydantic-ai", script="peer_pydantic_ai.py"),
    Peer(name="openai-agents", script="peer_openai_agents.py"),
    Peer(name="mcp-agent's orchestrator", script="peer_mcp_agent.py", python=str(_APART / "bin" / "python")),
)


@asynccontextmanager
async def open_peer(
    peer: Peer, servers: Mapping[str, Command], base_url: str, errors: TextIO
) -> AsyncGenerator["_Running"]:
    """Start a peer with its servers.

    Args:
        peer: Which.
        servers: The command of each.
        base_url: Of the endpoint.
        errors: Where it complains; a file that can be read.

    Raises:
        PeerUnusable: It is not installed, or does not start.
    """
    if not await anyio.Path(peer.python).exists():
        raise PeerUnusable(_NOT_INSTALLED)
    since = (await anyio.Path(errors.name).stat()).st_size
    async with await anyio.open_process(
        [peer.python, str(_FOLDER / peer.script)], stdin=PIPE, stdout=PIPE, stderr=errors, cwd=_ROOT
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise AssertionError
        running = _Running(process, BufferedByteReceiveStream(process.stdout), partial(_complaint, errors, since))
        setting = {"base_url": base_url, "model": MODEL, "system": SYSTEM, "servers": {**servers}}
        await running.exchange(setting)
        yield running
        await process.stdin.aclose()
        with anyio.move_on_after(_MOST_S):
            await process.wait()


@dataclass(frozen=True, slots=True)
class _Running(Way):
    process: Process
    output: BufferedByteReceiveStream
    complaint: Callable[[], str]

    async def ask(self, query: str) -> Told:
        """Answer a question."""
        reply = await self.exchange({"query": query})
        return Told(answer=reply["answer"], seconds=reply["seconds"])

    async def exchange(self, line: object) -> dict[str, Any]:
        """Say a line and return the next one.

        Raises:
            PeerUnusable: It ended, or says nothing.
        """
        if self.process.stdin is None:
            raise AssertionError
        try:
            with anyio.fail_after(_MOST_S):
                await self.process.stdin.send(json.dumps(line).encode() + b"\n")
                return json.loads(await self.output.receive_until(b"\n", _LINE))
        except (anyio.IncompleteRead, anyio.BrokenResourceError):
            raise PeerUnusable(self.complaint()) from None
        except TimeoutError:
            raise PeerUnusable(_SILENT) from None


def _complaint(errors: TextIO, since: int) -> str:
    """Return the last line that was written to a file since its end was there."""
    lines = Path(errors.name).read_bytes()[since:].decode("utf-8", "replace").strip().splitlines()
    return f"it ended: {lines[-1]}" if lines else "it ended without a word"
