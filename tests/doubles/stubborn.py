"""A small server on stdio that does not want to end, in one of six kinds; for tests and benchmarks of the end.

    python -I -S stubborn.py KIND

It answers the handshake and lists no tools; it starts in a few milliseconds, since many are started. Whatever comes of
it ends after `LIFETIME_S` at the latest.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping

__all__ = ["KINDS", "LIFETIME_S", "argv"]

LIFETIME_S = 60.0

_BEGAN = time.monotonic()
_HOP_S = 0.01
_RESULTS: Mapping[str, object] = {
    "initialize": {
        "protocolVersion": "2025-06-18",
        "capabilities": {"tools": {}},
        "serverInfo": {"name": "stubborn", "version": "1"},
    },
    "tools/list": {"tools": []},
}


def argv(kind: str) -> list[str]:
    """Return the command that starts a server of this kind."""
    return [sys.executable, "-I", "-S", os.path.abspath(__file__), kind]  # noqa: PTH100 - pathlib takes longer than all else


def _polite() -> None:
    """End at the end of input."""


def _ignores_eof() -> None:
    """Do not end at the end of input, but when asked to."""


def _ignores_term() -> None:
    """Neither end at the end of input nor when asked to."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def _leaves_a_child() -> None:
    """End at the end of input, but not so a child, which is in a process group of its own."""
    if os.fork() == 0:
        os.setpgid(0, 0)
        _ignores_term()
        _linger()


def _daemonises() -> None:
    """Have a grandchild whose parent is gone, in a session of its own."""
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        _ignores_term()
        _linger()
    os.wait()


def _hops() -> None:
    """Have a descendant that is another process every few milliseconds, each time in a session of its own."""
    if os.fork() == 0:
        while time.monotonic() < _BEGAN + LIFETIME_S:
            if os.fork():
                os._exit(0)
            os.setsid()
            time.sleep(_HOP_S)
        os._exit(0)


KINDS: Mapping[str, Callable[[], None]] = {
    "polite": _polite,
    "ignores_eof": _ignores_eof,
    "ignores_term": _ignores_term,
    "leaves_a_child": _leaves_a_child,
    "daemonises": _daemonises,
    "hops": _hops,
}


def _linger() -> None:
    time.sleep(max(0.0, _BEGAN + LIFETIME_S - time.monotonic()))
    os._exit(0)


def _main() -> None:
    kind = sys.argv[1]
    KINDS[kind]()
    for line in sys.stdin.buffer:
        message = json.loads(line)
        if "id" in message and message.get("method") in _RESULTS:
            answer = {"jsonrpc": "2.0", "id": message["id"], "result": _RESULTS[message["method"]]}
            os.write(1, json.dumps(answer).encode() + b"\n")
    if kind in {"ignores_eof", "ignores_term"}:
        _linger()


if __name__ == "__main__":
    _main()
