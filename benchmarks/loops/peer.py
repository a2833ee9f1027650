"""The process of a peer: another library's agent, asked over its standard streams. Standard library only.

First comes a line of JSON that tells the endpoint, the instructions and the servers; once these are connected the peer
says `{"ready": ...}`. From then on each line is a question, and each answer a line with the seconds it took.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from importlib.metadata import version

__all__ = ["Ask", "Setting", "serve"]

Ask = Callable[[str], Awaitable[str]]
"""Answers a question."""


@dataclass(frozen=True)
class Setting:
    """What a peer is to work with.

    Attributes:
        base_url: Of the endpoint.
        model: Its model.
        system: The agent's instructions.
        servers: The command of each server, by name.
    """

    base_url: str
    model: str
    system: str
    servers: dict[str, list[str]]


def serve(distribution: str, opened: Callable[[Setting], AbstractAsyncContextManager[Ask]]) -> None:
    """Be a peer until standard input ends.

    Args:
        distribution: The peer's package.
        opened: Connects the agent to its servers.
    """
    told = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever the library prints is no answer
    asyncio.run(_serve(distribution, opened, lambda line: print(json.dumps(line), file=told, flush=True)))


async def _serve(
    distribution: str,
    opened: Callable[[Setting], AbstractAsyncContextManager[Ask]],
    tell: Callable[[object], None],
) -> None:
    setting = Setting(**json.loads(await _line()))
    async with opened(setting) as ask:
        tell({"ready": f"{distribution} {version(distribution)}"})
        while line := await _line():
            began = time.perf_counter()
            answer = await ask(json.loads(line)["query"])
            tell({"answer": answer, "seconds": time.perf_counter() - began})


async def _line() -> str:
    return await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
