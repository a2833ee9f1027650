"""A host that speaks to `batonmcp serve` line by line, so that it can say what no client library would.

    async with raw_host(config) as host:
        await host.write(b"garbage")
        assert await host.ask("ping") == {}

What the server writes is read only while an answer is waited for. Each line of it must be a message of the protocol.
"""

import json
import os
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any, TypeAlias

import anyio
from anyio.abc import ByteSendStream, Process

__all__ = ["HANDSHAKE", "MODERN", "Message", "RawHost", "RequestId", "raw_host", "said"]

Message: TypeAlias = dict[str, Any]
RequestId: TypeAlias = str | int | float | None

HANDSHAKE: Message = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "raw-host", "version": "1.0.0"},
}
"""The parameters of `initialize`."""

MODERN: Message = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": HANDSHAKE["clientInfo"],
    "io.modelcontextprotocol/clientCapabilities": {},
}
"""What `_meta` of every request holds in the era without a handshake."""

_ANSWER_S = 30.0
_READ = 2**16


class RawHost:
    """A running server, as seen from outside.

    Attributes:
        process: It.
        received: All messages that were read, in their order.
        log: The file that has what it writes to standard error.
    """

    def __init__(self, process: Process, output: int, log: Path) -> None:
        self.process = process
        self.received: list[Message] = []
        self.log = log
        self._output: int | None = output
        self._ids = count(1)
        self._rest = b""

    @property
    def _input(self) -> ByteSendStream:
        assert self.process.stdin
        return self.process.stdin

    async def write(self, *lines: bytes) -> None:
        """Send lines as they are."""
        await self._input.send(b"".join(line + b"\n" for line in lines))

    async def send(self, *messages: Message) -> None:
        """Send messages as they are."""
        await self.write(*(json.dumps(message).encode() for message in messages))

    async def begin(self, method: str, params: Message | None = None, *, id: RequestId = None) -> RequestId:  # noqa: A002 - the protocol's word
        """Send a request and return its id."""
        name = f"r{next(self._ids)}" if id is None else id
        request: Message = {"jsonrpc": "2.0", "id": name, "method": method}
        await self.send(request if params is None else {**request, "params": params})
        return name

    async def notify(self, method: str, params: Message | None = None) -> None:
        """Send a notification."""
        message: Message = {"jsonrpc": "2.0", "method": method}
        await self.send(message if params is None else {**message, "params": params})

    async def answer(self, id: RequestId) -> Message:  # noqa: A002 - the protocol's word
        """Wait for the answer to a request, and return the whole message."""
        with anyio.fail_after(_ANSWER_S):
            while not (found := self.answers(id)):
                await self.read()
        return found[0]

    def answers(self, id: RequestId) -> list[Message]:  # noqa: A002 - the protocol's word
        """Return the answers to a request that were read so far."""
        return [each for each in self.received if "method" not in each and _same(each.get("id"), id)]

    async def ask(self, method: str, params: Message | None = None) -> Message:
        """Make a request and return its result."""
        answer = await self.answer(await self.begin(method, params))
        assert "result" in answer, answer
        return answer["result"]

    async def refused(self, method: str, params: Message | None = None) -> Message:
        """Make a request that fails, and return the error."""
        answer = await self.answer(await self.begin(method, params))
        assert "error" in answer, answer
        return answer["error"]

    async def shake_hands(self, params: Message | None = None) -> Message:
        """Shake hands, and return what the server says of itself."""
        result = await self.ask("initialize", HANDSHAKE if params is None else params)
        await self.notify("notifications/initialized")
        return result

    async def begin_run(
        self,
        *steps: Message,
        id: RequestId = None,  # noqa: A002 - the protocol's word
        meta: Message | None = None,
        **arguments: Any,  # noqa: ANN401 - JSON
    ) -> RequestId:
        """Call `orchestrate` with a plan of these steps, if there are any, and return the request's id."""
        plan = {"plan": {"steps": [*steps]}} if steps else {}
        params: Message = {"name": "orchestrate", "arguments": {**plan, **arguments}}
        return await self.begin("tools/call", params if meta is None else {**params, "_meta": meta}, id=id)

    async def run(self, *steps: Message, meta: Message | None = None, **arguments: Any) -> Message:  # noqa: ANN401 - JSON
        """Call `orchestrate` with a plan of these steps, if there are any, and return the result."""
        answer = await self.answer(await self.begin_run(*steps, meta=meta, **arguments))
        assert "result" in answer, answer
        return answer["result"]

    async def read(self) -> None:
        """Read what has arrived, or wait until something does.

        Raises:
            EndOfStream: There is nothing more to come.
        """
        assert self._output is not None, "its output was closed"
        await anyio.wait_readable(self._output)
        data = os.read(self._output, _READ)
        if not data:
            raise anyio.EndOfStream
        *lines, self._rest = (self._rest + data).split(b"\n")
        self.received += map(_message, lines)

    async def close_input(self) -> None:
        """End the server's input."""
        await self._input.aclose()

    def close_output(self) -> None:
        """Stop reading for good: the server's next words find nobody."""
        if self._output is not None:
            os.close(self._output)
            self._output = None

    async def rest(self) -> list[Message]:
        """Read until the server's output ends; return what came."""
        before = len(self.received)
        try:
            while True:
                await self.read()
        except anyio.EndOfStream:
            assert not self._rest, f"the last line is not whole: {self._rest[:200]!r}"
        return self.received[before:]


def _same(one: RequestId, other: RequestId) -> bool:
    return type(one) is type(other) and one == other


def _message(line: bytes) -> Message:
    """Read a line, which must be a message of the protocol."""
    message: Message = json.loads(line)
    kinds = message.keys() & {"method", "result", "error"}
    assert message.get("jsonrpc") == "2.0", line
    assert len(kinds) == 1, line
    assert kinds == {"method"} or "id" in message, line
    return message


def said(result: Message) -> str:
    """Return the texts of a tool's result."""
    return "\n".join(block["text"] for block in result["content"] if block["type"] == "text")


@asynccontextmanager
async def raw_host(
    config: Path, *, environment: Mapping[str, str] | None = None, arguments: Sequence[str] = ()
) -> AsyncGenerator[RawHost]:
    """Start a server, and kill it in the end if it still runs."""
    command = [sys.executable, "-m", "batonmcp", "serve", "--config", str(config), *arguments]
    log, variables = config.with_suffix(".log"), {**os.environ, **(environment or {})}
    output, end = os.pipe()
    with log.open("wb") as errors:
        process = await anyio.open_process(command, env=variables, stdout=end, stderr=errors)
    os.close(end)
    host = RawHost(process, output, log)
    async with process:
        try:
            yield host
        finally:
            host.close_output()
            if process.returncode is None:
                process.kill()
