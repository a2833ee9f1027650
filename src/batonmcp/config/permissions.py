"""Who may read or change a file."""

import os
import stat
from pathlib import Path

__all__ = ["everybody_may_write", "others_may_read"]


def everybody_may_write(path: Path) -> bool:
    """Whether any user of this machine may change the file."""
    return bool(_mode(path) & stat.S_IWOTH)


def others_may_read(path: Path) -> bool:
    """Whether users other than its owner may read or change the file."""
    return bool(_mode(path) & (stat.S_IRWXG | stat.S_IRWXO))


def _mode(path: Path) -> int:
    """Return the mode; 0 where it tells nothing, which is on Windows, or where the file has gone."""
    try:
        return path.stat().st_mode if os.name == "posix" else 0
    except OSError:
        return 0
