"""`${VAR}` in the texts of servers.json."""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

__all__ = ["SEPARATOR", "UnsetVariable", "interpolate", "references"]

SEPARATOR = "pathSeparator"
"""The name for which `${/}` is short."""

_REFERENCE = re.compile(
    r"""\$\{ (?: (?:env:)? (?P<name> [A-Za-z_]\w* ) (?: :- (?P<default> [^}]* ) )?
               | input: (?P<input> [^}]+ )
               | (?P<separator> / )
               | (?P<foreign> (?:command|config|workspaceFolder) : [^}]+ ) ) \}""",
    re.ASCII | re.VERBOSE,
)


class UnsetVariable(LookupError):
    """A variable without a default is not set, or is empty; its name is the message.

    Attributes:
        asked: The id of the VS Code input for which it stands; None if it stands for none.
    """

    def __init__(self, name: str, *, asked: str | None) -> None:
        super().__init__(name)
        self.asked = asked


def interpolate(text: str, environment: Mapping[str, str], *, inputs: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return `text` with `${VAR}`, `${env:VAR}` and `${VAR:-default}` replaced.

    `${input:some-id}`, for which VS Code asks its user, is taken from the variable SOME_ID, else from the defaults in
    `inputs`: here is nobody to ask.

    Raises:
        UnsetVariable: A variable is missing and has no default. It is never left in place: `${TOKEN}` as a literal
            would be sent as a token.
    """

    def value(reference: re.Match[str]) -> str:
        name, asked = _name(reference), reference["input"]
        found = environment.get(name) or (inputs.get(asked) if asked else reference["default"])
        if found is None:
            raise UnsetVariable(name, asked=asked)
        return found

    return _REFERENCE.sub(value, text)


def references(text: str) -> Iterator[str]:
    """Yield the names of the variables that stand in a text."""
    return map(_name, _REFERENCE.finditer(text))


def _name(reference: re.Match[str]) -> str:
    """Name the variable that is meant; for what VS Code would ask its user it is the id in capitals."""
    if reference["input"]:
        return re.sub(r"\W", "_", reference["input"]).upper()
    return SEPARATOR if reference["separator"] else reference["name"] or reference["foreign"]
