"""The environment in which downstream servers are started."""

import os
import shutil
import sysconfig
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from mcp.client.stdio import get_default_environment

from batonmcp.config.settings import INSIDE
from batonmcp.downstream.stdio.usual_folders import usual_folders

__all__ = ["child_environment", "find_command"]

_PASSED_ON = (
    "ALL_PROXY",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "NODE_EXTRA_CA_CERTS",
    "NO_PROXY",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TMPDIR",
    "TZ",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "all_proxy",
    "http_proxy",
    "https_proxy",
    "no_proxy",
)
"""What a server may need to reach the network, find its files and speak the person's language. No secrets among it."""


def child_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return the variables a server gets: the SDK's safe few, ours above, and those of its entry in servers.json.

    Its PATH ends with the folders in which people's programs usually are.
    """
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    environment = {**get_default_environment(), **passed_on, **extra, INSIDE: "1"}
    return {**environment, "PATH": _longer(environment.get("PATH", os.defpath))}


def find_command(command: str, environment: Mapping[str, str], *, cwd: str | None = None) -> str:
    """Return the path of a program on the server's PATH, where programs usually are, or beside the running Python.

    A command that is itself a path starts from the server's folder, as in a shell.

    Raises:
        FileNotFoundError: It is in none of these places.
        PermissionError: There is such a file, but it may not be executed.
    """
    sought = Path(cwd or ".").absolute() / command if Path(command).name != command else Path(command)
    path = os.pathsep.join([_longer(environment.get("PATH", os.defpath)), sysconfig.get_path("scripts")])
    found = shutil.which(sought, path=path)
    if found is not None:
        return str(Path(found).absolute())
    raise (PermissionError if sought.is_absolute() and sought.is_file() else FileNotFoundError)(command)


def _longer(path: str) -> str:
    """Return a PATH with the usual folders after its own. An empty part, which stands for where we are, is dropped."""
    folders = [folder for folder in path.split(os.pathsep) if folder]
    with suppress(RuntimeError):  # a user without a home
        folders += [folder for folder in usual_folders(Path.home()) if folder not in folders]
    return os.pathsep.join(folders)
