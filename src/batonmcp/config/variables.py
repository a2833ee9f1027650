"""The variables that the texts of a servers.json may name."""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from batonmcp.config.dotenv import DotenvError, DotenvMissing, open_dotenv
from batonmcp.config.interpolate import SEPARATOR, interpolate, references
from batonmcp.config.permissions import others_may_read
from batonmcp.config.secret import secret_parts

__all__ = ["Variables", "read_variables", "user_folder"]

_SECRETS = "secrets.env"
_IN_A_PROJECT = (".cursor", ".vscode")


@dataclass(frozen=True, slots=True, kw_only=True)
class Variables:
    """Variables of the environment, of secrets.env and of the place of the configuration.

    Attributes:
        values: By name. Secret.
        inputs: Defaults of VS Code's inputs, by id. Secret.
        confidential: Names whose values are secrets whatever they look like.
        home: The secrets.env beside the configuration, whether it exists or not.
        files: Every secrets.env that was looked for.
        warnings: What could not be used, as sentences.
    """

    values: Mapping[str, str] = field(repr=False)
    inputs: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    confidential: frozenset[str] = frozenset()
    home: Path = Path(_SECRETS)
    files: tuple[Path, ...] = ()
    warnings: tuple[str, ...] = ()

    def fill(self, text: str) -> str:
        """Return a text with its references replaced.

        Raises:
            UnsetVariable: A variable is missing and has no default.
        """
        return interpolate(text, self.values, inputs=self.inputs)

    def secrets_in(self, text: str) -> Iterator[str]:
        """Yield what must not be shown of the variables that a text names."""
        for name in references(text):
            yield from secret_parts(name, self.values.get(name, ""), surely=name in self.confidential)


def user_folder() -> Path:
    """Return the folder of the user's own configuration."""
    return platformdirs.user_config_path("batonmcp")


def read_variables(config: Path, environment: Mapping[str, str], inputs: Mapping[str, str]) -> Variables:
    """Gather what the texts of a configuration may name.

    Hosts with a window start us without the variables of a person's shell, so those of a secrets.env count too: beside
    the configuration, then in the user's folder. The environment wins over both.
    """
    folder = config.absolute().parent
    files = tuple(dict.fromkeys([folder / _SECRETS, user_folder() / _SECRETS]))
    secrets: dict[str, str] = {}
    warnings: list[str] = []
    for path in reversed(files):
        found, said = _secrets(path)
        secrets |= found
        warnings += said
    outer = {name: value for name, value in environment.items() if value}
    return Variables(
        values={**secrets, **outer, **_of_the_place(folder)},
        inputs=inputs,
        confidential=frozenset(secrets.keys() - outer.keys()),
        home=files[0],
        files=files,
        warnings=tuple(warnings),
    )


def _of_the_place(folder: Path) -> dict[str, str]:
    project = folder.parent if folder.name in _IN_A_PROJECT else folder
    found = {"workspaceFolder": str(project), "workspaceFolderBasename": project.name, SEPARATOR: os.sep}
    with suppress(RuntimeError):  # a user without a home
        found["userHome"] = str(Path.home())
    return found


def _secrets(path: Path) -> tuple[Mapping[str, str], list[str]]:
    """Return the variables of a secrets.env, none if it must not be used, and warnings about it."""
    try:
        found = open_dotenv(path)
    except DotenvMissing:
        return {}, []
    except DotenvError as error:
        return {}, [f"{path} is not used: it {error}."]
    if others_may_read(path):
        return {}, [f"{path} is not used: others may read it. Make it yours alone: chmod 600 {path}"]
    return found.values, [f"{path}:{line}: this is not NAME=value and was passed over." for line in found.wrong]
