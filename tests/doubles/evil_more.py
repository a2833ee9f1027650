"""More ways in which a server on stdio misbehaves: what it sends, asks and starts. See `evil_stdio`.

    python -m doubles.evil_more MODE [--state FILE] [--gate FIFO] [--size N]

A mode spoils the well-behaved `Server` before it serves. Most add a tool, called by the mode's name, that misbehaves
when it is called. FIFO holds a mode back until a test opens it for writing.
"""

import argparse
import itertools
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from doubles.evil_stdio import LIFETIME_S, Server

__all__ = ["MODES", "argv"]

JsonObject = dict[str, Any]
_READ = {"readOnlyHint": True}
_MEGABYTE = 2**20
_CHUNK = b"x" * _MEGABYTE


class Options(argparse.Namespace):
    """What the command line says."""

    mode: str
    state: Path | None = None
    gate: Path | None = None
    size: int = 1


OPTIONS = Options()


def argv(mode: str, *, state: Path | None = None, gate: Path | None = None, size: int | None = None) -> list[str]:
    """Return the command that starts this server; it needs the folder `tests` on its PYTHONPATH."""
    options = {"--state": state, "--gate": gate, "--size": size}
    given = [str(word) for name, value in options.items() if value is not None for word in (name, value)]
    return [sys.executable, "-m", "doubles.evil_more", mode, *given]


def tool(name: str, schema: JsonObject | None = None, **more: object) -> JsonObject:
    """Return the definition of a tool that only reads."""
    return {"name": name, "inputSchema": schema or {"type": "object"}, "annotations": _READ, **more}


def text(words: str, **more: object) -> JsonObject:
    """Return a result."""
    return {"content": [{"type": "text", "text": words}], **more}


def add(server: Server, name: str, answer: Callable[[JsonObject], JsonObject], **more: Any) -> None:  # noqa: ANN401 - JSON
    """Give a server a tool more."""
    server.definitions = [*server.definitions, tool(name, **more)]
    server.tools[name] = answer


def on_call(server: Server, name: str, act: Callable[[Any], None]) -> None:
    """Give a server a tool whose answer is up to `act`, which gets the request's id."""
    plain = server.call
    server.definitions = [*server.definitions, tool(name)]

    def call(request_id: str | int, params: JsonObject) -> JsonObject | None:
        if params["name"] != name:
            return plain(request_id, params)
        act(request_id)
        return None

    server.handlers["tools/call"] = call


def notify(server: Server, method: str, **params: object) -> None:
    """Send a notification."""
    server.send({"method": method, "params": params})


# Coming up.


def _slow_start(_server: Server) -> None:
    """Wait for the gate before the first word."""
    assert OPTIONS.gate
    OPTIONS.gate.read_text()


def _bad_version(server: Server) -> None:
    """Speak a version of the protocol that nobody knows."""
    server.handlers["initialize"] = lambda _id, _params: {
        "protocolVersion": "1999-01-01",
        "capabilities": {"tools": {}},
        "serverInfo": {"name": "evil", "version": "1"},
    }


def _odd_discover(server: Server) -> None:
    """Answer the newer era's first request with nonsense, and serve the older one."""
    server.handlers["server/discover"] = lambda _id, _params: {"supportedVersions": "yes", "capabilities": 7}


def _started_before() -> bool:
    assert OPTIONS.state
    return OPTIONS.state.read_text().count("started ") > 1


def _die_once(server: Server) -> None:
    """Die of the first call; the next process behaves."""
    if not _started_before():
        server.handlers["tools/call"] = lambda _id, _params: os._exit(1)


def _die_idle(server: Server) -> None:
    """Die when a call has been answered; the next process behaves."""
    plain = server.call
    if _started_before():
        return

    def call(request_id: str | int, params: JsonObject) -> None:
        server.reply(request_id, plain(request_id, params) or {})
        os._exit(1)

    server.handlers["tools/call"] = call


# Calls.


def _late(server: Server) -> None:
    """Answer a call only when it has been cancelled."""
    calls: list[str | int] = []
    on_call(server, "late", calls.append)
    cancel = server.cancel

    def cancelled(request_id: str | int) -> None:
        cancel(request_id)
        server.reply(request_id, text("too late"))

    server.cancel = cancelled  # type: ignore[method-assign]


def _wrong_ids(server: Server) -> None:
    """Answer other requests than were made, then the one that was, twice."""

    def act(request_id: str | int) -> None:
        server.reply(10_000, text("nobody asked"))
        server.reply("a-word", text("nobody asked"))
        server.reply(request_id, text("first"))
        server.reply(request_id, text("second"))

    on_call(server, "wrong_ids", act)


def _other_id(server: Server) -> None:
    """Answer with the id of no request."""
    on_call(server, "other_id", lambda _id: server.reply(10_000, text("nobody asked")))


def _close_stdout(server: Server) -> None:
    """Close the output in a call, and stay."""

    def act(_id: str | int) -> None:
        os.close(1)
        threading.Event().wait()

    on_call(server, "close_stdout", act)


def _close_stdin(server: Server) -> None:
    """Close the input in a call, and stay."""

    def act(request_id: str | int) -> None:
        server.reply(request_id, text("goodbye"))
        os.close(0)
        threading.Event().wait()

    on_call(server, "close_stdin", act)


def _one_at_a_time(server: Server) -> None:
    """Break when a call arrives before the one under way has been answered."""
    running = threading.Lock()

    def act(request_id: str | int) -> None:
        if not running.acquire(blocking=False):
            os._exit(1)

        def answer() -> None:
            running.release()
            server.reply(request_id, text("one"))

        threading.Timer(0.02, answer).start()

    on_call(server, "one_at_a_time", act)


# What is sent.


def _junk_flood(server: Server) -> None:
    """Print a great many lines of junk in a call, then answer."""
    junk = b"INFO request handled\n" * 1000

    def act(request_id: str | int) -> None:
        for _ in range(OPTIONS.size):
            server.write(junk)
        server.reply(request_id, text("done"))

    on_call(server, "junk_flood", act)


def _odd_bytes(server: Server) -> None:
    """Wrap every message into bytes that are not UTF-8, marks, zeros and carriage returns."""
    server.noise = b"\xff\xfe broken \x80\r\n\0\0\0\n\xef\xbb\xbf\n"
    write = server.write
    server.write = lambda data: write(data.replace(b"\n", b"\r\n"))  # type: ignore[method-assign]
    on_call(server, "odd_bytes", lambda request_id: write(_raw(request_id, b"caf\xe9 \xff")))


def _raw(request_id: str | int, words: bytes) -> bytes:
    head = f'{{"jsonrpc": "2.0", "id": {json.dumps(request_id)}, "result": {{"content": [{{"type": "text", "text": "'
    return head.encode() + words + b'"}]}}\n'


def _utf16(server: Server) -> None:
    """Write UTF-16."""
    write = server.write
    server.write = lambda data: write(data.decode().encode("utf-16"))  # type: ignore[method-assign]


def _odd_values(server: Server) -> None:
    """Return what some parsers choke on: half a character, deep nesting, endless numbers."""
    values = {
        "surrogate": b'{"v": "\\ud800"}',
        "deep": b'{"v": ' + b"[" * 300 + b"]" * 300 + b"}",
        "deeper": b'{"v": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        "long_number": b'{"v": ' + b"9" * 5000 + b"}",
        "infinite": b'{"v": [NaN, Infinity, -Infinity, 1e999]}',
    }
    plain = server.call
    server.definitions = [*server.definitions, *map(tool, values)]

    def call(request_id: str | int, params: JsonObject) -> JsonObject | None:
        if params["name"] not in values:
            return plain(request_id, params)
        head = f'{{"jsonrpc": "2.0", "id": {json.dumps(request_id)}, "result": {{"content": [], "structuredContent": '
        server.write(head.encode() + values[params["name"]] + b"}}\n")
        return None

    server.handlers["tools/call"] = call


def _huge(server: Server) -> None:
    """Return `--size` megabytes on one line."""

    def act(request_id: str | int) -> None:
        start, end = _raw(request_id, b"|").split(b"|")
        server.write(start)
        for _ in range(OPTIONS.size):
            server.write(_CHUNK)
        server.write(end)

    on_call(server, "huge", act)


def _endless(server: Server) -> None:
    """Begin a line that never ends."""

    def act(request_id: str | int) -> None:
        server.write(_raw(request_id, b"|").split(b"|")[0])
        while True:
            os.write(1, _CHUNK)

    on_call(server, "endless", act)


def _many_values(server: Server) -> None:
    """Return `--size` thousand small values: cheap to send, dear to read."""
    add(server, "many_values", lambda _: text("many", structuredContent={"v": [{"a": 1}] * (1000 * OPTIONS.size)}))


def _contents(server: Server) -> None:
    """Return the content that is asked for, whatever it is."""
    add(server, "contents", lambda arguments: arguments["result"])


def _errors(server: Server) -> None:
    """Answer a call with the error that is asked for, whatever it is."""

    def call(request_id: str | int, params: JsonObject) -> None:
        error = dict(params["arguments"]["error"])
        error["data"] = "x" * int(error.pop("megabytes", 0) * _MEGABYTE)
        server.send({"id": request_id, "error": error})

    server.definitions = [tool("errors")]
    server.handlers["tools/call"] = call


def _progress(server: Server) -> None:
    """Report progress for ever, each time with values that make no sense."""
    odd = itertools.cycle([0.5, -1, 1e308, "much", None, float("nan"), 7])

    def act(_id: str | int) -> None:
        def report() -> None:
            while True:
                for token in (server_token[0], "foreign"):
                    value = next(odd)
                    notify(server, "notifications/progress", progressToken=token, progress=value, message="m" * 2000)
                time.sleep(0.002)

        threading.Thread(target=report, daemon=True).start()

    server_token: list[object] = [None]
    on_call(server, "progress", act)
    receive = server.receive

    def seen(message: JsonObject) -> None:
        params: JsonObject = message.get("params") or {}
        meta: JsonObject = params.get("_meta") or {}
        server_token[0] = meta.get("progressToken", server_token[0])
        receive(message)

    server.receive = seen  # type: ignore[method-assign]


def _storm(server: Server) -> None:
    """Say `--size` thousand times in a call that the list has changed, then answer; count how often it is fetched."""

    def listed(_id: str | int, _params: JsonObject) -> JsonObject:
        server.note("listed")
        return {"tools": server.definitions}

    def act(request_id: str | int) -> None:
        line = json.dumps({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}).encode() + b"\n"
        for _ in range(OPTIONS.size):
            server.write(line * 1000)
        server.reply(request_id, text("done"))

    server.handlers["tools/list"] = listed
    on_call(server, "storm", act)


def _log_flood(server: Server) -> None:
    """Log a great deal through the protocol in a call, then answer."""

    def act(request_id: str | int) -> None:
        for number in range(1000 * OPTIONS.size):
            notify(server, "notifications/message", level="error", data=f"line {number}")
        server.reply(request_id, text("done"))

    on_call(server, "log_flood", act)


def _stderr_flood(server: Server) -> None:
    """Write `--size` megabytes to standard error in a call, then answer."""

    def act(request_id: str | int) -> None:
        for _ in range(OPTIONS.size):
            os.write(2, b"E" * (_MEGABYTE - 1) + b"\n")
        server.reply(request_id, text("done"))

    on_call(server, "stderr_flood", act)


def _asks(server: Server) -> None:
    """Ask the client for everything in a call; answer with what it says, which is noted too."""
    methods = ["sampling/createMessage", "roots/list", "elicitation/create", "no/such"]
    said: JsonObject = {}
    calls: list[str | int] = []

    def act(request_id: str | int) -> None:
        said.clear()
        calls.append(request_id)
        schema: JsonObject = {"type": "object", "properties": {}}
        message = {"role": "user", "content": {"type": "text", "text": "hello"}}
        params: JsonObject = {"message": "Really?", "requestedSchema": schema, "messages": [message], "maxTokens": 9}
        for method in methods:
            server.send({"id": f"ask-{method}", "method": method, "params": params})

    receive = server.receive

    def answered(message: JsonObject) -> None:
        if str(message.get("id", "")).startswith("ask-"):
            said[message["id"].removeprefix("ask-")] = message.get("error", {}).get("message", message.get("result"))
            if len(said) == len(methods):
                server.reply(calls.pop(), text(json.dumps(said)))
        receive(message)

    server.receive = answered  # type: ignore[method-assign]
    on_call(server, "asks", act)


# Lists.


def _one_bad(server: Server) -> None:
    """List a malformed tool among fifty."""
    good = [tool(f"good_{number}") for number in range(49)]
    server.definitions = [*good[:20], {"name": "bad", "inputSchema": [1], "description": 3}, *good[20:]]
    server.tools = {"good_7": lambda _: text("good")}


def _many(server: Server) -> None:
    """List `--size` tools, and one with a description of 200 KB."""
    tools = [tool(f"tool_{number}", description="Does one thing.") for number in range(OPTIONS.size)]
    server.definitions = [*server.definitions, *tools, tool("talkative", description="words " * 34_000)]


def _new_cursors(server: Server) -> None:
    """Give a new cursor with each page, for ever."""
    numbers = itertools.count()
    server.handlers["tools/list"] = lambda _id, _params: {
        "tools": [tool(f"tool_{(number := next(numbers))}")],
        "nextCursor": str(number),
    }


def _empty_cursor(server: Server) -> None:
    """Give an empty cursor with the last page."""
    server.handlers["tools/list"] = lambda _id, _params: {"tools": server.definitions, "nextCursor": ""}


def _shuffled(server: Server) -> None:
    """List the tools in another order each time the server is started."""
    server.definitions = [tool(f"tool_{number:02}") for number in range(40)]
    random.shuffle(server.definitions)


def _names(server: Server) -> None:
    """Have tools with names that nobody expects."""
    odd = ["two words", "a/b", "name-é-ü", "x" * 10_000, "__proto__", "constructor", "", "a__b", "\u202egnp", "a.b"]
    server.definitions = [*server.definitions, *map(tool, odd)]
    server.tools |= {name: lambda _arguments, name=name: text(f"called {name[:20]}") for name in odd}


def _schemas(server: Server) -> None:
    """Have tools whose schemas are meant to harm whoever uses them; `--size` is a port of 127.0.0.1."""
    remote = f"http://127.0.0.1:{OPTIONS.size}/schema.json"
    slow = {"type": "string", "pattern": "^(a+)+$"}
    schemas: dict[str, JsonObject] = {
        "slow_pattern": {"type": "object", "properties": {"v": slow}},
        "recursive": {"type": "object", "properties": {"v": {"$ref": "#"}}, "additionalProperties": {"$ref": "#"}},
        "remote": {"type": "object", "properties": {"v": {"$ref": remote}}},
    }
    for name, schema in schemas.items():
        add(server, name, lambda _: text("called"), schema=schema)
    add(
        server,
        "slow_output",
        lambda _: text("called", structuredContent={"v": "a" * 27 + "!"}),
        outputSchema={"type": "object", "properties": {"v": slow}},
    )


def _wide_schema(server: Server) -> None:
    """Have a tool with `--size` thousand properties."""
    properties = {f"p{number}": {"type": "integer"} for number in range(1000 * OPTIONS.size)}
    add(server, "wide", lambda _: text("called"), schema={"type": "object", "properties": properties})


def _changing(server: Server) -> None:
    """Take `echo` away and bring `fresh` in a call of `change`, and say so though it was not declared."""

    def act(request_id: str | int) -> None:
        server.definitions = [each for each in server.definitions if each["name"] != "echo"] + [tool("fresh")]
        server.tools = {"fresh": lambda _: text("fresh"), "fail": server.tools["fail"]}
        notify(server, "notifications/tools/list_changed")
        server.reply(request_id, text("changed"))

    on_call(server, "change", act)


# Processes.


def _daemon(server: Server) -> None:
    """Start a process that leaves our session and is adopted by another parent."""
    code = "import os, time\nif os.fork() == 0:\n  os.setsid()\n  if os.fork() == 0: time.sleep(300)\nos._exit(0)"
    subprocess.run([sys.executable, "-c", code], check=True)
    server.note("daemon")


def _leader_exits(_server: Server) -> None:
    """Serve from a child, and end when the input does; the child stays."""
    if os.fork() == 0:
        return
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os._exit(0)


def _dump(server: Server) -> None:
    """Tell what the process can see: its environment, its open files and its parent's command line."""

    def answer(_arguments: JsonObject) -> JsonObject:
        links = {number: _link(number) for number in os.listdir("/proc/self/fd")}  # noqa: PTH208 - names
        command = Path(f"/proc/{os.getppid()}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        return text(json.dumps({"environment": dict(os.environ), "files": links, "parent": command}))

    add(server, "dump", answer)


def _link(number: str) -> str:
    try:
        return str(Path(f"/proc/self/fd/{number}").readlink())
    except OSError:  # it was the one that listed the folder
        return ""


MODES: Mapping[str, Callable[[Server], None]] = {
    "asks": _asks,
    "bad_version": _bad_version,
    "changing": _changing,
    "close_stdin": _close_stdin,
    "close_stdout": _close_stdout,
    "contents": _contents,
    "daemon": _daemon,
    "die_idle": _die_idle,
    "die_once": _die_once,
    "dump": _dump,
    "empty_cursor": _empty_cursor,
    "endless": _endless,
    "errors": _errors,
    "huge": _huge,
    "junk_flood": _junk_flood,
    "late": _late,
    "leader_exits": _leader_exits,
    "log_flood": _log_flood,
    "many": _many,
    "many_values": _many_values,
    "names": _names,
    "new_cursors": _new_cursors,
    "odd_bytes": _odd_bytes,
    "odd_discover": _odd_discover,
    "odd_values": _odd_values,
    "one_at_a_time": _one_at_a_time,
    "one_bad": _one_bad,
    "other_id": _other_id,
    "progress": _progress,
    "schemas": _schemas,
    "shuffled": _shuffled,
    "slow_start": _slow_start,
    "stderr_flood": _stderr_flood,
    "storm": _storm,
    "utf16": _utf16,
    "wide_schema": _wide_schema,
    "wrong_ids": _wrong_ids,
}


def _main() -> NoReturn:
    parser = argparse.ArgumentParser(description="A hostile MCP server on stdio.")
    parser.add_argument("mode", choices=MODES)
    parser.add_argument("--state", type=Path, help="file that gets a line for each event")
    parser.add_argument("--gate", type=Path, help="a FIFO that holds the server back")
    parser.add_argument("--size", type=int, help="how much of it")
    parser.parse_args(namespace=OPTIONS)
    alarm = threading.Timer(LIFETIME_S, os._exit, [9])
    alarm.daemon = True
    alarm.start()
    server = Server(state=OPTIONS.state, calls=0)
    server.note(f"started {os.getpid()}")
    MODES[OPTIONS.mode](server)
    server.serve()
    os._exit(0)


if __name__ == "__main__":
    _main()
