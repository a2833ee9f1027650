"""Changes of the configuration while we run."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import anyio
import anyio.to_thread

from batonmcp.config.load import load
from batonmcp.config.settings import Settings
from batonmcp.core.errors import ConfigError

__all__ = ["INTERVAL_S", "changes"]

INTERVAL_S = 1.0
"""Time between two looks at the files."""

_Look: TypeAlias = tuple[tuple[int, ...] | None, ...]


async def changes(
    settings: Settings, environment: Mapping[str, str], *, sleep: Callable[[float], Awaitable[object]] = anyio.sleep
) -> AsyncGenerator[Settings | ConfigError]:
    """Yield the settings whenever they have become others, or what is wrong with them since an edit.

    A change is read once the files have stayed the same for one more look, so that one that is only half written is
    not. What comes out as before is not yielded, neither settings nor the same error again. After an error the
    settings that were yielded last still hold.

    Args:
        settings: Those in use.
        environment: For their variables.
        sleep: How to wait between two looks.
    """
    last: Settings | str = settings
    files = settings.files
    seen: _Look = ()
    read: _Look = ()  # nothing yet: an edit may have come between the reading of `settings` and the first look
    while True:
        await sleep(INTERVAL_S)
        before, seen = seen, await anyio.to_thread.run_sync(_look, files, abandon_on_cancel=True)
        if seen != before or seen == read:
            continue
        read = seen
        found = await anyio.to_thread.run_sync(_read, settings.source, environment, abandon_on_cancel=True)
        if isinstance(found, Settings):
            files = found.files
        news = found if isinstance(found, Settings) else str(found)
        if news != last:
            last = news
            yield found


def _look(files: Sequence[Path]) -> _Look:
    return tuple(map(_traits, files))


def _traits(path: Path) -> tuple[int, ...] | None:
    """Return what changes with a file, its mode included: a secrets.env may have become readable by others."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino


def _read(path: Path, environment: Mapping[str, str]) -> Settings | ConfigError:
    try:
        return load(path, environment)
    except ConfigError as error:
        return error
