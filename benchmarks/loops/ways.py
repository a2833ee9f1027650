"""All ways to answer a question over some servers."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO, TypeAlias

from batonmcp.stages.task import Output
from loops.baton import environment, open_baton
from loops.peers import PEERS, Peer, open_peer
from loops.plain import open_loop
from loops.servers import Command, batonmcp, write_config
from loops.told import Way

__all__ = ["BATON", "CACHED", "HOST", "HOST_CACHED", "HOST_DATA", "LOOP", "OURS", "PARALLEL", "Entry", "Opened", "ways"]

LOOP, PARALLEL = "loop, one tool a turn", "loop, parallel tool calls"
BATON, CACHED = "batonmcp", "batonmcp, cached route"
HOST, HOST_DATA, HOST_CACHED = "loop with batonmcp", "the same, asks for data", "the same, data, cached route"
OURS = (BATON, CACHED, HOST, HOST_DATA, HOST_CACHED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A way that its servers are connected to.

    Attributes:
        name: How tables name it.
        way: It.
        output: What a host's model asks batonmcp for.
        planner: Who is to make batonmcp's plan; None without batonmcp.
    """

    name: str
    way: Way
    output: Output = "answer"
    planner: str | None = None


Opened: TypeAlias = AbstractAsyncContextManager[Sequence[Entry]]
"""Ways that share their processes."""


@dataclass(frozen=True, slots=True)
class _Opener:
    servers: Mapping[str, Command]
    base_url: str
    errors: TextIO

    @asynccontextmanager
    async def loop(self) -> AsyncGenerator[Sequence[Entry]]:
        async with open_loop(self.servers, self.base_url, errors=self.errors) as loop:
            yield Entry(name=LOOP, way=replace(loop, parallel=False)), Entry(name=PARALLEL, way=loop)

    @asynccontextmanager
    async def peer(self, peer: Peer) -> AsyncGenerator[Sequence[Entry]]:
        async with open_peer(peer, self.servers, self.base_url, self.errors) as way:
            yield [Entry(name=peer.name, way=way)]

    @asynccontextmanager
    async def baton(self, config: Path, name: str, planner: str) -> AsyncGenerator[Sequence[Entry]]:
        async with open_baton(config, self.base_url) as way:
            yield [Entry(name=name, way=way, planner=planner)]

    @asynccontextmanager
    async def host(self, config: Path, names: Mapping[str, Output], planner: str) -> AsyncGenerator[Sequence[Entry]]:
        inside, env = {"batonmcp": batonmcp(config)}, environment(self.base_url)
        async with open_loop(inside, self.base_url, errors=self.errors, env=env) as loop:
            yield [Entry(name=name, way=loop, output=output, planner=planner) for name, output in names.items()]


def ways(servers: Mapping[str, Command], base_url: str, folder: Path, errors: TextIO) -> dict[str, Opened]:
    """Return all ways over these servers, by the name of the first of those that share their processes.

    Args:
        servers: The command of each.
        base_url: Of the endpoint.
        folder: For the configurations.
        errors: Where processes complain; a file that can be read.
    """
    forgets = write_config(folder, servers)
    remembers = write_config(folder, servers, route_cache=True)
    opener = _Opener(servers, base_url, errors)
    return {
        LOOP: opener.loop(),
        **{peer.name: opener.peer(peer) for peer in PEERS},
        BATON: opener.baton(forgets, BATON, "llm"),
        CACHED: opener.baton(remembers, CACHED, "cache"),
        HOST: opener.host(forgets, {HOST: "answer", HOST_DATA: "data"}, "llm"),
        HOST_CACHED: opener.host(remembers, {HOST_CACHED: "data"}, "cache"),
    }
