"""A configuration as it is where a host starts us: without the variables of a person's shell."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from batonmcp.config.load import load
from batonmcp.config.settings import Settings
from batonmcp.core.errors import ConfigError

__all__ = ["as_a_host_starts_it", "lost_without_the_shell", "passed_on"]

_PASSED_ON: Final = frozenset(
    {"HOME", "LANG", "LOGNAME", "PATH", "SHELL", "TERM", "USER"}
    | {"APPDATA", "HOMEDRIVE", "HOMEPATH", "LOCALAPPDATA", "PATHEXT", "SYSTEMDRIVE", "SYSTEMROOT", "TEMP", "USERNAME"}
    | {"USERPROFILE"}
)
"""What the desktop gives every program, or a host every server."""

_OF_THE_LLM: Final = ("BATONMCP_MODEL", "OPENAI_API_KEY", "OPENAI_BASE_URL")


def passed_on(environment: Mapping[str, str]) -> Mapping[str, str]:
    """Return the variables that a host can be relied on to pass on."""
    return {name: value for name, value in environment.items() if name.upper() in _PASSED_ON}


def as_a_host_starts_it(config: Path, environment: Mapping[str, str]) -> Settings:
    """Read a configuration as a host would have us do it.

    Raises:
        ConfigError: It can only be used with what the shell has set, or not at all.
    """
    try:
        return load(config, passed_on(environment))
    except ConfigError as error:
        load(config, environment)  # if that fails too, it is not for want of a variable
        home = config.absolute().parent / "secrets.env"
        raise ConfigError(
            place=str(config),
            message=f"can be used in your shell, but not where a host starts batonmcp: {error}",
            cure=f"Hosts do not pass on your shell's variables: write what is missing in {home} (chmod 600).",
        ) from None


def lost_without_the_shell(config: Path, environment: Mapping[str, str], seen: Settings) -> Iterator[str]:
    """Yield, as sentences, what works in a person's shell and not where a host starts us.

    Args:
        config: The configuration.
        environment: Of the shell.
        seen: What a host would have us read.
    """
    here = load(config, environment)
    home = config.absolute().parent / "secrets.env"
    if here.llm != seen.llm:
        names = [name for name in _OF_THE_LLM if environment.get(name)] or [
            "What servers.json says of the model by name"
        ]
        yield (
            f"{' and '.join(names)} of your shell will not be seen: hosts do not pass it on. To use the model "
            f"there too, write it in {home} as NAME=value (chmod 600)."
        )
    fine = {server.name for server in here.servers if server.trouble is None}
    yield from (server.trouble for server in seen.servers if server.trouble and server.name in fine)
