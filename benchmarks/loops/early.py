"""Early start: what it saves that a step which only reads begins while its plan is still being written."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from page import met, table

from doubles.fake_llm import FREE, Charges, FakeLLM
from loops.baton import open_baton
from loops.charges import counted
from loops.model import Model
from loops.questions import SLOW_FIRST
from loops.servers import Command, commands, write_config

__all__ = ["Gain", "measure_early"]

_TOLERANCE_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """A plan whose slow call comes first.

    Attributes:
        tool_s: How long the slow call takes.
        waiting: Seconds until the answer where nothing begins early.
        early: And where it does.
        to_come: Seconds that the model still writes at the plan when it has written the slow call.
    """

    tool_s: float
    waiting: tuple[float, ...]
    early: tuple[float, ...]
    to_come: float

    @property
    def gain(self) -> float:
        """How much sooner the answer was there, in seconds."""
        return median(self.waiting) - median(self.early)

    def as_markdown(self) -> str:
        """Return a table of it."""
        expected = min(self.to_come, self.tool_s)
        heads = (
            "a slow call first",
            "waits, wall s",
            "early, wall s",
            "sooner by s",
            "the plan still to come s",
            "met",
        )
        cells = (f"{median(self.waiting):.2f}", f"{median(self.early):.2f}", f"{self.gain:.2f}", f"{self.to_come:.2f}")
        row = (f"{self.tool_s:g} s", *cells, met(met=self.gain >= expected - _TOLERANCE_S))
        return table(heads, [row])


async def measure_early(charges: Charges, *, runs: int, tool_s: float) -> Gain:
    """Answer one question with and without early start."""
    model = Model([SLOW_FIRST])
    servers = commands(SLOW_FIRST.servers, crowded=False, tool_s=tool_s)
    with TemporaryDirectory() as folder, FakeLLM(model) as llm:
        waiting = await _times(llm, Path(folder), servers, charges, runs, early_start=False)
        early = await _times(llm, Path(folder), servers, charges, runs, early_start=True)
    return Gain(tool_s=tool_s, waiting=waiting, early=early, to_come=_to_come(charges))


async def _times(  # noqa: PLR0913 - all of it is a measurement
    llm: FakeLLM, folder: Path, servers: Mapping[str, Command], charges: Charges, runs: int, *, early_start: bool
) -> tuple[float, ...]:
    config = write_config(folder, servers, early_start=early_start)
    async with open_baton(config, llm.base_url) as baton:
        llm.charges = FREE
        await baton.ask(SLOW_FIRST.query)
        llm.charges = charges
        return tuple([(await baton.ask(SLOW_FIRST.query)).seconds for _ in range(runs)])


def _to_come(charges: Charges) -> float:
    """Return how long the model writes at the calls behind the first."""
    behind = SLOW_FIRST.stages[0].calls([])[1:]
    tokens = counted(part for name, arguments in behind for part in (name, str(arguments)))

    return tokens * charges.seconds_per_completion_token
