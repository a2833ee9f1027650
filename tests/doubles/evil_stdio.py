"""A hostile MCP server on stdio: one file, one mode for each way in which a server can misbehave.

    python evil_stdio.py MODE [--state FILE] [--calls N]

Newline-delimited JSON-RPC by hand on the standard library, in the handshake era (`initialize`, `tools/list`,
`tools/call`; `server/discover` is an unknown method), so that it starts fast and breaks only on purpose. A mode is a
function that spoils a well-behaved `Server` before it serves, or never comes back.

FILE gets a line for everything worth asserting: `started PID`, `call NAME ARGUMENTS-AS-JSON`, `cancelled REQUEST-ID`,
`grandchild PID`, `eof`. It may be a FIFO: a test that holds it open (`O_RDWR`) and reads it learns without polling that
a call has arrived.

Every mode ends at EOF on stdin unless it is about not doing so, and each one after `LIFETIME_S` at the latest.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

__all__ = ["LIFETIME_S", "MODES", "Server", "argv"]

LIFETIME_S = 60.0

_HANDSHAKE_VERSION = "2025-06-18"
_MODERN_VERSION = "2026-07-28"
_INVALID_PARAMS = -32602
_METHOD_NOT_FOUND = -32601
_UNSUPPORTED_VERSION = -32022
_FLOOD_BYTES = 32 * 2**20
_JUNK = (
    b"npm WARN deprecated left-pad@1.3.0: use String.prototype.padStart()",
    b"",
    b"{not json",
    b'{"level": "info", "message": "listening on stdio"}',
    b"[1, 2, 3",
)

JsonObject = dict[str, Any]
RequestId = str | int
Handler = Callable[[RequestId, JsonObject], JsonObject | None]  # None: answered elsewhere, later or never
ToolFunction = Callable[[JsonObject], JsonObject]


class _RpcError(Exception):
    """The answer to a request is this error."""

    def __init__(self, code: int, message: str, data: JsonObject | None = None) -> None:
        super().__init__(message)
        self.error = {"code": code, "message": message} | ({} if data is None else {"data": data})


class Server:
    """A well-behaved MCP server with the tools `echo`, `slow` and `fail`; `extras` are put into every result."""

    def __init__(self, *, state: Path | None, calls: int) -> None:
        self.state = state
        self.calls = calls
        self.definitions = [_ECHO, _SLOW, _FAIL]
        self.tools: dict[str, ToolFunction] = {"echo": _echo, "fail": _fail}
        self.handlers: dict[str, Handler] = {
            "initialize": self.initialize,
            "ping": lambda _id, _params: {},
            "tools/list": lambda _id, _params: {"tools": self.definitions},
            "tools/call": self.call,
        }
        self.extras: JsonObject = {}
        self.noise = b""
        self._sleepers: dict[RequestId, threading.Timer] = {}
        self._stdout = threading.Lock()

    def serve(self) -> None:
        """Answer until stdin ends."""
        self.write(b"")  # the noise, if there is any, comes before the first message
        for line in sys.stdin.buffer:
            self.receive(json.loads(line))
        self.note("eof")

    def receive(self, message: JsonObject) -> None:
        """Take in one message; only requests are answered."""
        method: str = message.get("method", "")
        params: JsonObject = message.get("params") or {}
        if method == "notifications/cancelled":
            self.cancel(params["requestId"])
        if method == "tools/call":
            self.note(f"call {params['name']} {json.dumps(params.get('arguments') or {})}")
        if not method or "id" not in message:
            return
        try:
            result = self._handler(method)(message["id"], params)
        except _RpcError as error:
            self.send({"id": message["id"], "error": error.error})
        else:
            if result is not None:
                self.reply(message["id"], result)

    def initialize(self, _id: RequestId, _params: JsonObject) -> JsonObject:
        """Shake hands."""
        return {
            "protocolVersion": _HANDSHAKE_VERSION,
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "evil-stdio", "version": "1.0.0"},
        }

    def call(self, request_id: RequestId, params: JsonObject) -> JsonObject | None:
        """Run a tool. `slow` answers from its own timer, so that other requests go on and a cancel can reach it."""
        name: str = params["name"]
        arguments: JsonObject = params.get("arguments") or {}
        try:
            if name == "slow":
                self.sleep(request_id, float(arguments["seconds"]))
                return None
            return self.tools[name](arguments)
        except (KeyError, TypeError, ValueError) as error:
            raise _RpcError(_INVALID_PARAMS, f"cannot call {name!r}: {error!r}") from error

    def sleep(self, request_id: RequestId, seconds: float) -> None:
        """Answer `request_id` after so many seconds, unless it is cancelled before."""
        timer = threading.Timer(seconds, self.reply, [request_id, _text(f"slept {seconds:g} s")])
        timer.daemon = True
        self._sleepers[request_id] = timer
        timer.start()

    def cancel(self, request_id: RequestId) -> None:
        """Give up a sleeping call."""
        self.note(f"cancelled {request_id}")
        if timer := self._sleepers.pop(request_id, None):
            timer.cancel()

    def reply(self, request_id: RequestId, result: JsonObject) -> None:
        """Send a result."""
        self.send({"id": request_id, "result": result | self.extras})

    def send(self, message: JsonObject) -> None:
        """Send one message."""
        self.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")

    def write(self, data: bytes) -> None:
        """Put bytes on stdout, behind the noise. A client that has gone is no error: EOF follows."""
        view = memoryview(self.noise + data)
        with self._stdout, suppress(BrokenPipeError):
            while view:
                view = view[os.write(1, view) :]

    def note(self, line: str) -> None:
        """Append a line to the state file."""
        if self.state is not None:
            with self.state.open("a", encoding="utf-8") as file:
                file.write(f"{line}\n")

    def _handler(self, method: str) -> Handler:
        if method not in self.handlers:
            raise _RpcError(_METHOD_NOT_FOUND, f"Method not found: {method}")
        return self.handlers[method]


def argv(mode: str, *, state: Path | None = None, calls: int | None = None) -> list[str]:
    """Return the command that starts this server in `mode`."""
    options = {"--state": state, "--calls": calls}
    given = [str(word) for name, value in options.items() if value is not None for word in (name, value)]
    return [sys.executable, str(Path(__file__).resolve()), mode, *given]


# The tools.


def _tool(name: str, description: str, properties: JsonObject, **more: object) -> JsonObject:
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return {"name": name, "description": description, "inputSchema": schema, **more}


def _text(text: str, **more: object) -> JsonObject:
    return {"content": [{"type": "text", "text": text}], **more}


def _echo(arguments: JsonObject) -> JsonObject:
    return _text(arguments["text"])


def _fail(arguments: JsonObject) -> JsonObject:
    return _text(arguments["message"], isError=True)


_STRING = {"type": "string"}
_NUMBER = {"type": "number"}
_READ = {"readOnlyHint": True}
_ECHO = _tool("echo", "Say the text again.", {"text": _STRING}, annotations=_READ)
_SLOW = _tool("slow", "Answer after so many seconds.", {"seconds": _NUMBER}, annotations=_READ)
_FAIL = _tool("fail", "Fail with the message.", {"message": _STRING}, annotations=_READ)


# The modes.


def _ok(_server: Server) -> None:
    """Behave."""


def _exit_at_once(_server: Server) -> NoReturn:
    """Die before the first message; the reason stands on stderr only."""
    sys.stderr.write("reading the configuration\nFATAL: cannot open database\n")
    sys.exit(3)


def _garbage(server: Server) -> None:
    """Print junk before, between and around good messages."""
    server.noise = b"\n".join(_JUNK * 10) + b"\n"


def _garbage_only(server: Server) -> NoReturn:
    """Print junk instead of answers."""
    _garbage(server)
    server.write(b"")
    for _ in sys.stdin.buffer:
        server.write(b"")
    sys.exit(0)


def _die_mid_call(server: Server) -> None:
    """Exit when a tool is called."""

    def die(_id: RequestId, _params: JsonObject) -> NoReturn:
        sys.stderr.write("FATAL: out of memory\n")
        sys.exit(1)

    server.handlers["tools/call"] = die


def _hang_call(server: Server) -> None:
    """Never answer a call."""
    server.handlers["tools/call"] = _never


def _hang_init(server: Server) -> None:
    """Never answer the handshake."""
    server.handlers["initialize"] = _never


def _no_read(server: Server) -> None:
    """List the tools, then leave stdin alone until its pipe is full."""

    def list_and_stop(request_id: RequestId, _params: JsonObject) -> NoReturn:
        server.reply(request_id, {"tools": server.definitions})
        _wait_for_the_end()

    server.handlers["tools/list"] = list_and_stop


def _ignore_eof(server: Server) -> NoReturn:
    """Outlive EOF, SIGTERM and SIGINT: only SIGKILL helps."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    server.serve()
    _wait_for_the_end()


def _grandchild(server: Server) -> None:
    """Leave a child behind, in a process group of its own, that holds our stdin, stdout and stderr open."""
    child = subprocess.Popen(["sleep", "300"], process_group=0)
    server.note(f"grandchild {child.pid}")


def _pages(server: Server) -> None:
    """List one tool a page."""

    def page(_id: RequestId, params: JsonObject) -> JsonObject:
        number = int(params.get("cursor", "0"))
        more = {"nextCursor": str(number + 1)} if number + 1 < len(server.definitions) else {}
        return {"tools": [server.definitions[number]], **more}

    server.handlers["tools/list"] = page


def _cursor_loop(server: Server) -> None:
    """Give the same cursor for ever."""
    server.handlers["tools/list"] = lambda _id, _params: {"tools": server.definitions, "nextCursor": "again"}


def _same_tool(server: Server) -> None:
    """Have an `echo` as other servers do, but answer differently."""
    server.definitions = [_ECHO]
    server.tools = {"echo": lambda arguments: _text(f"the other echo: {arguments['text']}")}


def _bad_tool(server: Server) -> None:
    """List a malformed tool among good ones."""
    malformed = {"name": 7, "description": ["not", "text"], "inputSchema": "none"}
    server.definitions = [_ECHO, malformed, _SLOW, _FAIL]


def _bad_output(server: Server) -> None:
    """Return structured content that the tool's own output schema forbids."""
    schema = {"type": "object", "properties": {"celsius": _NUMBER}, "required": ["celsius"]}
    measure = _tool("measure", "Measure it.", {"city": _STRING}, annotations=_READ, outputSchema=schema)
    server.definitions = [*server.definitions, measure]
    server.tools["measure"] = lambda _arguments: _text("rather warm", structuredContent={"celsius": "rather warm"})


def _big(server: Server) -> None:
    """Return as many megabytes as asked for, on one line."""
    server.definitions = [*server.definitions, _tool("big", "Return much.", {"mb": _NUMBER}, annotations=_READ)]
    server.tools["big"] = lambda arguments: _text("x" * int(arguments["mb"] * 2**20))


def _modern_only(server: Server) -> None:
    """Refuse the handshake and serve clients that ask `server/discover`."""

    def refuse(_id: RequestId, params: JsonObject) -> NoReturn:
        data = {"supported": [_MODERN_VERSION], "requested": params.get("protocolVersion", "")}
        raise _RpcError(_UNSUPPORTED_VERSION, "Unsupported protocol version", data)

    def discover(_id: RequestId, _params: JsonObject) -> JsonObject:
        return {"supportedVersions": [_MODERN_VERSION], "capabilities": {"tools": {}}}

    server.extras = {"resultType": "complete", "ttlMs": 0, "cacheScope": "private"}
    server.handlers |= {"initialize": refuse, "server/discover": discover}


def _dup_names(server: Server) -> None:
    """List two tools of one name."""
    server.definitions = [*server.definitions, _ECHO | {"description": "Say something else."}]


def _write_tool(server: Server) -> None:
    """Have tools with effects and without annotations; the state file shows each call."""
    server.definitions = [
        *server.definitions,
        _tool("delete_everything", "Delete it all.", {}),
        _tool("put", "Store a value.", {"key": _STRING, "value": _STRING}),
    ]
    server.tools["delete_everything"] = lambda _arguments: _text("deleted")
    server.tools["put"] = lambda arguments: _text(f"stored {arguments['key']}")


def _no_annotations(server: Server) -> None:
    """Say nothing about what the tools do."""
    server.definitions = [
        {key: value for key, value in tool.items() if key != "annotations"} for tool in server.definitions
    ]


def _stderr_flood(_server: Server) -> None:
    """Fill stderr before the first message: blocks until somebody drains it."""
    line = b"E" * 1023 + b"\n"
    for _ in range(_FLOOD_BYTES // len(line)):
        sys.stderr.buffer.write(line)
    sys.stderr.buffer.write(b"the flood is over\n")
    sys.stderr.flush()


def _exit_after_calls(server: Server) -> None:
    """Answer `--calls` calls properly, then exit."""

    def answer_and_count(request_id: RequestId, params: JsonObject) -> None:
        result = server.call(request_id, params)
        if result is not None:
            server.reply(request_id, result)
        server.calls -= 1
        if server.calls <= 0:
            sys.exit(0)

    server.handlers["tools/call"] = answer_and_count


def _never(_id: RequestId, _params: JsonObject) -> None:
    return None


def _wait_for_the_end() -> NoReturn:
    threading.Event().wait()
    raise AssertionError


MODES: Mapping[str, Callable[[Server], None]] = {
    "ok": _ok,
    "bad_output": _bad_output,
    "bad_tool": _bad_tool,
    "big": _big,
    "cursor_loop": _cursor_loop,
    "die_mid_call": _die_mid_call,
    "dup_names": _dup_names,
    "exit_after_calls": _exit_after_calls,
    "exit_at_once": _exit_at_once,
    "garbage": _garbage,
    "garbage_only": _garbage_only,
    "grandchild": _grandchild,
    "hang_call": _hang_call,
    "hang_init": _hang_init,
    "ignore_eof": _ignore_eof,
    "modern_only": _modern_only,
    "no_annotations": _no_annotations,
    "no_read": _no_read,
    "pages": _pages,
    "same_tool": _same_tool,
    "stderr_flood": _stderr_flood,
    "write_tool": _write_tool,
}


def _main() -> NoReturn:
    parser = argparse.ArgumentParser(description="A hostile MCP server on stdio.")
    parser.add_argument("mode", choices=MODES)
    parser.add_argument("--state", type=Path, help="file that gets a line for each event")
    parser.add_argument("--calls", type=int, default=1, help="how many calls exit_after_calls answers")
    options = parser.parse_args()
    alarm = threading.Timer(LIFETIME_S, os._exit, [9])
    alarm.daemon = True
    alarm.start()
    server = Server(state=options.state, calls=options.calls)
    server.note(f"started {os.getpid()}")
    MODES[options.mode](server)
    server.serve()
    os._exit(0)  # a call that still sleeps, or writes to a client that has gone, must not hold up the end


if __name__ == "__main__":
    _main()
