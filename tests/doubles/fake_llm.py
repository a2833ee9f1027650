"""An OpenAI-compatible chat completions endpoint that plays a script over real HTTP.

    with FakeLLM([ToolCalls([("weather__today", {"city": "Oslo"})]), Text("Rain.")]) as llm:
        ...  # point a client at llm.base_url, then look at llm.requests

A script is the replies in order, or a function from the request's body to a reply. By hand, or for a benchmark:

    python tests/doubles/fake_llm.py --script FILE.json [--port N] [--repeat] [--latency-ms N] [--per-token-ms N]

where FILE is a list of `{"tool_calls": [{"name": ..., "arguments": ...}]}`, `{"text": ...}` and
`{"status": ..., "body": ..., "headers": {...}}`, each with an optional `"delay"` in seconds; the first line printed is
the base url. A request for a stream gets `ToolCalls` and `Text` as one, token by token. With `embeddings=WordVectors()`
it makes embeddings too, which as with many endpoints it does not otherwise. Standard library only.
"""

import argparse
import json
import re
import select
import socket
import sys
import threading
import time
from array import array
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass, field
from functools import partial
from hashlib import shake_128
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import TCPServer, ThreadingMixIn
from types import TracebackType
from typing import Any, Self, assert_never, cast
from urllib.parse import urlsplit

__all__ = [
    "FREE",
    "Charges",
    "Drop",
    "FakeLLM",
    "Hang",
    "Json",
    "JsonObject",
    "Raw",
    "RecordedRequest",
    "Reply",
    "Script",
    "Streamed",
    "Text",
    "ToolCalls",
    "Usage",
    "WordVectors",
    "api_error",
    "calls_without_ids",
    "dict_arguments",
    "events_of",
    "html_page",
    "no_choices",
    "null_choices",
    "rate_limited",
    "server_error",
    "truncated_arguments",
    "unauthorized",
    "unsupported_parameter",
]

JsonObject = dict[str, Any]

_CHARACTERS_PER_TOKEN = 4
_EMBEDDINGS = "/embeddings"


# What the endpoint can answer.


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens as the endpoint reports them."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0


@dataclass(frozen=True, slots=True)
class ToolCalls:
    """An assistant that calls tools; `calls` are (name, arguments), arguments as a string go out as they are."""

    calls: Sequence[tuple[str, Mapping[str, Any] | str]]
    content: str | None = None
    _: KW_ONLY
    finish_reason: str = "tool_calls"
    usage: Usage | None = None
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class Text:
    """An assistant that says something."""

    text: str
    _: KW_ONLY
    finish_reason: str = "stop"
    usage: Usage | None = None
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class Json:
    """Any JSON with any status."""

    status: int
    body: object
    _: KW_ONLY
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class Raw:
    """Any bytes with any status.

    A Content-Length among `headers` stands: one that promises more than the body cuts the connection in mid-body.
    `pace` is a pause in seconds before each byte of the body.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    _: KW_ONLY
    pace: float = 0.0
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class Streamed:
    """A stream of server-sent events, part by part; what is an event waits until it is set.

    `cut`: whether the connection ends in its middle.
    """

    parts: Sequence[bytes | threading.Event]
    _: KW_ONLY
    cut: bool = False
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class Hang:
    """No answer until the client gives up or the server closes; the former counts as a hang-up."""


@dataclass(frozen=True, slots=True)
class Drop:
    """The connection closed without an answer."""

    delay: float = 0.0


Reply = ToolCalls | Text | Json | Raw | Streamed | Hang | Drop
Script = Sequence[Reply] | Callable[[JsonObject], Reply]


@dataclass(frozen=True, slots=True, kw_only=True)
class Charges:
    """The time that an answer costs, so that a benchmark meets a model of known speed."""

    latency_s: float = 0.0
    seconds_per_completion_token: float = 0.0
    seconds_per_prompt_token: float = 0.0

    def seconds(self, usage: Usage) -> float:
        """Return how long an answer with this usage takes."""
        completion = usage.completion_tokens * self.seconds_per_completion_token
        return self.latency_s + completion + usage.prompt_tokens * self.seconds_per_prompt_token


FREE = Charges()


# Embeddings.


@dataclass(frozen=True, slots=True, kw_only=True)
class WordVectors:
    """Embeds each text as the sum of a direction a word, the same at all times: texts that share words are near.

    Attributes:
        dimensions: Of each vector, unless the request says otherwise.
        synonyms: Words that have the direction of another.
        packed: Whether vectors go out as single precision in base64.
        shuffled: Whether they go out in another order than that of the texts, told by their `index`.
    """

    dimensions: int = 64
    synonyms: Mapping[str, str] = field(default_factory=dict[str, str])
    packed: bool = False
    shuffled: bool = False

    def __call__(self, body: JsonObject) -> Json:
        """Answer a request."""
        texts: list[str] = body["input"]
        size: int = body.get("dimensions", self.dimensions)
        data: list[JsonObject] = [{"index": at, "embedding": self._sent(text, size)} for at, text in enumerate(texts)]
        tokens = sum(len(text) // _CHARACTERS_PER_TOKEN + 1 for text in texts)
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return Json(200, {"object": "list", "data": data[::-1] if self.shuffled else data, "usage": usage})

    def of(self, text: str, size: int | None = None) -> list[float]:
        """Return the vector of a text."""
        words = [self.synonyms.get(word, word) for word in re.findall(r"[a-z]+", text.lower())]
        directions = [_direction(word, size or self.dimensions) for word in words or [""]]
        return [sum(column) for column in zip(*directions, strict=True)]

    def _sent(self, text: str, size: int) -> list[float] | str:
        vector = self.of(text, size)
        return b64encode(array("f", vector).tobytes()).decode() if self.packed else vector


def _direction(word: str, size: int) -> list[float]:
    data = shake_128(word.encode()).digest(size)
    return [(byte - 127.5) / 127.5 for byte in data]


# Answers seen in the wild.


def html_page() -> Raw:
    """Return what a captive portal or a proxy says: a web page with status 200."""
    return Raw(
        200, {"Content-Type": "text/html"}, b"<!doctype html><title>Sign in</title><h1>Sign in to the Wi-Fi</h1>"
    )


def no_choices() -> Json:
    """Return a completion with an empty list of choices."""
    return Json(200, _completion({}, []))


def null_choices() -> Json:
    """Return a completion whose choices are null, as gateways send for a failed upstream."""
    return Json(200, _completion({}, None))


def truncated_arguments(name: str, arguments: str) -> ToolCalls:
    """Return a call cut off by the token limit; `arguments` is the text up to the cut."""
    return ToolCalls([(name, arguments)], finish_reason="length")


def dict_arguments(name: str, arguments: Mapping[str, Any]) -> Json:
    """Return a call whose arguments are an object where the API has a string of JSON."""
    call = {"id": "call_0", "type": "function", "function": {"name": name, "arguments": dict(arguments)}}
    return Json(200, _completion({}, [_choice({"content": None, "tool_calls": [call]}, "tool_calls")]))


def calls_without_ids(calls: Sequence[tuple[str, Mapping[str, Any]]]) -> Json:
    """Return calls that have neither id nor type, and the finish reason of a text."""
    bare = [{"function": {"name": name, "arguments": json.dumps(arguments)}} for name, arguments in calls]
    return Json(200, _completion({}, [_choice({"content": "", "tool_calls": bare}, "stop")]))


def api_error(
    status: int,
    message: str,
    *,
    kind: str = "invalid_request_error",
    param: str | None = None,
    code: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Json:
    """Return an error in OpenAI's form; `kind` is its `type`."""
    error = {"message": message, "type": kind, "param": param, "code": code}
    return Json(status, {"error": error}, headers=headers or {})


def unauthorized() -> Json:
    """Return the answer to a wrong key."""
    message = "Incorrect API key provided: sk-wrong. You can find your API key at https://platform.openai.com/account."
    return api_error(401, message, code="invalid_api_key")


def rate_limited(retry_after: str = "1") -> Json:
    """Return a 429; `retry_after` is the header's text, so that it can also be a date or nonsense."""
    message = "Rate limit reached for requests per min (RPM): Limit 3, Used 3, Requested 1."
    headers = {"Retry-After": retry_after}
    return api_error(429, message, kind="requests", code="rate_limit_exceeded", headers=headers)


def server_error(status: int = 500) -> Json:
    """Return a failure of the endpoint itself."""
    return api_error(status, "The server had an error while processing your request.", kind="server_error")


def unsupported_parameter(name: str) -> Json:
    """Return the refusal of one request parameter."""
    message = f"Unsupported parameter: '{name}' is not supported with this model."
    return api_error(400, message, param=name, code="unsupported_parameter")


def events_of(reply: ToolCalls | Text, *, number: int = 0, usage: Usage | None = None) -> list[bytes]:
    """Return a reply as the events of a stream, in which each carries about one token.

    Args:
        reply: What is said.
        number: Of the request, for ids.
        usage: Told in an event of its own at the end; None: not told.
    """
    deltas: list[JsonObject] = [{"role": "assistant", "content": None}]
    text = reply.content if isinstance(reply, ToolCalls) else reply.text
    deltas += [{"content": piece} for piece in _pieces(text or "")]
    for index, (name, arguments) in enumerate(reply.calls if isinstance(reply, ToolCalls) else ()):
        whole = _call(f"call_{number}_{index}", name, arguments)
        written = whole["function"]["arguments"]
        deltas.append({"tool_calls": [{**whole, "index": index, "function": {"name": name, "arguments": ""}}]})
        deltas += [{"tool_calls": [{"index": index, "function": {"arguments": piece}}]} for piece in _pieces(written)]
    chunks: list[JsonObject] = [_chunk([{"index": 0, "delta": delta, "finish_reason": None}]) for delta in deltas]
    chunks.append(_chunk([{"index": 0, "delta": {}, "finish_reason": reply.finish_reason}]))
    if usage:
        chunks.append(_chunk([]) | {"usage": _usage(usage)})
    return [*(f"data: {json.dumps(chunk)}\n\n".encode() for chunk in chunks), b"data: [DONE]\n\n"]


def _pieces(text: str) -> list[str]:
    return [text[at : at + _CHARACTERS_PER_TOKEN] for at in range(0, len(text), _CHARACTERS_PER_TOKEN)]


def _chunk(choices: list[JsonObject]) -> JsonObject:
    return {"id": "chatcmpl-0", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": choices}


# The server.


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRequest:
    """A request as it arrived.

    Attributes:
        method: `POST`, as a rule.
        path: With the query string.
        headers: Names in lower case.
        body: The JSON object; empty when the body was something else.
        client_port: The same for requests of one connection.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: JsonObject
    client_port: int


class FakeLLM:
    """The endpoint, as a context manager: it listens on a free port of 127.0.0.1 until the block ends.

    What a script function raises answers that request with 500, and is raised again at the end of the block.

    Args:
        script: The replies in order, or a function from a request's body to the reply.
        charges: The time that answers cost.
        repeat: Start over after the last reply. Without it a request past the end is an overrun, answered with 500.
        port: The port; 0 for a free one.
        embeddings: Answers requests for embeddings; None: there are none here.
    """

    def __init__(
        self,
        script: Script,
        *,
        charges: Charges = FREE,
        repeat: bool = False,
        port: int = 0,
        embeddings: Callable[[JsonObject], Reply] | None = None,
    ) -> None:
        self._tape = _Tape(script, charges=charges, repeat=repeat, embeddings=embeddings)
        self._server = _Server(self._tape, port)
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.02], name="FakeLLM", daemon=True)
        self.base_url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> Self:
        """Start to answer."""
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Hang up on everybody, end every thread, then report what went wrong in a script function."""
        self._tape.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.hang_up()
        self._server.server_close()
        if error is None and self._tape.failures:
            raise self._tape.failures[0]

    @property
    def charges(self) -> Charges:
        """The time that answers cost; what is set counts for requests from then on."""
        return self._tape.charges

    @charges.setter
    def charges(self, charges: Charges) -> None:
        self._tape.charges = charges

    @property
    def requests(self) -> list[RecordedRequest]:
        """Every request so far, whatever its path and reply."""
        return list(self._tape.requests)

    @property
    def embedded(self) -> list[JsonObject]:
        """The bodies of all requests for embeddings so far."""
        return [request.body for request in self._tape.requests if request.path.endswith(_EMBEDDINGS)]

    @property
    def overruns(self) -> int:
        """How many requests came after the script had ended."""
        return self._tape.overruns

    @property
    def hangups(self) -> int:
        """How many clients have given up on a `Hang`."""
        return self._tape.hangups

    def wait_requests(self, count: int, *, within: float = 5.0) -> None:
        """Block until `count` requests have arrived (from async code: in a worker thread)."""
        self._tape.wait(lambda: len(self._tape.requests) >= count, f"{count} requests", within=within)

    def wait_hangups(self, count: int, *, within: float = 5.0) -> None:
        """Block until `count` clients have given up on a `Hang` (from async code: in a worker thread)."""
        self._tape.wait(lambda: self._tape.hangups >= count, f"{count} hang-ups", within=within)


class _Tape:
    """What was asked and what comes next, shared by the threads of all connections."""

    def __init__(
        self,
        script: Script,
        *,
        charges: Charges,
        repeat: bool,
        embeddings: Callable[[JsonObject], Reply] | None,
    ) -> None:
        self.embeddings = embeddings
        self.script = script if callable(script) else tuple(script)
        self.charges = charges
        self.repeat = repeat
        self.requests: list[RecordedRequest] = []
        self.failures: list[Exception] = []
        self.overruns = 0
        self.hangups = 0
        self.closing = threading.Event()
        self._played = 0
        self._changed = threading.Condition()

    def record(self, request: RecordedRequest) -> int:
        """Keep a request, wake who waits for it and return its number."""
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()
            return len(self.requests)

    def record_hangup(self) -> None:
        """Count a client that gave up and wake who waits for it."""
        with self._changed:
            self.hangups += 1
            self._changed.notify_all()

    def wait(self, condition: Callable[[], bool], what: str, *, within: float) -> None:
        """Block until the condition holds."""
        with self._changed:
            if not self._changed.wait_for(condition, within):
                message = (
                    f"waited {within:g} s for {what}: {len(self.requests)} requests, {self.hangups} hang-ups so far"
                )
                raise TimeoutError(message)

    def reply_to(self, request: RecordedRequest) -> Reply:
        """Choose the reply."""
        path = urlsplit(request.path).path
        if path.endswith(_EMBEDDINGS) and self.embeddings:
            return self._written(self.embeddings, request.body)
        if not path.endswith("/chat/completions"):
            return api_error(404, f"Unknown request URL: {request.method} {request.path}.", code="unknown_url")
        if not request.body:
            return api_error(400, "We could not parse the JSON body of your request.")
        return self._written(self.script, request.body) if callable(self.script) else self._next(self.script)

    def _written(self, script: Callable[[JsonObject], Reply], body: JsonObject) -> Reply:
        try:
            return script(body)
        except Exception as error:  # noqa: BLE001 - a test's own code, in our thread: FakeLLM raises it where it is seen
            self.failures.append(error)
            return _final_error(f"FakeLLM: the script raised {error!r}")

    def _next(self, replies: tuple[Reply, ...]) -> Reply:
        with self._changed:
            index = self._played % len(replies) if self.repeat else self._played
            if index >= len(replies):
                self.overruns += 1
                return _final_error(f"FakeLLM: the script ended after {len(replies)} replies, this is one request more")
            self._played += 1
            return replies[index]


class _Server(ThreadingMixIn, TCPServer):
    """A thread for each connection; closing ends and joins them all."""

    allow_reuse_address = True
    daemon_threads = False
    request_queue_size = 256

    def __init__(self, tape: _Tape, port: int) -> None:
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", port), partial(_Connection, tape))

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as socketserver has it
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - as socketserver has it
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End every connection; threads that wait for their client see it go."""
        with self._lock:
            for connection in self._connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as socketserver has it
        if not isinstance(sys.exception(), OSError):  # a client may leave at any time
            super().handle_error(request, client_address)


class _Connection(BaseHTTPRequestHandler):
    """One client's connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # header and body in one packet

    def __init__(self, tape: _Tape, request: Any, client_address: Any, server: TCPServer) -> None:  # noqa: ANN401
        self.tape = tape
        super().__init__(request, client_address, server)

    def do_POST(self) -> None:
        """Record the request and act out the reply."""
        request = self._receive()
        number = self.tape.record(request)
        reply = self.tape.reply_to(request)
        match reply:
            case ToolCalls() | Text() if request.body.get("stream") is True:
                self._stream(reply, request.body, number)
            case Streamed():
                self.tape.closing.wait(reply.delay)
                self._send_parts(reply)
            case ToolCalls() | Text():
                body, usage = _chat_completion(reply, request.body, number)
                self._send(_raw(Json(200, body)), reply.delay + self.tape.charges.seconds(usage))
            case Json():
                self._send(_raw(reply), reply.delay + self.tape.charges.latency_s)
            case Raw():
                self._send(reply, reply.delay + self.tape.charges.latency_s)
            case Hang():
                self._outwait()
            case Drop():
                self.tape.closing.wait(reply.delay)
                self.close_connection = True
            case _:
                assert_never(reply)

    def do_GET(self) -> None:
        """Treat it like any other request that is no completion."""
        self.do_POST()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named by http.server
        """Say nothing."""

    def _receive(self) -> RecordedRequest:
        data = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        return RecordedRequest(
            method=self.command,
            path=self.path,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=_json_object(data),
            client_port=self.client_address[1],
        )

    def _send(self, reply: Raw, delay: float) -> None:
        if self.tape.closing.wait(delay):
            self.close_connection = True
            return
        headers = {"content-length": str(len(reply.body))} | {k.lower(): v for k, v in reply.headers.items()}
        self.send_response(reply.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        for part in _parts(reply):
            self.wfile.flush()
            self.tape.closing.wait(reply.pace)
            self.wfile.write(part)
        self.close_connection = self.close_connection or headers["content-length"] != str(len(reply.body))

    def _stream(self, reply: ToolCalls | Text, body: JsonObject, number: int) -> None:
        """Send a reply token by token, in the time that the whole of it would take."""
        _, usage = _chat_completion(reply, body, number)
        told = usage if body.get("stream_options", {}).get("include_usage") else None
        events = events_of(reply, number=number, usage=told)
        charges = self.tape.charges
        writing = usage.completion_tokens * charges.seconds_per_completion_token
        self.tape.closing.wait(reply.delay + charges.seconds(usage) - writing)
        self._send_parts(Streamed(events), pace=writing / len(events))

    def _send_parts(self, stream: Streamed, *, pace: float = 0.0) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        began = time.monotonic()
        for number, part in enumerate(stream.parts, 1):
            if isinstance(part, threading.Event):
                self.wfile.flush()
                self._await(part)
                continue
            if pace:
                self.wfile.flush()
                self.tape.closing.wait(max(began + number * pace - time.monotonic(), 0))
            if self.tape.closing.is_set():
                break
            self.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
        if stream.cut or self.tape.closing.is_set():
            self.wfile.flush()
            self.close_connection = True
        else:
            self.wfile.write(b"0\r\n\r\n")

    def _await(self, event: threading.Event) -> None:
        """Wait for an event, unless the server closes or the client leaves."""
        while not event.wait(0.02) and not self.tape.closing.is_set():
            if select.select([self.connection], [], [], 0)[0]:
                self.tape.record_hangup()
                raise ConnectionResetError

    def _outwait(self) -> None:
        with suppress(OSError):
            self.connection.recv(1)
        self.close_connection = True
        if not self.tape.closing.is_set():
            self.tape.record_hangup()


def _json_object(data: bytes) -> JsonObject:
    try:
        value: Any = json.loads(data)
    except ValueError:
        return {}
    return cast("JsonObject", value) if isinstance(value, dict) else {}


def _parts(reply: Raw) -> Sequence[bytes]:
    return [bytes([byte]) for byte in reply.body] if reply.pace else [reply.body]


def _raw(reply: Json) -> Raw:
    headers = {"Content-Type": "application/json"} | dict(reply.headers)
    return Raw(reply.status, headers, json.dumps(reply.body).encode())


def _chat_completion(reply: ToolCalls | Text, request: JsonObject, number: int) -> tuple[JsonObject, Usage]:
    message: JsonObject
    match reply:
        case ToolCalls():
            calls = [_call(f"call_{number}_{i}", *call) for i, call in enumerate(reply.calls)]
            message = {"content": reply.content, "tool_calls": calls}
        case Text():
            message = {"content": reply.text}
        case _:
            assert_never(reply)
    usage = reply.usage or Usage(prompt_tokens=_tokens(request), completion_tokens=_tokens(message))
    body = _completion(request, [_choice(message, reply.finish_reason)]) | {"usage": _usage(usage)}
    return body | {"id": f"chatcmpl-{number}"}, usage


def _call(call_id: str, name: str, arguments: Mapping[str, Any] | str) -> JsonObject:
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": text}}


def _choice(message: JsonObject, finish_reason: str) -> JsonObject:
    return {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish_reason}


def _completion(request: JsonObject, choices: list[JsonObject] | None) -> JsonObject:
    model = request.get("model", "fake-model")
    return {"id": "chatcmpl-0", "object": "chat.completion", "created": 0, "model": model, "choices": choices}


def _usage(usage: Usage) -> JsonObject:
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
    }


def _tokens(value: JsonObject) -> int:
    return max(1, len(json.dumps(value)) // _CHARACTERS_PER_TOKEN)


def _final_error(message: str) -> Json:
    """Return a 500 that the openai client does not try again."""
    return api_error(500, message, kind="fake_llm", headers={"x-should-retry": "false"})


# The program.


def _read_script(path: Path) -> list[Reply]:
    return [_read_reply(entry) for entry in json.loads(path.read_text(encoding="utf-8"))]


def _read_reply(entry: JsonObject) -> Reply:
    delay: float = entry.get("delay", 0.0)
    match entry:
        case {"tool_calls": calls}:
            pairs: list[tuple[str, Any]] = [(call["name"], call["arguments"]) for call in calls]
            return ToolCalls(pairs, entry.get("content"), delay=delay)
        case {"text": str(text)}:
            return Text(text, delay=delay)
        case {"status": int(status), "body": str(body)}:
            return Raw(status, entry.get("headers", {}), body.encode(), delay=delay)
        case {"status": int(status), "body": body}:
            return Json(status, body, headers=entry.get("headers", {}), delay=delay)
        case _:
            message = f"a reply needs tool_calls, text, or status with body: {json.dumps(entry)}"
            raise SystemExit(message)


def _main() -> None:
    parser = argparse.ArgumentParser(description="Play an OpenAI-compatible endpoint from a script.")
    parser.add_argument("--script", type=Path, required=True, help="JSON file with a list of replies")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--repeat", action="store_true", help="start over after the last reply")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="time charged for each answer")
    parser.add_argument("--per-token-ms", type=float, default=0.0, help="time charged for each completion token")
    parser.add_argument("--per-prompt-token-ms", type=float, default=0.0)
    options = parser.parse_args()
    charges = Charges(
        latency_s=options.latency_ms / 1000,
        seconds_per_completion_token=options.per_token_ms / 1000,
        seconds_per_prompt_token=options.per_prompt_token_ms / 1000,
    )
    script = _read_script(options.script)
    with FakeLLM(script, charges=charges, repeat=options.repeat, port=options.port) as llm, suppress(KeyboardInterrupt):
        sys.stdout.write(f"{llm.base_url}\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    _main()
