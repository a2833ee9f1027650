"""What a step waits for: the data it takes, the order it asks for, and the order of writes."""

from collections.abc import Collection

from batonmcp.core.plan import Step, Wait, Why
from batonmcp.core.tool import Tool

__all__ = ["Earlier"]


class Earlier:
    """The steps of a plan up to some place, by id and by server."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        self._on_server: dict[str, list[Step]] = {}
        self._may_write: dict[str, list[Step]] = {}

    def add(self, step: Step) -> None:
        """Take the next step."""
        self._places[step.id] = len(self._places)
        self._on_server.setdefault(step.tool.server, []).append(step)
        if step.tool.effect.kind != "read":
            self._may_write.setdefault(step.tool.server, []).append(step)

    def waits(
        self, tool: Tool, *, data: Collection[str], after: Collection[str], independent: bool
    ) -> tuple[Wait, ...]:
        """Return what a step with this tool waits for, in plan order; of several reasons the first of `Why` counts.

        A step that may write is a barrier among the steps of its server, in plan order. `independent` lifts that
        between two steps unless one of them is destructive.
        """
        found: dict[str, Why] = {}
        among = self._may_write if tool.effect.kind == "read" else self._on_server
        for step in among.get(tool.server, ()):
            destructive = "destructive" in {step.tool.effect.kind, tool.effect.kind}
            if destructive or not (independent or step.independent):
                found[step.id] = "write order"
        found.update((name, "after") for name in after if name in self._places)
        found.update((name, "data") for name in data if name in self._places)
        return tuple(Wait(step=name, why=found[name]) for name in sorted(found, key=self._places.__getitem__))
