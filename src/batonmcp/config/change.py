"""A change of a file: what it holds now, what it is to hold, and how to take that back."""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from difflib import unified_diff
from hashlib import sha256
from pathlib import Path

from pydantic import JsonValue

from batonmcp.config.json_edit import remove_value, set_value
from batonmcp.config.json_file import written_object
from batonmcp.config.rewrite import bytes_of, decoded, restore, rewrite
from batonmcp.core.errors import ConfigError

__all__ = ["Change", "Made", "make", "take_back"]

_AROUND = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a file is to become.

    Attributes:
        path: The file.
        data: Its bytes when it was read; None if there was none.
        before: Its text then. Secret.
        after: Its text to be. Secret.
        places: The JSON paths that differ; empty for a file that is no JSON.
    """

    path: Path
    data: bytes | None = field(repr=False)
    before: str = field(repr=False)
    after: str = field(repr=False)
    places: tuple[tuple[str, ...], ...] = ()

    def __bool__(self) -> bool:
        """Whether there is anything to change."""
        return self.before != self.after

    def diff(self) -> str:
        """Return the difference as people read it."""
        before, after = (text.removeprefix("\ufeff").splitlines() for text in (self.before, self.after))
        old = str(self.path) if self.data is not None else "(no file yet)"
        return "\n".join(unified_diff(before, after, old, str(self.path), n=_AROUND, lineterm=""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A change that was made, as far as is needed to take it back. It holds nothing secret.

    Attributes:
        path: The file.
        copy: Where its old bytes are; None if it was new.
        digest: Of the bytes that were written.
        left: A digest of what each JSON path was left with; None where there is nothing now.
    """

    path: Path
    copy: Path | None
    digest: str
    left: tuple[tuple[tuple[str, ...], str | None], ...] = ()


def make(change: Change) -> Made:
    """Write a file as it is to be, keeping a copy of what it was.

    Raises:
        ConfigError: It cannot be written, or is no longer what it was.
    """
    copy = rewrite(change.path, change.after, keep=True, was=change.data or b"")
    left: tuple[tuple[tuple[str, ...], str | None], ...] = ()
    if change.places:
        document = written_object(change.after, place=str(change.path))
        left = tuple((place, _digest_at(document, place)) for place in change.places)
    return Made(path=change.path, copy=copy, digest=_digest(change.path.read_bytes()), left=left)


def take_back(made: Made) -> Iterator[str]:
    """Undo a change, and yield sentences about it.

    A file that is as we left it gets its old bytes. In one that was edited since, only what we changed is changed
    back, and only where it is still what we made of it.

    Raises:
        ConfigError: The file, or the copy of what it was, cannot be used.
    """
    data = bytes_of(made.path)
    if data is None:
        yield f"{made.path} has gone, so nothing was taken back there."
        return
    if _digest(data) == made.digest:
        yield _whole(made)
    elif not made.left:
        yield f"{made.path} was changed since, so it was left as it is."
    else:
        yield from _in_part(made, data)


def _whole(made: Made) -> str:
    if made.copy is None:
        try:
            Path(os.path.realpath(made.path)).unlink()
        except OSError as error:
            raise ConfigError(place=str(made.path), message=f"cannot be removed ({error.strerror}).") from None
        return f"{made.path} was removed: it was not there before."
    restore(made.path, made.copy)
    with suppress(OSError):  # it has done its duty; one that stays does no harm
        made.copy.unlink()
    return f"{made.path} is what it was, to the byte."


def _in_part(made: Made, data: bytes) -> Iterator[str]:
    text = was = decoded(data, made.path)
    before = written_object(decoded(_copy_of(made), made.path), place=str(made.path))
    now = written_object(text, place=str(made.path))
    back: list[str] = []
    for place, digest in made.left:
        if _digest_at(now, place) != digest:
            yield f"{made.path}: {'.'.join(place)} was changed since, so it was left as it is."
            continue
        old = _at(before, place)
        text = remove_value(text, place) if old is None else set_value(text, place, old[0])
        back.append(".".join(place))
    if text != was:
        rewrite(made.path, text, keep=False, was=data)
    if back:
        yield f"{made.path} was changed since; taken back there: {', '.join(back)}."


def _copy_of(made: Made) -> bytes:
    data = bytes_of(made.copy) if made.copy else b""
    if data is None:
        raise ConfigError(place=str(made.copy), message="the copy of what the file was has gone.")
    return data


def _at(document: JsonValue, place: Sequence[str]) -> tuple[JsonValue] | None:
    for key in place:
        if not isinstance(document, dict) or key not in document:
            return None
        document = document[key]
    return (document,)


def _digest_at(document: dict[str, JsonValue], place: Sequence[str]) -> str | None:
    found = _at(document, place)
    return None if found is None else _digest(json.dumps(found[0], sort_keys=True).encode())


def _digest(data: bytes) -> str:
    return sha256(data).hexdigest()
