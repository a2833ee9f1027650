"""The program `batonmcp`, also `python -m batonmcp`."""

import gc
import sys

__all__ = ["main"]


def main() -> None:
    """Run a command. `serve` takes a path of its own, without the imports that the others need."""
    arguments = sys.argv[1:]
    config, rest = _leading_config(arguments)
    if rest[:1] == ["serve"]:
        gc.disable()  # nothing of what is imported is garbage: to look for it would take a tenth of the start
        from batonmcp.cli.serve import main as serve  # noqa: PLC0415 - one command's imports at a time

        gc.freeze()  # and it stays, so it need not be looked at later either
        gc.enable()
        serve([*config, *rest[1:]])
    else:
        from batonmcp.cli.app import main as run  # noqa: PLC0415 - one command's imports at a time

        run(arguments)


def _leading_config(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Split off a `--config FILE` that stands before the command."""
    if arguments[:1] == ["--config"]:
        return arguments[:2], arguments[2:]
    if arguments and arguments[0].startswith("--config="):
        return arguments[:1], arguments[1:]
    return [], arguments


if __name__ == "__main__":
    main()
