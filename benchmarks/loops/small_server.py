"""An MCP server on the standard library alone, over stdio: it starts in no time, so that a benchmark can have many."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from threading import Lock, Thread
from typing import Any

__all__ = ["Call", "Definition", "serve"]

Definition = Mapping[str, Any]
Call = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]
"""Answers a call of a tool by its result; it runs in a thread of its own."""

_NO_METHOD, _NEWEST = -32601, "2025-11-25"


def serve(name: str, tools: Sequence[Definition], call: Call) -> None:
    """Serve one host until it hangs up.

    Args:
        name: The server's name.
        tools: Its tools, as hosts see them.
        call: Answers.
    """
    writing = Lock()

    def say(message: Mapping[str, Any]) -> None:
        with writing:
            sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
            sys.stdout.flush()

    def answer(number: object, params: Mapping[str, Any]) -> None:
        say({"id": number, "result": call(params["name"], params.get("arguments") or {})})

    for line in sys.stdin:
        match json.loads(line):
            case {"id": number, "method": "initialize", "params": {"protocolVersion": version}}:
                info = {"name": name, "version": "1.0.0"}
                agreed = min(version, _NEWEST)  # versions are dates
                say(
                    {
                        "id": number,
                        "result": {"protocolVersion": agreed, "capabilities": {"tools": {}}, "serverInfo": info},
                    }
                )
            case {"id": number, "method": "ping"}:
                say({"id": number, "result": {}})
            case {"id": number, "method": "tools/list"}:
                say({"id": number, "result": {"tools": tools}})
            case {"id": number, "method": "tools/call", "params": params}:
                Thread(target=answer, args=(number, params), daemon=True).start()
            case {"id": number, "method": method}:
                say({"id": number, "error": {"code": _NO_METHOD, "message": f"There is no method {method}."}})
            case _:
                pass
