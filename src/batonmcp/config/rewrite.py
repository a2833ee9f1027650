"""The writing of a file that is somebody else's: as a whole or not at all, and with a way back."""

import errno
import os
import stat
import tempfile
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from batonmcp.core.errors import ConfigError

__all__ = ["bytes_of", "decoded", "restore", "rewrite"]

_MINE_ALONE: Final = 0o600
_WRITABLE: Final = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
_UTF_16: Final = {BOM_UTF16_LE: "utf-16-le", BOM_UTF16_BE: "utf-16-be"}


def bytes_of(path: Path) -> bytes | None:
    """Return what a file holds; None if there is none.

    Raises:
        ConfigError: It cannot be read.
    """
    try:
        return _bytes(path)
    except (OSError, ValueError) as error:  # the latter for a path that cannot be one
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(
            place=str(path), message=f"cannot be read ({reason}).", cure="Check the path and its permissions."
        ) from None


def decoded(data: bytes, path: Path) -> str:
    """Return the text of a file with its byte order mark, so that it can be written as it was.

    Raises:
        ConfigError: It is no text.
    """
    try:
        return data.decode(_UTF_16.get(data[:2], "utf-8"))
    except UnicodeDecodeError:
        raise ConfigError(place=str(path), message="is not UTF-8 text.", cure="Save it as UTF-8.") from None


def rewrite(path: Path, text: str, *, keep: bool, was: bytes | None = None, mode: int = _MINE_ALONE) -> Path | None:
    """Write a file anew at once: whoever reads it sees the old or the new one. Return the copy of the old one.

    A link stays a link. The permissions stay, and so does the encoding that a byte order mark tells. Folders that are
    missing are made.

    Args:
        path: The file.
        text: What it is to hold.
        keep: Whether to keep a copy of the old one beside it, which only its owner may read.
        was: What the file held when the text was made of it; None does not look.
        mode: The permissions of a file that is new.

    Raises:
        ConfigError: It cannot be written, or somebody else has written it meanwhile.
    """
    real = Path(os.path.realpath(path))
    try:
        old = _bytes(real)
        if was is not None and (old or b"") != was:
            raise ConfigError(
                place=str(path),
                message="was changed by somebody else meanwhile; nothing was written.",
                cure="Try again.",
            )
        real.parent.mkdir(parents=True, exist_ok=True)
        _check_writable(real)
        copy = _copied(path, old) if keep and old is not None else None
        _replace(real, text.encode(_UTF_16.get((old or b"")[:2], "utf-8")), mode)
    except OSError as error:
        raise _refused(path, error) from None
    return copy


def restore(path: Path, copy: Path) -> None:
    """Give a file the bytes of a copy; its permissions stay.

    Raises:
        ConfigError: The copy cannot be read, or the file not be written.
    """
    real = Path(os.path.realpath(path))
    try:
        data = copy.read_bytes()
    except OSError as error:
        raise ConfigError(place=str(copy), message=f"the copy cannot be read ({error.strerror}).") from None
    try:
        _check_writable(real)
        _replace(real, data, _MINE_ALONE)
    except OSError as error:
        raise _refused(path, error) from None


def _bytes(path: Path) -> bytes | None:
    with suppress(FileNotFoundError):
        return path.read_bytes()
    return None


def _check_writable(path: Path) -> None:
    """Respect that a file may not be written, although its folder, or being root, would let it be replaced."""
    with suppress(FileNotFoundError):
        if not path.stat().st_mode & _WRITABLE:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        with path.open("r+b"):
            pass


def _copied(path: Path, data: bytes) -> Path:
    """Write a copy under a name that is free: the time, and a number where there is one of the same second."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    number = 1
    while True:
        copy = path.with_name(f"{path.name}.{stamp}{f'-{number}' if number > 1 else ''}.bak")
        with suppress(FileExistsError):
            descriptor = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), _MINE_ALONE)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            return copy
        number += 1


def _replace(path: Path, data: bytes, mode: int) -> None:
    """Put a new file in the place of the old one, with its permissions and, where we may, its owner."""
    try:
        old = path.stat()
    except FileNotFoundError:
        old = None
    descriptor, name = tempfile.mkstemp(prefix=".batonmcp-", suffix=".new", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if os.name == "posix":
            if old:
                with suppress(PermissionError):
                    os.chown(name, old.st_uid, old.st_gid)
            os.chmod(name, old.st_mode & 0o7777 if old else mode)  # noqa: PTH101 - the name is a text here
        os.replace(name, path)  # noqa: PTH105 - as above
    except BaseException:
        with suppress(OSError):
            os.unlink(name)  # noqa: PTH108 - as above
        raise


def _refused(path: Path, error: OSError) -> ConfigError:
    return ConfigError(
        place=str(path),
        message=f"cannot be written ({error.strerror}); it is as it was.",
        cure="Check the permissions of the file and of its folder.",
    )
