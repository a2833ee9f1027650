"""A sketch of a plan: its steps as they are found, clause by clause."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pydantic import JsonValue

from batonmcp.llm.bm25 import Index
from batonmcp.llm.clauses import Clause, Tie
from batonmcp.llm.fits import Fit, completed, fits_of, knows
from batonmcp.llm.links import Link, link_of
from batonmcp.llm.tokens import Token, text_of
from batonmcp.llm.wiring import Source

__all__ = ["Sketch", "SketchedStep", "Unplannable"]


class Unplannable(Exception):
    """The query cannot be planned by its keywords; the message says why, and what to write instead."""


@dataclass(slots=True, kw_only=True)
class SketchedStep:
    """One step.

    Attributes:
        id: Its id in the plan.
        fit: Its tool, and the arguments that the query gives.
        tie: What ties it to earlier steps.
        needs: Places of the steps that it depends on.
        link: What it takes from them.
    """

    id: str
    fit: Fit
    tie: Tie
    needs: tuple[int, ...] = ()
    link: Link = field(default_factory=Link)

    def source(self) -> Source:
        """Return the step as a source of data for later ones."""
        words = frozenset(word for token in self.fit.tokens for word in token.stems)
        return Source(step=self.id, result=self.fit.profile.result, many=self.link.for_each is not None, words=words)

    def as_json(self, ids: Sequence[str]) -> dict[str, JsonValue]:
        """Return the step in the plan language."""
        document: dict[str, JsonValue] = {"id": self.id, "tool": self.fit.profile.tool.qualified}
        if self.link.when:
            document["when"] = self.link.when
        if self.link.for_each:
            document["for_each"] = self.link.for_each
        wired: dict[str, JsonValue] = {name: {"$from": source} for name, source in self.link.values.items()}
        document["arguments"] = {**self.fit.filled.arguments, **wired}
        after: list[JsonValue] = [ids[place] for place in self.needs if ids[place] not in self.link.steps]
        if after:
            document["after"] = after
        return document


class Sketch:
    """The steps found so far."""

    def __init__(self, index: Index, tokens: Sequence[Token]) -> None:
        self.steps: list[SketchedStep] = []
        self._index = index
        self._tokens = tokens
        self._latest = 0

    def choose(self, clause: Clause) -> Fit | None:
        """Return the best tool for a clause that can be called with what the query and the earlier steps give."""
        several = any(token.lower in {"each", "every"} for token in clause.tokens)
        for fit in fits_of(clause.tokens, self._index):
            if not fit.filled.missing or self._link(fit, clause.tie).covers(fit.filled.missing):
                return fit
            whole = fit if several else completed(fit, self._tokens, self._index)
            if not whole.filled.missing:
                return whole
            if self._link(fit, clause.tie, anywhere=True).covers(fit.filled.missing):
                return fit
        return None

    def place(self, fit: Fit, clause: Clause) -> None:
        """Make the fit a step, or a part of the one that is already there.

        Raises:
            Unplannable: What it depends on cannot be found out.
        """
        place = self._same(fit, clause)
        if place is not None:
            self._latest = place
            self._merge(self.steps[place], fit)
            return
        before = self.steps[-1].tie if self.steps else Tie()
        tie = clause.tie
        if tie.carried and before.leading:
            tie = replace(tie, condition=before.condition, focus=before.focus, leading=True)
        link = self._link(fit, tie, anywhere=not self._link(fit, tie).covers(fit.filled.missing))
        self._check_condition(fit, tie, link)
        step = SketchedStep(id=f"s{len(self.steps) + 1}", fit=fit, tie=tie, needs=self._needs(tie), link=link)
        self._latest = len(self.steps)
        self.steps.append(step)

    def replace_last(self, fit: Fit) -> None:
        """Give the last step more words."""
        step = self.steps[-1]
        step.fit = fit
        step.link = link_of(fit, step.tie, [self.steps[place].source() for place in step.needs])

    def share_last_values(self) -> None:
        """Give what is said last in a row of things to all of it: `for x` in "a and b for x" belongs to both."""
        for later, earlier in zip(reversed(self.steps), reversed(self.steps[:-1]), strict=False):
            if not (later.tie.loose or later.tie.carried):
                continue
            said = [token.index for token in later.fit.tokens if token.weight or token.kind not in {"word", "mark"}]
            for name, taken in later.fit.filled.taken.items():
                if taken and max(said) in taken:
                    _share(later.fit, earlier, name)

    def document(self) -> dict[str, JsonValue]:
        """Return the plan in the plan language."""
        ids = [step.id for step in self.steps]
        return {"steps": [step.as_json(ids) for step in self.steps]}

    def _needs(self, tie: Tie) -> tuple[int, ...]:
        """Return the places of the steps that a clause depends on, the one it speaks of first."""
        if not self.steps:
            return ()
        if tie.carried:
            return self.steps[-1].needs
        needed = {place for step in self.steps for place in step.needs}
        ends = [place for place in reversed(range(len(self.steps))) if place not in needed]
        places = [self._latest] if tie.back_bound else []
        return tuple(dict.fromkeys([*places, *(ends if tie.order else [])]))

    def _link(self, fit: Fit, tie: Tie, *, anywhere: bool = False) -> Link:
        """Link a fit to the steps that it depends on; `anywhere` means to any, if these have nothing for it."""
        places = list(self._needs(tie))
        if anywhere or (places and tie.back_bound):
            found = link_of(fit, tie, [self.steps[place].source() for place in places])
            if found.values or (not anywhere and not fit.filled.missing and tie.condition):
                return found
            places += [place for place in reversed(range(len(self.steps))) if place not in places]
        return link_of(fit, tie, [self.steps[place].source() for place in places])

    def _same(self, fit: Fit, clause: Clause) -> int | None:
        """Return the step that calls the same tool and may as well stand for this clause."""
        places = range(len(self.steps)) if clause.basis else range(max(0, len(self.steps) - 1), len(self.steps))
        for place in places:
            other = self.steps[place].fit
            mine, theirs = fit.filled.arguments, other.filled.arguments
            agree = all(theirs[name] == value for name, value in mine.items() if name in theirs)
            reads = fit.profile.tool.effect.kind == "read"
            if other.profile is fit.profile and agree and (reads or not clause.tie.order) and not fit.filled.missing:
                return place
        return None

    def _merge(self, step: SketchedStep, fit: Fit) -> None:
        mine, other = step.fit.filled, fit.filled
        filled = replace(mine, arguments={**mine.arguments, **other.arguments}, taken={**mine.taken, **other.taken})
        step.fit = replace(
            step.fit, filled=filled, tokens=(*step.fit.tokens, *fit.tokens), unused=(*step.fit.unused, *fit.unused)
        )

    def _check_condition(self, fit: Fit, tie: Tie, link: Link) -> None:
        """Refuse a condition that the plan could not hold to.

        Raises:
            Unplannable: So it is.
        """
        if tie.condition is None:
            return
        said = text_of(tie.focus) or "any"
        reads = fit.profile.tool.effect.kind == "read"
        if not self.steps:
            if reads and not tie.focus and not tie.leading:
                return
            message = f"No tool tells whether the condition {said!r} holds: say first what to look at, then what to do."
            raise Unplannable(message)
        counted = any(token.kind == "number" for token in tie.focus)
        words = [token for token in tie.focus if token.weight == 1]
        unknown = [token for token in words if not knows(self.steps[self._latest].fit.profile, token, self._index)]
        if counted or unknown or (not reads and link.when in {None, self.steps[self._latest].id}):
            tool = self.steps[self._latest].fit.profile.tool.qualified
            message = f"A keyword match cannot tell from the result of {tool} whether {said!r} holds."
            raise Unplannable(message)


def _share(fit: Fit, step: SketchedStep, name: str) -> None:
    """Give a step the value of a parameter that another tool has under the same name, if it is still open."""
    filled = step.fit.filled
    takes = any(parameter.name == name for parameter in step.fit.profile.parameters)
    if not takes or name in filled.arguments or name in step.link.values:
        return
    arguments = {**filled.arguments, name: fit.filled.arguments[name]}
    if not step.fit.profile.tool.input_schema.violations(arguments):
        step.fit = replace(step.fit, filled=replace(filled, arguments=arguments))
