"""The arguments of a tool call, as far as the words of a query give them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from batonmcp.llm.lexical.filling import Filling
from batonmcp.llm.lexical.phrases import Known
from batonmcp.llm.lexical.profiles import Profile
from batonmcp.llm.lexical.tokens import Token

__all__ = ["Filled", "fill"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What could be filled in.

    Attributes:
        arguments: The values found; each fits its parameter's schema.
        taken: The indexes of the tokens that each was taken from.
        missing: The required parameters without a value.
        fits: Whether nothing but missing parameters keeps the tool's schema from being met.
        sure: How many values were recognised by themselves, not as a phrase.
    """

    arguments: Mapping[str, JsonValue]
    taken: Mapping[str, frozenset[int]]
    missing: tuple[str, ...]
    fits: bool = True
    sure: int = 0

    @property
    def all_taken(self) -> frozenset[int]:
        """The indexes of all tokens that are values."""
        return frozenset[int]().union(*self.taken.values())


def fill(profile: Profile, tokens: Sequence[Token], known: Known, *, typed_only: bool = False) -> Filled:
    """Fill in the arguments of a tool from some tokens.

    Args:
        profile: The tool.
        tokens: The words to look in.
        known: Tells whether a word is one of the tool's own.
        typed_only: Whether only values that are recognised by themselves count, no phrases.
    """
    filling = Filling(profile, tokens, known)
    filling.take_named()
    filling.take_shown()
    filling.take_typed()
    filling.take_numbers()
    filling.take_booleans()
    filling.take_quoted()
    sure = len(filling.values)
    if not typed_only:
        filling.take_phrases()
        filling.take_prose()
    filling.take_alike()
    _drop_violations(profile, filling)
    required = (parameter.name for parameter in profile.parameters if parameter.required)
    missing = tuple(name for name in required if name not in filling.values)
    return Filled(
        arguments=filling.values,
        taken=filling.taken,
        missing=missing,
        fits=bool(missing) or not profile.tool.input_schema.violations(filling.values),
        sure=sure,
    )


def _drop_violations(profile: Profile, filling: Filling) -> None:
    """Take back the values that their parameters do not allow."""
    while True:
        found = profile.tool.input_schema.violations(filling.values)
        bad = {violation.path[0] for violation in found if violation.path} & filling.values.keys()
        if not bad:
            return
        for name in bad:
            del filling.values[str(name)], filling.taken[str(name)]
