"""A sketch of a plan: its steps as they are found, clause by clause."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pydantic import JsonValue

from batonmcp.llm.lexical.bm25 import Index
from batonmcp.llm.lexical.clauses import Clause, Tie
from batonmcp.llm.lexical.fits import Fit, completed, fits_of, knows
from batonmcp.llm.lexical.links import Link, link_of
from batonmcp.llm.lexical.tokens import Token, text_of
from batonmcp.llm.lexical.verbs import is_reading, reads
from batonmcp.llm.lexical.wiring import Source

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
        needs = self._needs(clause.tie)
        several = any(token.lower in {"each", "every"} for token in clause.tokens)
        for fit in fits_of(clause.tokens, self._index):
            if not fit.filled.missing or self._link(fit, clause.tie, needs).covers(fit.filled.missing):
                return fit
            if not reads(fit.profile):
                continue
            whole = fit if several else completed(fit, self._tokens, self._index)
            if not whole.filled.missing:
                return whole
            if self._link(fit, clause.tie, needs, anywhere=True).covers(fit.filled.missing):
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
        needs = self._needs(tie)
        link = self._linked(fit, tie, needs)
        self._check_condition(fit, tie, link, needs)
        step = SketchedStep(id=f"s{len(self.steps) + 1}", fit=fit, tie=tie, needs=needs, link=link)
        self._latest = len(self.steps)
        self.steps.append(step)

    def replace_last(self, fit: Fit) -> None:
        """Put another fit in the place of the last step's."""
        step = self.steps.pop()
        step.fit = fit
        step.link = self._linked(fit, step.tie, step.needs)
        self.steps.append(step)

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

    def _linked(self, fit: Fit, tie: Tie, needs: Sequence[int]) -> Link:
        """Link a fit to the steps that it depends on, or to any if these do not have what it lacks."""
        link = self._link(fit, tie, needs)
        if link.covers(fit.filled.missing) or not reads(fit.profile):
            return link
        return self._link(fit, tie, needs, anywhere=True)

    def _link(self, fit: Fit, tie: Tie, needs: Sequence[int], *, anywhere: bool = False) -> Link:
        link = link_of(fit, tie, [self.steps[place].source() for place in needs])
        speaks_of_others = tie.back_bound and tie.condition is None and bool(needs)
        if link.values or not (anywhere or speaks_of_others):
            return link
        others = (place for place in reversed(range(len(self.steps))) if place not in needs)
        return link_of(fit, tie, [self.steps[place].source() for place in (*needs, *others)])

    def _same(self, fit: Fit, clause: Clause) -> int | None:
        """Return the step that calls the same tool and may as well stand for this clause."""
        places = range(len(self.steps)) if clause.basis else range(max(0, len(self.steps) - 1), len(self.steps))
        for place in places:
            other = self.steps[place].fit
            mine, theirs = fit.filled.arguments, other.filled.arguments
            agree = all(theirs[name] == value for name, value in mine.items() if name in theirs)
            repeats = clause.tie.order and not reads(fit.profile)
            if other.profile is fit.profile and agree and not repeats and not fit.filled.missing:
                return place
        return None

    def _merge(self, step: SketchedStep, fit: Fit) -> None:
        mine, other = step.fit.filled, fit.filled
        filled = replace(mine, arguments={**mine.arguments, **other.arguments}, taken={**mine.taken, **other.taken})
        step.fit = replace(
            step.fit, filled=filled, tokens=(*step.fit.tokens, *fit.tokens), unused=(*step.fit.unused, *fit.unused)
        )

    def _check_condition(self, fit: Fit, tie: Tie, link: Link, needs: Sequence[int]) -> None:
        """Refuse a condition that the plan could not hold to.

        Raises:
            Unplannable: So it is.
        """
        if tie.condition is None:
            return
        said = text_of(tie.focus) or "any"
        harmless = reads(fit.profile)
        if not needs:
            if harmless and not tie.focus and not tie.leading:
                return
            message = f"No tool tells whether the condition {said!r} holds: say first what to look at, then what to do."
            raise Unplannable(message)
        about = self.steps[needs[0]]
        counted = any(token.kind == "number" for token in tie.focus)
        words = [token for token in tie.focus if token.weight and not is_reading(token)]
        unknown = [token for token in words if not knows(about.fit.profile, token, self._index)]
        if counted or unknown or (not harmless and link.when in {None, about.id}):
            tool = about.fit.profile.tool.qualified
            message = f"A keyword match cannot tell from the result of {tool} whether {said!r} holds."
            raise Unplannable(message)


def _share(fit: Fit, step: SketchedStep, name: str) -> None:
    """Give a step the value of a parameter that another tool has under the same name, if it is still open."""
    filled = step.fit.filled
    takes = any(parameter.name == name for parameter in step.fit.profile.parameters)
    if not takes or not reads(step.fit.profile) or name in filled.arguments or name in step.link.values:
        return
    arguments = {**filled.arguments, name: fit.filled.arguments[name]}
    if not step.fit.profile.tool.input_schema.violations(arguments):
        step.fit = replace(step.fit, filled=replace(filled, arguments=arguments))
