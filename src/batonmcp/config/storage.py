"""The store of servers.json and the environment."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import platformdirs

from batonmcp.config.document import StorePart
from batonmcp.config.interpolate import UnsetVariable, interpolate
from batonmcp.config.settings import StoreSettings
from batonmcp.core.errors import ConfigError

__all__ = ["store_settings"]

_VARIABLE: Final = "BATONMCP_STORE"
_NAME: Final = "store.sqlite3"


def store_settings(part: StorePart, environment: Mapping[str, str], *, place: str, folder: Path) -> StoreSettings:
    """Return the store's settings. `$BATONMCP_STORE`, a path or "memory", stands above the file.

    Args:
        part: As it is written.
        environment: The variables.
        place: The part's own, for errors.
        folder: Of servers.json; a path in it begins there.

    Raises:
        ConfigError: The path names a variable that is not set.
    """
    named = environment.get(_VARIABLE, "").strip()
    if named:
        path = None if named == "memory" else _file(Path(named))
    elif part.kind == "memory":
        path = None
    elif part.path is None:
        path = platformdirs.user_data_path("batonmcp") / _NAME
    else:
        try:
            path = _file(folder / Path(interpolate(part.path, environment)).expanduser())
        except UnsetVariable as unset:
            raise ConfigError(
                place=f"{place}.path", message=f"the variable {unset} is not set.", cure="Set it, or remove it here."
            ) from None
    return StoreSettings(path=path, results=part.results, days=part.days)


def _file(path: Path) -> Path:
    """Return the file itself where a folder is named."""
    return path / _NAME if path.is_dir() else path.absolute()
