"""A clause: a part of a query that may ask for one thing, with what ties it to the clauses before it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal, TypeAlias

from batonmcp.llm.lexical.connectives import Bond, Joint, joint_at, marker_at, negates
from batonmcp.llm.lexical.tokens import Token

__all__ = ["Clause", "Condition", "Tie", "clauses_of", "tells"]

Condition: TypeAlias = Literal["some", "none"]

_POINTERS = frozenset({"its", "their", "theirs", "them", "those", "these", "affected", "corresponding", "respective"})
_POINTERS_BEHIND = frozenset({"it", "that", "this"})
_PREPOSITIONS = frozenset({"about", "for", "from", "in", "into", "of", "on", "to", "using", "with"})
_VAGUE = frozenset(
    [
        "exist",
        "exists",
        "found",
        "necessary",
        "needed",
        "present",
        "detected",
        "returned",
        "result",
        "results",
        "case",
        "true",
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tie:
    """What ties a clause to the ones before it.

    Attributes:
        order: It comes after everything before it ("then").
        back: It needs the clause before it ("its", "using that", "if any").
        carried: It needs what the clause before it needs ("then A and B").
        each: It is wanted for each of something.
        condition: It is wanted only if there is something, or nothing.
        leading: The condition was said first; it then holds for the clauses joined to this one too.
        focus: What the condition or the `for each` is about.
    """

    order: bool = False
    back: bool = False
    carried: bool = False
    each: bool = False
    condition: Condition | None = None
    leading: bool = False
    focus: tuple[Token, ...] = ()

    @property
    def back_bound(self) -> bool:
        """Whether it needs the clause right before it."""
        return self.back or self.each or self.condition is not None

    @property
    def loose(self) -> bool:
        """Whether nothing ties it."""
        return self == Tie()

    def and_by(self, other: "Tie") -> "Tie":
        """Return both ties as one."""
        return Tie(
            order=self.order or other.order,
            back=self.back or other.back,
            carried=self.carried or other.carried,
            each=self.each or other.each,
            condition=self.condition or other.condition,
            leading=self.leading or other.leading,
            focus=self.focus or other.focus,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """A part of a query.

    Attributes:
        tokens: Its words, without those that tie it.
        tie: What ties it to earlier clauses.
        basis: In which way the next clause depends on it, if that is all it is for ("if there are X", "for each X").
    """

    tokens: tuple[Token, ...]
    tie: Tie
    basis: Bond | None = None


def clauses_of(tokens: Sequence[Token]) -> list[Clause]:
    """Split a query into clauses, each behind those that it depends on."""
    found: list[Clause] = []
    pending, held, lasting, conjoined = Tie(), list[Clause](), False, False
    for joint, piece in _pieces(tokens):
        bond, basis, main, tie = _parts(piece, first=not found)
        if joint.ends_sentence and pending.loose:
            lasting = False
        if basis:
            start = Tie(order=joint.order, back=bool(found) and _looks_back(basis))
            found.append(Clause(tokens=basis, tie=start, basis=bond))
        tie = tie.and_by(pending).and_by(Tie(order=joint.order and not basis))
        if not main:
            pending, conjoined = replace(tie, leading=True), joint.conjoins
            continue
        if lasting and tie.loose and found:
            tie = Tie(carried=True)
        pending, lasting = Tie(), lasting or tie.order or tie.leading
        if piece[0].lower == "before":
            held.append(Clause(tokens=main, tie=Tie(order=True)))
            continue
        found.extend([Clause(tokens=main, tie=tie), *held])
        held = []
    return _trailing([*found, *held], Tie() if conjoined else pending)


def tells(token: Token) -> bool:
    """Tell whether a token says something beyond there being something."""
    return token.kind not in {"word", "mark"} or (token.weight > 0 and token.lower not in _VAGUE)


def _pieces(tokens: Sequence[Token]) -> Iterator[tuple[Joint, list[Token]]]:
    """Yield the parts between connectives, each with the connective before it, without those that are not wanted."""
    joint, piece, place = Joint(length=0), list[Token](), 0
    while place <= len(tokens):
        found = joint_at(tokens, place, starts=not piece) if place < len(tokens) else Joint(length=1)
        if found is None:
            piece.append(tokens[place])
            place += 1
            continue
        if piece and not negates(piece):
            yield joint, piece
        joint, piece = (found, []) if piece else (joint.then(found), [])
        place += found.length


def _parts(piece: Sequence[Token], *, first: bool) -> tuple[Bond | None, tuple[Token, ...], tuple[Token, ...], Tie]:
    """Split a part into what it depends on, if that is said in words, the rest, and the tie of the rest."""
    for place in range(len(piece)):
        marker = marker_at(piece, place)
        if marker is None or (piece[place].lower == "before"):
            continue
        main, rest = tuple(piece[:place]), tuple(piece[place + marker.length :])
        focus = tuple(token for token in rest if tells(token))
        tie = Tie(
            back=True,
            each=marker.bond == "each",
            condition=("none" if marker.negative else "some") if marker.bond == "condition" else None,
            leading=not main,
            focus=focus,
        )
        return marker.bond, (rest if focus else ()), main, tie
    skipped = 1 if piece and piece[0].lower == "before" else 0
    main = tuple(piece[skipped:])
    return None, (), main, Tie(back=not first and _looks_back(main))


def _looks_back(tokens: Sequence[Token]) -> bool:
    words = ["", *(token.lower for token in tokens)]
    return any(
        word in _POINTERS or (word in _POINTERS_BEHIND and before in _PREPOSITIONS) for before, word in pairwise(words)
    )


def _trailing(clauses: list[Clause], pending: Tie) -> list[Clause]:
    """Give what was said last without a clause of its own ("..., if any") to the last clause."""
    mains = [place for place, clause in enumerate(clauses) if not clause.basis]
    if pending.loose or not mains:
        return clauses
    last = clauses[mains[-1]]
    tied = replace(last, tie=last.tie.and_by(replace(pending, leading=False)))
    return [*clauses[: mains[-1]], *clauses[mains[-1] + 1 :], tied]
