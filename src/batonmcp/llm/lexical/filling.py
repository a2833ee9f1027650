"""A filling: the values that a query gives to a tool's parameters, found pass by pass."""

from collections.abc import Iterable, Sequence

from pydantic import JsonValue

from batonmcp.llm.lexical.mentions import mentioned
from batonmcp.llm.lexical.numbers import numbers
from batonmcp.llm.lexical.parameters import Parameter
from batonmcp.llm.lexical.phrases import Known, alike, identifiers, nouns, remainder
from batonmcp.llm.lexical.profiles import Profile
from batonmcp.llm.lexical.tokens import Token
from batonmcp.llm.lexical.values import Value, shown, typed, whole
from batonmcp.llm.lexical.verbs import verb_places
from batonmcp.llm.lexical.words import stem, weight

__all__ = ["Filling"]

_TYPED = ("url", "email", "zone", "glob", "path", "date", "time")
_DENIALS = frozenset({"without", "no", "not", "don't", "exclude", "excluding", "skip"})


class Filling:
    """One filling: each pass takes tokens that no earlier pass took, for parameters still open."""

    def __init__(self, profile: Profile, tokens: Sequence[Token], known: Known) -> None:
        self._profile = profile
        self._tokens = tokens
        self._known = known
        self.values: dict[str, JsonValue] = {}
        self.taken: dict[str, frozenset[int]] = {}

    def take_named(self) -> None:
        """Take `name=value`, `name: value` and, where the value cannot be mistaken, `name value`."""
        for parameter in self._open():
            self._put(parameter, self._free(mentioned(parameter, self._tokens, self._known))[:1])

    def take_shown(self) -> None:
        """Take texts that the schema names as values: enumerations, then examples."""
        verb = verb_places(self._tokens)
        for options in (True, False):
            for parameter in self._open():
                texts = parameter.options if options else () if parameter.options else parameter.hints
                if parameter.want in {"boolean", "number", "other"} or (not options and parameter.want == "prose"):
                    continue
                values = [value for value in self._free(shown(texts, self._tokens)) if not value.taken & verb]
                if not parameter.required:
                    values = [value for value in values if not self._names_the_tool(value)]
                self._put(parameter, _by_role(parameter, values))

    def take_typed(self) -> None:
        """Take addresses, paths, dates and the like, by role first, then in order."""
        for want in _TYPED:
            parameters = [parameter for parameter in self._open() if parameter.want == want]
            for parameter in parameters:
                fitting = [value for value in self._free(typed(want, self._tokens)) if value.role == parameter.role]
                if parameter.role and fitting:
                    self._put(parameter, fitting)
            sole = len(parameters) == 1
            for parameter in parameters:
                if parameter.name not in self.values and (parameter.required or sole):
                    self._put(parameter, self._free(typed(want, self._tokens)))

    def take_numbers(self) -> None:
        """Take numbers."""
        for parameter, value in numbers(self._open(), self._tokens, self._used, self._known):
            self._put(parameter, [value])

    def take_booleans(self) -> None:
        """Take what a clause says it wants, or wants to be without."""
        name_words = self._profile.name_words
        for parameter in self._open():
            words = [word for word in parameter.words if weight(word) and word not in {"include", "enable", "with"}]
            if parameter.want != "boolean" or parameter.many or not words or set(words) <= name_words:
                continue
            places = [self._place_of(word) for word in words]
            if all(place is not None for place in places):
                first = min(place for place in places if place is not None)
                before = {token.lower for token in self._tokens[max(0, first - 2) : first]}
                self._put(parameter, [Value(value=not before & _DENIALS, taken=frozenset())])

    def take_quoted(self) -> None:
        """Take quoted texts for the texts that are required, else for the only free one; then paths and the like."""
        texts = [parameter for parameter in self._open() if parameter.want in {"prose", "name", "glob"}]
        required = [parameter for parameter in texts if parameter.required]
        prose = [parameter for parameter in texts if parameter.want == "prose"]
        for parameter in required or (prose if len(prose) == 1 else []):
            self._put(parameter, self._free(whole({"quoted"}, self._tokens)))
        for parameter in self._open():
            if parameter.required and parameter.want == "name" and parameter.role:
                values = self._free(whole({"path", "url", "email"}, self._tokens))
                self._put(parameter, [value for value in values if value.role == parameter.role] or values)

    def take_phrases(self) -> None:
        """Take what stands behind a preposition for a required text: by role, else for the only one."""
        texts = [parameter for parameter in self._open() if parameter.required and parameter.want in {"name", "id"}]
        found = nouns(self._tokens, self._used, self._known)
        for parameter in texts:
            if parameter.role:
                self._put(parameter, [value for value in self._free(found) if value.role == parameter.role][:1])
        texts = [parameter for parameter in texts if parameter.name not in self.values]
        prose = [parameter for parameter in self._open() if parameter.required and parameter.want == "prose"]
        if len(texts) == 1 and not prose and not texts[0].options:
            single = texts[0].want == "id"
            found = identifiers(self._tokens, self._used, self._known) if single else found
            self._put(texts[0], self._free(found)[:1])

    def take_prose(self) -> None:
        """Take the rest of the clause for a required free text, if it is the only text still missing."""
        texts = [parameter for parameter in self._open() if parameter.required]
        if len(texts) == 1 and texts[0].want == "prose" and not texts[0].options:
            value = remainder(self._tokens, self._used, self._known)
            self._put(texts[0], [value] if value else [])

    def take_alike(self) -> None:
        """Take words that are written like the values which the schema shows."""
        for parameter in self._open():
            if parameter.want == "name" and parameter.hints and not parameter.options:
                self._put(parameter, list(alike(parameter.hints, self._tokens, self._used, self._known))[:1])

    def _names_the_tool(self, value: Value) -> bool:
        words = {word for token in self._tokens if token.index in value.taken for word in token.stems}
        return not words.isdisjoint(stem(word) for word in self._profile.name_words)

    @property
    def _used(self) -> frozenset[int]:
        return frozenset[int]().union(*self.taken.values())

    def _open(self) -> list[Parameter]:
        return [parameter for parameter in self._profile.parameters if parameter.name not in self.values]

    def _free(self, values: Iterable[Value]) -> list[Value]:
        return [value for value in values if not value.taken & self._used]

    def _put(self, parameter: Parameter, values: Sequence[Value]) -> None:
        """Give a parameter the first of some values, or all if it takes a list."""
        if not values:
            return
        chosen = values if parameter.many else values[:1]
        self.values[parameter.name] = [value.value for value in chosen] if parameter.many else chosen[0].value
        self.taken[parameter.name] = frozenset[int]().union(*(value.taken for value in chosen))

    def _place_of(self, word: str) -> int | None:
        wanted = stem(word)
        return next((place for place, token in enumerate(self._tokens) if wanted in token.stems), None)


def _by_role(parameter: Parameter, values: Sequence[Value]) -> Sequence[Value]:
    return [value for value in values if parameter.role and value.role == parameter.role] or values
