"""`${VAR}` in the texts of servers.json."""

import re
from collections.abc import Mapping

__all__ = ["UnsetVariable", "interpolate"]

_REFERENCE = re.compile(
    r"\$\{(?:(?:env:)?(?P<name>[A-Za-z_]\w*)(?::-(?P<default>[^}]*))?|input:(?P<input>[^}]+))\}", re.ASCII
)


class UnsetVariable(LookupError):
    """A variable without a default is not set, or is empty; its name is the message."""


def interpolate(text: str, environment: Mapping[str, str]) -> str:
    """Return `text` with `${VAR}`, `${env:VAR}` and `${VAR:-default}` replaced.

    `${input:some-id}`, for which VS Code asks its user, is taken from the variable SOME_ID: here is nobody to ask.

    Raises:
        UnsetVariable: A variable is missing and has no default. It is never left in place: `${TOKEN}` as a literal
            would be sent as a token.
    """

    def value(reference: re.Match[str]) -> str:
        name, default = reference["name"] or _variable(reference["input"]), reference["default"]
        found = environment.get(name) or default
        if found is None:
            raise UnsetVariable(name)
        return found

    return _REFERENCE.sub(value, text)


def _variable(question: str) -> str:
    """Name the variable that stands for what VS Code would ask its user under this id."""
    return re.sub(r"\W", "_", question).upper()
