"""The phases of a connection: on the way up, up, idle, down."""

from dataclasses import dataclass
from typing import TypeAlias

import anyio
from anyio.abc import TaskGroup
from mcp import Client

from batonmcp.downstream.trouble import Evidence

__all__ = ["Connecting", "Down", "Idle", "Phase", "Up"]


@dataclass(frozen=True, slots=True)
class Up:
    """Connected. Calls run in `calls`; setting `over` ends it."""

    client: Client
    calls: TaskGroup
    evidence: Evidence
    over: anyio.Event


@dataclass(frozen=True, slots=True)
class Connecting:
    """On the way up: for the first time, or again, then with why it went once that is known."""

    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class Idle:
    """Stopped because nobody used it; the next call starts it."""


@dataclass(frozen=True, slots=True)
class Down:
    """Not to be reached, and tried again after a while; or not usable at all."""

    trouble: str


Phase: TypeAlias = Up | Connecting | Idle | Down
