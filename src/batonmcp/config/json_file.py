"""A JSON file that a person wrote."""

import json
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from pathlib import Path
from typing import Any, cast

from batonmcp.config.comments import without_comments
from batonmcp.core.errors import ConfigError

__all__ = ["json_object", "read_json", "written_object"]

_MAX_BYTES = 10_000_000


def read_json(path: Path, *, form: str = '{"mcpServers": {...}}') -> dict[str, Any]:
    """Read a JSON file whose root is an object of this form. Comments and trailing commas are allowed.

    The place of an error is given as line and column, without the text that stands there: it may be a secret.

    Raises:
        ConfigError: It cannot be read, or is not such a file.
    """
    return json_object(_text(path), place=str(path), form=form)


def json_object(text: str, *, place: str, form: str = '{"mcpServers": {...}}') -> dict[str, Any]:
    """Read the text of such a file; `place` is its path.

    Raises:
        ConfigError: It is no JSON object.
    """
    try:
        document: object = json.loads(without_comments(text), object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise ConfigError(
            place=f"{place}:{error.lineno}:{error.colno}",
            message=f"is not JSON here: {error.msg}.",
            cure="Look for a missing or surplus comma, quote or bracket just before it.",
        ) from None
    except _Repeated as repeated:
        raise ConfigError(
            place=place, message=f"has the key {str(repeated)!r} twice in one object.", cure="Remove one."
        ) from None
    except RecursionError:
        raise ConfigError(place=place, message="is nested too deeply.") from None
    except ValueError as error:  # a number of thousands of digits
        raise ConfigError(place=place, message=f"cannot be read: {error}.") from None
    if not isinstance(document, dict):
        raise ConfigError(place=place, message="is not a JSON object.", cure=f"Write {form}.")
    return cast("dict[str, Any]", document)


def written_object(text: str, *, place: str, form: str = '{"mcpServers": {...}}') -> dict[str, Any]:
    """Read the text of such a file, its byte order mark included; where nothing is written, the object is empty.

    Raises:
        ConfigError: It is no JSON object.
    """
    text = text.removeprefix("\ufeff")
    return json_object(text, place=place, form=form) if without_comments(text).strip() else {}


def _text(path: Path) -> str:
    """Return the file's text: UTF-8, or what its byte order mark says."""
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # the latter for a path that cannot be one
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(
            place=str(path), message=f"cannot be read ({reason}).", cure="Check the path and its permissions."
        ) from None
    if len(data) > _MAX_BYTES:
        raise ConfigError(place=str(path), message="is larger than 10 MB.", cure="Name another file.")
    try:
        text = data.decode("utf-16" if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8-sig")
    except UnicodeDecodeError:
        raise _no_text(path) from None
    if "\0" in text[:4]:  # UTF-16 without a mark, or UTF-32
        raise _no_text(path)
    return text


def _no_text(path: Path) -> ConfigError:
    return ConfigError(place=str(path), message="is not UTF-8 text.", cure="Save it as UTF-8.")


class _Repeated(Exception):
    """A key stands twice."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _Repeated(key)
        found[key] = value
    return found
