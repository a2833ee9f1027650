"""The moving of literal secrets out of entries and into secrets.env."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, cast

from pydantic import JsonValue

from batonmcp.config.dotenv import DotenvError, DotenvMissing, assignment, open_dotenv
from batonmcp.config.interpolate import references
from batonmcp.config.permissions import others_may_read
from batonmcp.config.secret import looks_like_a_token, secret_parts
from batonmcp.config.variables import Variables
from batonmcp.core.errors import ConfigError

__all__ = ["Vault"]

_SCHEME: Final = re.compile(r"(?i:basic|bearer|token)\s+")
_HEADER: Final = re.compile(r"((?P<name>[A-Za-z][\w-]+):\s*)(?P<value>[^/\s].*)", re.ASCII)
"""An argument such as `Authorization: Bearer ...`, as programs take it that reach a server over HTTP for a host."""


class Vault:
    """Gives each secret a variable of its own. What it has taken in is to be written to secrets.env.

    A variable that is set already, there or in the environment, is used again if it has that value, and never given
    another one.

    Args:
        variables: What is set for the configuration.

    Attributes:
        new: The variables that secrets.env lacks, by name. Secret.

    Raises:
        ConfigError: A secrets.env cannot be read.
    """

    def __init__(self, variables: Variables) -> None:
        self.new: dict[str, str] = {}
        self._set = variables.values
        self._kept: dict[str, str] = {}
        for path in reversed(variables.files):
            self._kept |= _kept_in(path)

    def without_secrets(self, server: str, entry: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """Return an entry with `${NAME}` in the place of each secret that is plain to see."""
        kept = dict(entry)
        for part in ("env", "headers"):
            values = entry.get(part)
            if isinstance(values, dict):
                kept[part] = {name: self._of_value(server, name, value) for name, value in values.items()}
        arguments = entry.get("args")
        if isinstance(arguments, list):
            pairs = zip(["", *arguments], arguments, strict=False)
            kept["args"] = [self._of_argument(server, before, word) for before, word in pairs]
        for part in ("url", "serverUrl"):
            address = entry.get(part)
            if isinstance(address, str):
                kept[part] = self._of_address(server, address)
        return kept

    def _of_value(self, server: str, name: str, value: JsonValue) -> JsonValue:
        if not isinstance(value, str) or any(references(value)):
            return value
        if not looks_like_a_token(name, value):
            return self._of_address(server, value)
        scheme = _SCHEME.match(value)
        before = scheme[0] if scheme else ""
        return before + self._reference(server, name, value[len(before) :])

    def _of_argument(self, server: str, before: JsonValue, word: JsonValue) -> JsonValue:
        if not isinstance(word, str) or any(references(word)):
            return word
        if header := _HEADER.fullmatch(word):
            return header[1] + cast("str", self._of_value(server, header["name"], header["value"]))
        option, equals, value = word.partition("=") if word.startswith("-") else ("", "", word)
        if "://" in value:
            return f"{option}{equals}{self._of_address(server, value)}"
        option, equals, value = word.rpartition("=")
        name = option or (before if isinstance(before, str) and before.startswith("-") else "")
        if looks_like_a_token(name, value):
            return f"{option}{equals}{self._reference(server, name, value)}"
        return word

    def _of_address(self, server: str, text: str) -> str:
        if "://" not in text or any(references(text)):
            return text
        found = {part for part in secret_parts("", text) if part != text and part in text}
        if not found:
            return text
        longest_first = sorted(found, key=lambda part: (-len(part), part))
        either = re.compile("|".join(map(re.escape, longest_first)))
        return either.sub(lambda secret: self._reference(server, "secret", secret[0]), text)

    def _reference(self, server: str, name: str, secret: str) -> str:
        chosen = next(wish for wish in _wishes(server, name) if self._suits(wish, secret))
        if self._kept.get(chosen) != secret:
            self.new[chosen] = secret
        return f"${{{chosen}}}"

    def _suits(self, name: str, secret: str) -> bool:
        """Whether a variable is free, or has that value: in the environment too, which stands above secrets.env."""
        return all(found.get(name, secret) == secret for found in (self.new, self._kept, self._set))

    def added_to(self, text: str, path: Path) -> str:
        """Return the text of secrets.env with what is new.

        Raises:
            ConfigError: Others may read the file, so that it would not be used.
        """
        if others_may_read(path):
            raise ConfigError(
                place=str(path), message="is not used, as others may read it.", cure=f"First: chmod 600 {path}"
            )
        end = "\r\n" if "\r\n" in text else "\n"
        between = "" if not text or text.endswith("\n") else end
        lines = [assignment(name, value) for name, value in self.new.items()]
        return f"{text}{between}{''.join(line + end for line in lines)}"


def _kept_in(path: Path) -> Mapping[str, str]:
    """Return the variables of a secrets.env; none of one that is not used."""
    try:
        return {} if others_may_read(path) else open_dotenv(path).values
    except DotenvMissing:
        return {}
    except DotenvError as error:
        raise ConfigError(place=str(path), message=f"{error}.", cure="Repair it, or move it away.") from None


def _wishes(server: str, name: str) -> Iterator[str]:
    """Yield names for a secret, the best first: the variable's own if it tells the server, else with the server's."""
    own, of = (re.sub(r"\W+", "_", text, flags=re.ASCII).strip("_").upper() for text in (name, server))
    stem = own if own.startswith(of) and of else f"{of}_{own}".strip("_")
    stem = f"_{stem}" if stem[:1].isdigit() or not stem else stem
    yield stem
    number = 2
    while True:
        yield f"{stem}_{number}"
        number += 1
