"""What a step waits for: the data it takes, the order it asks for, and the order of writes."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from batonmcp.core.plan import Step, Wait, Why
from batonmcp.core.tool import Tool

__all__ = ["Earlier"]


@dataclass(slots=True)
class _Server:
    """The steps of one server that a later one may have to wait for itself: those before them, they wait for.

    Attributes:
        barrier: The last step that may write.
        reads: The reads since then.
        destructive: The last destructive step.
        independent: The steps since then that keep no order with others but the destructive ones.
    """

    barrier: list[Step] = field(default_factory=list[Step])
    reads: list[Step] = field(default_factory=list[Step])
    destructive: list[Step] = field(default_factory=list[Step])
    independent: list[Step] = field(default_factory=list[Step])

    def before(self, tool: Tool, *, independent: bool) -> Sequence[Step]:
        """Return the steps whose order with a next one, of this tool, has to be kept."""
        match tool.effect.kind:
            case "destructive":
                return [*self.barrier, *self.reads, *self.independent]
            case _ if independent:
                return self.destructive
            case "read":
                return self.barrier
            case "write":
                return [*self.barrier, *self.reads]

    def add(self, step: Step) -> None:
        """Take the next step."""
        match step.tool.effect.kind:
            case "destructive":
                self.barrier, self.reads, self.destructive, self.independent = [step], [], [step], []
            case _ if step.independent:
                self.independent.append(step)
            case "read":
                self.reads.append(step)
            case "write":
                self.barrier, self.reads = [step], []


class Earlier:
    """The steps of a plan up to some place, by id and by server."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        self._servers: defaultdict[str, _Server] = defaultdict(_Server)

    def add(self, step: Step) -> None:
        """Take the next step."""
        self._places[step.id] = len(self._places)
        self._servers[step.tool.server].add(step)

    def waits(
        self, tool: Tool, *, data: Collection[str], after: Collection[str], independent: bool
    ) -> tuple[Wait, ...]:
        """Return what a step with this tool waits for, in plan order; of several reasons the first of `Why` counts.

        A step that may write is a barrier among the steps of its server, in plan order. `independent` lifts that
        between two steps unless one of them is destructive. What stands before a barrier is not named again behind it.
        """
        found: dict[str, Why] = {}
        for step in self._servers[tool.server].before(tool, independent=independent):
            found[step.id] = "write order"
        found.update((name, "after") for name in after if name in self._places)
        found.update((name, "data") for name in data if name in self._places)
        return tuple(Wait(step=name, why=found[name]) for name in sorted(found, key=self._places.__getitem__))
