"""Servers that say everything they were given in confidence, wherever a server can say anything.

    python leaky.py {stays|dies} [ARGUMENT ...]

On stdio: what stands in the variables that `LEAKS` names, and the arguments. Over HTTP (`serving`): the address and the
headers of each request; addresses that hold `refuse` get a refusal.
"""

import json
import os
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, NoReturn

sys.path.insert(0, str(Path(__file__).parent.parent))  # it is started by its path, too

from doubles.evil_stdio import Server

__all__ = ["LEAKY", "serving"]

LEAKY = str(Path(__file__).resolve())

_NAMES = ("tell", "fail", "refuse", "ask", "link", "die")


def _known() -> str:
    return " ".join([*sys.argv[2:], *(os.environ.get(name, "") for name in os.environ.get("LEAKS", "").split(","))])


def _tools(words: str) -> list[dict[str, Any]]:
    schema = {"type": "object", "properties": {"text": {"type": "string", "description": words}}}
    about = {"inputSchema": schema, "annotations": {"readOnlyHint": True, "title": words}}
    return [{"name": name, "description": f"To {name}: {words}", **about} for name in _NAMES]


def _spoken(words: str, **more: object) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": json.dumps({"said": words, words: [words]})}], **more}


class _Leaky(Server):
    """Answers with what it knows."""

    def __init__(self) -> None:
        super().__init__(state=None, calls=0)
        self.words = _known()
        self.definitions = _tools(self.words)
        self.handlers |= {"tools/call": self.leak, "resources/read": lambda _id, _params: self._contents()}
        self._asked: str | int = 0

    def initialize(self, _id: str | int, _params: dict[str, Any]) -> dict[str, Any]:
        """Shake hands, with a telling name."""
        about = super().initialize(_id, _params)
        return {**about, "serverInfo": {"name": "leaky", "title": f"Leaky {self.words}", "version": self.words}}

    def receive(self, message: dict[str, Any]) -> None:
        """Take in one message; an answer to a question ends the call that asked."""
        if "method" in message:
            super().receive(message)
        else:
            self.reply(self._asked, _spoken(self.words))

    def leak(self, request_id: str | int, params: dict[str, Any]) -> dict[str, Any] | None:
        """Run a tool."""
        about: dict[str, Any] = params.get("_meta") or {}
        if token := about.get("progressToken"):
            progress: dict[str, Any] = {"progressToken": token, "progress": 1, "message": f"at {self.words}"}
            self.send({"method": "notifications/progress", "params": progress})
        log = {"level": "error", "data": self.words}
        self.send({"method": "notifications/message", "params": log})
        match params["name"]:
            case "fail":
                return _spoken(self.words, isError=True)
            case "refuse":
                self.send({"id": request_id, "error": {"code": -32000, "message": self.words, "data": self.words}})
            case "ask":
                self._ask(request_id)
            case "link":
                link = {"type": "resource_link", "uri": "leak://it", "name": self.words, "description": self.words}
                return {"content": [link]}
            case "die":
                _die(self.words)
            case _:
                arguments: dict[str, Any] = params.get("arguments") or {}
                same = arguments.get("text") == self.words
                value: dict[str, Any] = {"deep": [{self.words: self.words}], "words": self.words, "same": same}
                return _spoken(self.words, structuredContent=value)
        return None

    def _ask(self, request_id: str | int) -> None:
        self._asked = request_id
        schema = {"type": "object", "properties": {"ok": {"type": "boolean", "description": self.words}}}
        params = {"message": f"Is it {self.words}?", "requestedSchema": schema}
        self.send({"id": "question", "method": "elicitation/create", "params": params})

    def _contents(self) -> dict[str, Any]:
        return {"contents": [{"uri": "leak://it", "mimeType": "text/plain", "text": self.words}]}


def _die(words: str) -> NoReturn:
    sys.stderr.write(f"FATAL: {words}\n")
    sys.exit(3)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        """Answer with what was sent."""
        words = " ".join([self.path, *(f"{name}: {value}" for name, value in self.headers.items())])
        self.seen.append(words)
        message = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))))
        if "refuse" in self.path:
            self._send(403, f"<h1>Forbidden</h1> {words}".encode(), "text/html", words)
        elif "id" not in message:
            self._send(202, b"", "text/plain", words)
        else:
            body = {"jsonrpc": "2.0", "id": message["id"], **_answered(message, words)}
            self._send(200, json.dumps(body).encode(), "application/json", words)

    def do_GET(self) -> None:
        """Have no stream."""
        self._send(405, b"", "text/plain", "")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base has it
        """Keep the test's output clean."""

    def _send(self, status: int, body: bytes, kind: str, words: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Seen", words)
        self.end_headers()
        self.wfile.write(body)


def _answered(message: dict[str, Any], words: str) -> dict[str, Any]:
    match message.get("method"):
        case "initialize":
            about = {"name": words, "version": "1"}
            version = message["params"]["protocolVersion"]
            return {"result": {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": about}}
        case "tools/list":
            return {"result": {"tools": _tools(words)}}
        case "tools/call" if message["params"]["name"] == "tell":
            return {"result": _spoken(words, structuredContent={"words": words})}
        case _:
            return {"error": {"code": -32601, "message": f"Not found: {words}"}}


@contextmanager
def serving() -> Generator[tuple[str, list[str]]]:
    """Serve over HTTP on 127.0.0.1; yield host and port, and the list of what was sent."""
    _Handler.seen.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, args=[0.02], daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}", _Handler.seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _main() -> NoReturn:
    server = _Leaky()
    sys.stderr.write(f"starting with {server.words}\n")
    sys.stderr.flush()
    if sys.argv[1] == "dies":
        _die(server.words)
    server.serve()
    os._exit(0)


if __name__ == "__main__":
    _main()
