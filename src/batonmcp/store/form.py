"""The form in which documents are kept: JSON in ASCII, without the configured secrets."""

import json

from pydantic import JsonValue

from batonmcp.core.discretion import Discretion

__all__ = ["Form", "Unwritable"]


class Unwritable(Exception):
    """A value that has no form: nested too deeply, or no JSON."""


class Form:
    """Writes documents without secrets, and reads them."""

    def __init__(self, discretion: Discretion | None = None) -> None:
        self._discretion = discretion or Discretion()

    def write(self, value: JsonValue) -> bytes:
        """Return the form of a value.

        Raises:
            Unwritable: It has none.
        """
        try:
            text = json.dumps(value, separators=(",", ":"))
        except (ValueError, TypeError, RecursionError) as error:
            raise Unwritable(str(error)) from None
        return self._discretion.redaction.json(text).encode("ascii")

    def read(self, data: bytes) -> JsonValue:
        """Return the value of a form; null if this Python cannot read it."""
        try:
            return json.loads(data)
        except (ValueError, RecursionError):
            return None

    def key(self, key: str) -> str:
        """Return the form of a key."""
        return self._discretion.text(key).encode("utf-8", "backslashreplace").decode()
