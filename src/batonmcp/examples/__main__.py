"""The program `batonmcp-example NAME`: starts one sample agent on stdio."""

import importlib
import sys

__all__ = ["AGENTS", "main"]

AGENTS = ("analytics_agent", "config_agent", "data_agent")

_USAGE_EXIT = 2


def main() -> None:
    """Start the agent that the command line names; without a known name, print the usage and exit 2."""
    match sys.argv[1:]:
        case [name] if name in AGENTS:
            # Imported only now: the MCP SDK takes most of a second, which a wrong name need not wait for.
            importlib.import_module(f"batonmcp.examples.{name}").main()
        case _:
            sys.stderr.write(f"usage: batonmcp-example NAME\nNAME is one of: {', '.join(AGENTS)}\n")
            raise SystemExit(_USAGE_EXIT)


if __name__ == "__main__":
    main()
