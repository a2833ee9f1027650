"""What is behind the server that hosts see: it does the work."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from batonmcp.core.attachment import Contents
from batonmcp.core.outcome import Failed
from batonmcp.core.record import RunRecord
from batonmcp.core.registry import Registry
from batonmcp.stages.audience import Audience
from batonmcp.stages.task import Task
from batonmcp.store.approvals import Approvals

__all__ = ["Backend", "OpenBackend"]


class Backend(Protocol):
    """Does what hosts ask for."""

    @property
    def approvals(self) -> Approvals:
        """The questions to people that all processes see."""
        ...

    async def run(self, task: Task, audience: Audience) -> RunRecord:
        """Run a task for whoever wants it."""
        ...

    async def kept(self, run_id: str) -> Mapping[str, Any] | None:
        """Return what the store has of a run."""
        ...

    async def read_resource(self, server: str, uri: str) -> Sequence[Contents] | Failed:
        """Have a server read one of its resources."""
        ...

    async def agents(self, *, other_than: Registry | None = None) -> Registry:
        """Return what is known of the servers, once it is something else than this."""
        ...


OpenBackend = Callable[[], AbstractAsyncContextManager[Backend]]
"""Opens the backend. Importing and connecting happen inside, so a host's first request need not wait for them."""
