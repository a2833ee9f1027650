"""The planning of one query: its clauses become steps, one after the other."""

from collections.abc import Sequence
from dataclasses import replace

from batonmcp.core.proposal import Proposal
from batonmcp.llm.lexical.bm25 import Index
from batonmcp.llm.lexical.clauses import Clause, clauses_of
from batonmcp.llm.lexical.connectives import BEYOND
from batonmcp.llm.lexical.fits import Fit, fits_of, refit
from batonmcp.llm.lexical.profiles import Profile
from batonmcp.llm.lexical.sketch import Sketch, Unplannable
from batonmcp.llm.lexical.tokens import Token, text_of
from batonmcp.llm.lexical.verbs import main_verb, reads

__all__ = ["Planning"]

_MOST_STEPS = 8
_ANSWERING = frozenset(
    {"analyse", "analyze", "compare", "describe", "explain", "show", "summarise", "summarize", "tell"}
)
"""Verbs of what is done with the results when the answer is written, not by a tool."""


class Planning:
    """One planning. A clause that no tool fits waits to be joined with the next one."""

    def __init__(self, index: Index, tokens: Sequence[Token], note: str) -> None:
        self._index = index
        self._tokens = tokens
        self._sketch = Sketch(index, tokens)
        self._notes = [note]
        self._dropped: list[str] = []
        self._waiting: Clause | None = None

    def proposal(self) -> Proposal:
        """Return the plan.

        Raises:
            Unplannable: There is none.
        """
        for clause in self._clauses():
            if _says_anything(clause.tokens):
                self._add(clause)
        if self._waiting:
            self._give_up(self._waiting)
        self._check_whole()
        self._sketch.share_last_values()
        for step in self._sketch.steps:
            if step.fit.unused:
                words = ", ".join(dict.fromkeys(token.text for token in step.fit.unused))
                self._notes.append(f"{step.fit.profile.tool.qualified} was chosen without regard to: {words}.")
        return Proposal(document=self._sketch.document(), notes=tuple(self._notes))

    def _clauses(self) -> list[Clause]:
        beyond = next((token.text for token in self._tokens if token.kind == "word" and token.lower in BEYOND), None)
        if beyond:
            message = f"A keyword match does not understand {beyond!r}: ask for one case at a time."
            raise Unplannable(message)
        clauses = clauses_of(self._tokens)
        if clauses and clauses[-1].basis:
            said = text_of(clauses[-1].tokens)
            message = f"Nothing says what to do about {said!r}: put a comma behind it, as in 'if there are any, ...'."
            raise Unplannable(message)
        return clauses

    def _check_whole(self) -> None:
        """Refuse to plan nothing, too much, or a change when a part of what was asked has no tool."""
        steps = self._sketch.steps
        if not steps:
            message = "No tool's definition has enough of the words of the query: say what it is about as the tools do."
            raise Unplannable(message)
        if len(steps) > _MOST_STEPS:
            message = f"The query asks for {len(steps)} things, and a keyword match plans {_MOST_STEPS}: split it."
            raise Unplannable(message)
        changing = [step for step in steps if not reads(step.fit.profile)]
        if changing and self._dropped:
            tool = changing[0].fit.profile.tool.qualified
            message = f"No tool was found for {self._dropped[0]!r}, and {tool} may change something: ask for it alone."
            raise Unplannable(message)

    def _add(self, clause: Clause) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting:
            joined = replace(clause, tokens=self._join(waiting.tokens, clause), tie=waiting.tie.and_by(clause.tie))
            fit = self._sketch.choose(joined)
            if fit and _heard(waiting, fit):
                self._sketch.place(fit, joined)
                return
            self._give_up(waiting)
        fit = self._sketch.choose(clause)
        if fit:
            self._sketch.place(fit, clause)
        elif clause.basis == "condition":
            self._refuse_if_lacking(clause)
        elif clause.basis or not self._extend(clause):
            self._waiting = clause

    def _extend(self, clause: Clause) -> bool:
        """Make a clause without a tool of its own part of the last step, or a repetition of it for another value."""
        if not self._sketch.steps or not (clause.tie.loose or clause.tie.carried):
            return False
        last = self._sketch.steps[-1].fit
        joined = replace(clause, tokens=self._join(last.tokens, clause), tie=self._sketch.steps[-1].tie)
        fit = self._sketch.choose(joined)
        if fit and not _unheard(clause, fit):
            self._sketch.replace_last(fit)
            return True
        again = _repeated(last, clause, self._index)
        if again:
            self._sketch.place(again, clause)
            return True
        if fit and _heard(clause, fit):
            self._sketch.replace_last(fit)
            return True
        return False

    def _join(self, tokens: Sequence[Token], clause: Clause) -> tuple[Token, ...]:
        """Return some words with those of a clause, all between them included where nothing ties the clause."""
        if clause.tie.loose or clause.tie.carried:
            places = [token.index for token in (*tokens, *clause.tokens)]
            return tuple(self._tokens[min(places) : max(places) + 1])
        return (*tokens, *clause.tokens)

    def _give_up(self, clause: Clause) -> None:
        """Note that a clause has no tool, or refuse the query if the tool lacks what only the query can give."""
        self._refuse_if_lacking(clause)
        if main_verb(clause.tokens) in _ANSWERING and not any(map(_is_content, clause.tokens)):
            return
        said = text_of(clause.tokens)
        withheld = fits_of(clause.tokens, self._index, guarded=False)
        if withheld:
            message = _withheld(withheld[0].profile, main_verb(clause.tokens))
            raise Unplannable(message)
        self._dropped.append(said)
        self._notes.append(f"No tool was found for {said!r}.")

    def _refuse_if_lacking(self, clause: Clause) -> None:
        fits = sorted(fits_of(clause.tokens, self._index), key=lambda fit: len(fit.filled.missing))
        if fits:
            names = fits[0].filled.missing
            listed = " and ".join(f"`{name}`" for name in names)
            cure = " ".join(f"{name}=VALUE" for name in names)
            tool = fits[0].profile.tool.qualified
            message = f"{tool} fits, but needs {listed}; say {'it' if len(names) == 1 else 'them'} as {cure}."
            raise Unplannable(message)


def _withheld(profile: Profile, verb: str) -> str:
    tool = profile.tool
    if reads(profile):
        return f"{tool.qualified} is about this, but nothing says that it can {verb!r}."
    name = tool.qualified
    return f"{name} may change something, so it is used only if the query has its verb, or says 'use {name}'."


def _says_anything(tokens: Sequence[Token]) -> bool:
    return any(token.weight or _is_content(token) for token in tokens)


def _is_content(token: Token) -> bool:
    return token.weight == 1 or token.kind not in {"word", "mark"}


def _unheard(clause: Clause, fit: Fit) -> list[Token]:
    """Return the words of a clause that a fit makes nothing of."""
    return [token for token in clause.tokens if token in fit.unused]


def _heard(clause: Clause, fit: Fit) -> bool:
    said = [token for token in clause.tokens if _is_content(token)]
    return not said or len(_unheard(clause, fit)) < len(said)


def _repeated(fit: Fit, clause: Clause, index: Index) -> Fit | None:
    """Return the last step with another value, if a clause is no more than that: "and in Rome"."""
    prose = {parameter.name for parameter in fit.profile.parameters if parameter.want == "prose"}
    for name, taken in fit.filled.taken.items():
        if not taken or name in prose:
            continue
        before = [token for token in fit.tokens if token.index < min(taken)]
        behind = [token for token in fit.tokens if token.index > max(taken)]
        new = list(clause.tokens)
        if before and new[0].lower == before[-1].lower:
            new = new[1:]
        again = refit(fit, [*before, *new, *behind], index)
        if name in again.filled.taken and not again.filled.missing and not _unheard(clause, again):
            said = {token.index for token in clause.tokens if _says_anything([token])}
            if said <= again.filled.taken[name]:
                return again
    return None
