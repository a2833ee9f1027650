"""The doubles do what the tests that use them take for granted."""

import json
import os
import subprocess
import sys
import threading
import uuid
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import anyio
import anyio.abc
import anyio.to_thread
import httpx2
import openai
import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.chat.chat_completion import Choice

from doubles import evil_stdio, fake_llm, processes
from doubles.fake_llm import (
    Charges,
    Drop,
    FakeLLM,
    Hang,
    JsonObject,
    Raw,
    Reply,
    Script,
    Streamed,
    Text,
    ToolCalls,
    Usage,
    WordVectors,
)

pytestmark = pytest.mark.anyio

TIME_S = 20.0
ALIVE_AFTER_S = 0.3  # how long a process that must not end is watched
NEVER_ENDS_AT_EOF = {"grandchild", "ignore_eof"}  # a grandchild holds the pipes open


@pytest.fixture
def anyio_backend() -> str:
    """The doubles run outside the event loop, so one backend is enough."""
    return "asyncio"


@pytest.fixture
def token() -> Iterator[str]:
    """A mark for processes; those still alive at the end are killed."""
    mark = uuid.uuid4().hex
    yield mark
    processes.kill(processes.marked(mark))


# FakeLLM.


@asynccontextmanager
async def connected(llm: FakeLLM, *, max_retries: int = 0) -> AsyncGenerator[openai.AsyncOpenAI]:
    """Open the real client on `llm`, and bound everything that is done with it."""
    with anyio.fail_after(TIME_S):
        async with openai.AsyncOpenAI(base_url=llm.base_url, api_key="sk-test", max_retries=max_retries) as client:
            yield client


async def ask(client: openai.AsyncOpenAI, query: str = "hello") -> ChatCompletion:
    """Send a completion request."""
    return await client.chat.completions.create(model="gpt-test", messages=[{"role": "user", "content": query}])


async def asked(script: Script, *, charges: Charges = fake_llm.FREE) -> ChatCompletion:
    """Send one request to a server that plays `script`."""
    with FakeLLM(script, charges=charges) as llm:
        async with connected(llm) as client:
            return await ask(client)


async def test_llm_calls_tools() -> None:
    """Tool calls arrive with ids, JSON arguments and a usage; raw arguments arrive untouched."""
    completion = await asked(
        [ToolCalls([("time__now", {"zone": "UTC"}), ("raw__tool", "{oops")], content="let me see")]
    )
    choice = completion.choices[0]
    calls = choice.message.tool_calls or []
    functions = [call.function for call in calls if call.type == "function"]
    assert [(function.name, function.arguments) for function in functions] == [
        ("time__now", '{"zone": "UTC"}'),
        ("raw__tool", "{oops"),
    ]
    assert len({call.id for call in calls}) == 2
    assert (choice.finish_reason, choice.message.content) == ("tool_calls", "let me see")
    assert completion.model == "gpt-test"
    assert completion.usage
    assert completion.usage.prompt_tokens > 0
    assert completion.usage.completion_tokens > 0


async def test_llm_says_text_with_the_given_usage() -> None:
    """A text arrives with the usage of the script."""
    completion = await asked([Text("Rain.", usage=Usage(prompt_tokens=90, completion_tokens=3, cached_tokens=64))])
    assert completion.choices[0].message.content == "Rain."
    assert completion.choices[0].finish_reason == "stop"
    assert completion.usage
    assert completion.usage.prompt_tokens_details
    assert (completion.usage.total_tokens, completion.usage.prompt_tokens_details.cached_tokens) == (93, 64)


async def test_llm_embeds_where_it_is_told_to() -> None:
    """The client of the makers reads its vectors, which are near where texts share words; without, there is no path."""
    with FakeLLM([], embeddings=WordVectors(synonyms={"umbrella": "rain"}, packed=True)) as llm:
        async with connected(llm) as client:
            texts = ["Umbrella?", "Rain!", "Trains."]
            found = await client.embeddings.create(model="e", input=texts, dimensions=8)
        assert [body["input"] for body in llm.embedded] == [texts]
    one, same, other = (entry.embedding for entry in found.data)
    assert one == same != other
    assert len(one) == 8
    with FakeLLM([]) as llm:
        async with connected(llm) as client:
            with pytest.raises(openai.NotFoundError):
                await client.embeddings.create(model="e", input="a")


async def test_llm_records_requests_and_keeps_the_connection() -> None:
    """Requests are recorded with path, headers and body, and share one connection."""
    with FakeLLM([Text("one"), Text("two")]) as llm:
        async with connected(llm) as client:
            await ask(client, "first")
            await ask(client, "second")
        first, second = llm.requests
    assert (first.method, first.path) == ("POST", "/v1/chat/completions")
    assert first.headers["authorization"] == "Bearer sk-test"
    assert [first.body["messages"][0]["content"], second.body["messages"][0]["content"]] == ["first", "second"]
    assert first.client_port == second.client_port


def test_llm_serves_synchronous_clients_in_parallel() -> None:
    """Every connection has its own thread: two requests meet at a barrier inside the script."""
    barrier = threading.Barrier(2)

    def meet(_body: JsonObject) -> Reply:
        barrier.wait(TIME_S)
        return Text("met")

    def request(llm: FakeLLM) -> None:
        with openai.OpenAI(base_url=llm.base_url, api_key="sk-test", max_retries=0, timeout=TIME_S) as client:
            client.chat.completions.create(model="m", messages=[])

    with FakeLLM(meet) as llm:
        threads = [threading.Thread(target=request, args=[llm]) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(TIME_S)
        assert len(llm.requests) == 2


async def test_llm_plays_a_function() -> None:
    """A function as script sees the request's body."""

    def shout(body: JsonObject) -> Reply:
        return Text(body["messages"][0]["content"].upper())

    completion = await asked(shout)
    assert completion.choices[0].message.content == "HELLO"


async def test_llm_reports_an_overrun() -> None:
    """A request past the script's end is answered with 500 at once, not retried, and counted."""
    with FakeLLM([Text("only")]) as llm:
        async with connected(llm, max_retries=2) as client:
            await ask(client)
            with pytest.raises(openai.InternalServerError, match="the script ended after 1 replies"):
                await ask(client)
        assert llm.overruns == 1
        assert len(llm.requests) == 2


async def test_llm_repeats_when_told_to() -> None:
    """A repeating script starts over."""
    with FakeLLM([Text("a"), Text("b")], repeat=True) as llm:
        async with connected(llm) as client:
            answers = [(await ask(client)).choices[0].message.content for _ in range(3)]
    assert answers == ["a", "b", "a"]


async def test_llm_raises_what_a_script_function_raised() -> None:
    """An assertion inside a script function fails the test, not only the request."""

    def refuse(_body: JsonObject) -> Reply:
        message = "unexpected prompt"
        raise AssertionError(message)

    async def overlook() -> None:
        with FakeLLM(refuse) as llm:
            async with connected(llm) as client:
                with pytest.raises(openai.InternalServerError, match="unexpected prompt"):
                    await ask(client)

    with pytest.raises(AssertionError, match="unexpected prompt"):
        await overlook()


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (fake_llm.unauthorized(), openai.AuthenticationError),
        (fake_llm.rate_limited("7"), openai.RateLimitError),
        (fake_llm.server_error(), openai.InternalServerError),
        (fake_llm.server_error(503), openai.InternalServerError),
        (fake_llm.unsupported_parameter("temperature"), openai.BadRequestError),
    ],
)
async def test_llm_answers_errors(reply: Reply, error: type[openai.APIStatusError]) -> None:
    """Error bodies are what the real client makes its exceptions from."""
    with pytest.raises(error) as caught:
        await asked([reply])
    assert caught.value.body
    if isinstance(caught.value, openai.RateLimitError):
        assert caught.value.response.headers["retry-after"] == "7"
    if isinstance(caught.value, openai.BadRequestError):
        assert (caught.value.param, caught.value.code) == ("temperature", "unsupported_parameter")


async def streamed(llm: FakeLLM) -> list[ChatCompletionChunk]:
    """Ask for a stream, and return its events as the real client reads them."""
    async with connected(llm) as client:
        stream = await client.chat.completions.create(
            model="gpt-test",
            messages=[{"role": "user", "content": "hello"}],
            stream=True,
            stream_options={"include_usage": True},
        )
        return [chunk async for chunk in stream]


async def test_llm_streams_what_it_would_have_said() -> None:
    """Calls and text come in parts that make the whole, then why it ends, then the usage, in the time of the whole."""
    usage = Usage(prompt_tokens=10, completion_tokens=20)
    reply = ToolCalls([("time__now", {"zone": "UTC"}), ("raw__tool", "{oops")], content="let me see", usage=usage)
    charges = Charges(latency_s=0.02, seconds_per_completion_token=0.001)
    start = anyio.current_time()
    with FakeLLM([reply], charges=charges) as llm:
        chunks = await streamed(llm)
    assert anyio.current_time() - start >= charges.seconds(usage)
    deltas = [choice.delta for chunk in chunks for choice in chunk.choices]
    parts = [part for delta in deltas for part in delta.tool_calls or []]
    written = ["".join(p.function.arguments or "" for p in parts if p.index == at and p.function) for at in (0, 1)]
    assert written == ['{"zone": "UTC"}', "{oops"]
    assert [part.function.name for part in parts if part.function and part.function.name] == ["time__now", "raw__tool"]
    assert "".join(delta.content or "" for delta in deltas) == "let me see"
    assert [choice.finish_reason for chunk in chunks for choice in chunk.choices][-1] == "tool_calls"
    assert chunks[-1].usage
    assert (chunks[-1].usage.prompt_tokens, chunks[-1].usage.completion_tokens) == (10, 20)


async def test_llm_holds_and_cuts_streams() -> None:
    """What is held back comes once its event is set; a stream that is cut is a broken connection."""
    events = fake_llm.events_of(Text("It rains."))
    gate = threading.Event()
    threading.Timer(0.05, gate.set).start()
    with FakeLLM([Streamed([*events[:2], gate, *events[2:]])]) as llm:
        said = [choice.delta.content or "" for chunk in await streamed(llm) for choice in chunk.choices]
        assert gate.is_set()
    assert "".join(said) == "It rains."
    with FakeLLM([Streamed(events[:2], cut=True)]) as llm, pytest.raises(openai.APIConnectionError):
        await streamed(llm)


async def test_llm_drops_and_cuts_connections() -> None:
    """A closed connection and a cut body are connection errors to the client."""
    cut = Raw(200, {"Content-Type": "application/json", "Content-Length": "500"}, b'{"id": ')
    for reply in (Drop(), cut):
        with pytest.raises(openai.APIConnectionError):
            await asked([reply])


async def test_llm_hangs_until_the_client_gives_up() -> None:
    """A cancelled request is seen as a hang-up, and nothing has to be timed to see it."""
    with FakeLLM([Hang()]) as llm:
        async with connected(llm) as client, anyio.create_task_group() as group:
            group.start_soon(ask, client)
            await anyio.to_thread.run_sync(llm.wait_requests, 1)
            group.cancel_scope.cancel()
        with anyio.fail_after(TIME_S):
            await anyio.to_thread.run_sync(llm.wait_hangups, 1)
        assert llm.hangups == 1


async def test_llm_ends_promptly_under_a_hanging_client() -> None:
    """Closing the server ends a hang, which is no hang-up, and leaves no thread behind."""

    async def lose_connection(client: openai.AsyncOpenAI) -> None:
        with pytest.raises(openai.APIConnectionError):
            await ask(client)

    llm = FakeLLM([Hang()])
    async with connected(llm) as client, anyio.create_task_group() as group:
        with llm:
            group.start_soon(lose_connection, client)
            await anyio.to_thread.run_sync(llm.wait_requests, 1)
    assert llm.hangups == 0
    names = [thread.name for thread in threading.enumerate()]
    assert not [name for name in names if "FakeLLM" in name or "process_request_thread" in name]


def test_llm_waits_no_longer_than_asked() -> None:
    """A wait for requests that never come ends with a sentence."""
    with FakeLLM([]) as llm, pytest.raises(TimeoutError, match=r"waited 0\.01 s for 1 requests"):
        llm.wait_requests(1, within=0.01)


async def test_llm_answers_off_spec() -> None:
    """Answers seen in the wild pass through the real client unchecked, as they do in the wild."""
    assert "Sign in" in str(await asked([fake_llm.html_page()]))
    assert (await asked([fake_llm.no_choices()])).choices == []
    assert (await asked([fake_llm.null_choices()])).choices is None
    truncated = (await asked([fake_llm.truncated_arguments("a__b", '{"city": "Os')])).choices[0]
    assert truncated.finish_reason == "length"
    assert first_call(truncated)["function"]["arguments"] == '{"city": "Os'
    as_object = (await asked([fake_llm.dict_arguments("a__b", {"city": "Oslo"})])).choices[0]
    assert first_call(as_object)["function"]["arguments"] == {"city": "Oslo"}
    bare = (await asked([fake_llm.calls_without_ids([("a__b", {})])])).choices[0]
    assert bare.finish_reason == "stop"
    assert first_call(bare).keys() == {"function"}


def first_call(choice: Choice) -> JsonObject:
    """Return the first tool call as the plain JSON that arrived."""
    message: JsonObject = choice.message.to_dict(warnings=False)
    return message["tool_calls"][0]


async def test_llm_charges_time() -> None:
    """Latency, both kinds of tokens and a delay add up; a paced body comes byte by byte."""
    charges = Charges(latency_s=0.02, seconds_per_completion_token=0.001, seconds_per_prompt_token=0.001)
    assert charges.seconds(Usage(prompt_tokens=10, completion_tokens=20)) == pytest.approx(0.05)
    script = [
        Text("ok", usage=Usage(prompt_tokens=10, completion_tokens=20), delay=0.02),
        Raw(200, {"Content-Type": "application/json"}, b'{"id":"x"}', pace=0.005),
    ]
    with FakeLLM(script, charges=charges) as llm:
        async with connected(llm) as client:
            start = anyio.current_time()
            await ask(client)
            answered = anyio.current_time()
            await ask(client)
            paced = anyio.current_time()
    assert answered - start >= 0.07
    assert paced - answered >= 0.07


async def test_llm_knows_one_path_and_json_only() -> None:
    """Other paths are 404 and a broken body is 400; both are recorded and take nothing from the script."""
    with anyio.fail_after(TIME_S), FakeLLM([Text("later")]) as llm:
        async with httpx2.AsyncClient(base_url=llm.base_url) as client:
            models = await client.get("/models")
            broken = await client.post("/chat/completions", content=b"{")
            good = await client.post("/chat/completions?api-version=1", json={"messages": []})
        bodies = [request.body for request in llm.requests]
    assert [models.status_code, broken.status_code, good.status_code] == [404, 400, 200]
    assert bodies == [{}, {}, {"messages": []}]


async def test_llm_runs_as_a_program(tmp_path: Path) -> None:
    """The program prints its base url first and plays the script file."""
    script = tmp_path / "script.json"
    replies = [
        {"tool_calls": [{"name": "a__b", "arguments": {"n": 1}}]},
        {"text": "done"},
        {"status": 418, "body": {"error": {"message": "teapot"}}},
        {"status": 200, "body": "<html>", "headers": {"Content-Type": "text/html"}},
    ]
    script.write_text(json.dumps(replies), encoding="utf-8")
    command = [sys.executable, fake_llm.__file__, "--script", str(script), "--repeat", "--latency-ms", "1"]
    with anyio.fail_after(TIME_S):
        async with await anyio.open_process(command, stderr=None) as program:
            assert program.stdout
            base_url = (await program.stdout.receive()).decode().strip()
            async with httpx2.AsyncClient(base_url=base_url) as client:
                answers = [await client.post("/chat/completions", json={"messages": []}) for _ in range(5)]
            program.terminate()
    assert [answer.status_code for answer in answers] == [200, 200, 418, 200, 200]
    assert answers[0].json()["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"] == '{"n": 1}'
    assert answers[1].json()["choices"][0]["message"]["content"] == "done"
    assert answers[3].headers["content-type"] == "text/html"


def test_llm_program_refuses_an_unknown_reply(tmp_path: Path) -> None:
    """A script entry of an unknown form ends the program with a sentence."""
    script = tmp_path / "script.json"
    script.write_text('[{"say": "hello"}]', encoding="utf-8")
    command = [sys.executable, fake_llm.__file__, "--script", str(script)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIME_S, check=False)
    assert done.returncode == 1
    assert 'a reply needs tool_calls, text, or status with body: {"say": "hello"}' in done.stderr


# The hostile server, by the real client.


@asynccontextmanager
async def client_of(mode: str, *, era: str = "legacy", state: Path | None = None) -> AsyncGenerator[Client]:
    """Connect the SDK's client to the hostile server."""
    command, *arguments = evil_stdio.argv(mode, state=state)
    parameters = StdioServerParameters(command=command, args=arguments)
    with anyio.fail_after(TIME_S):
        async with Client(stdio_client(parameters), mode=era) as client:
            yield client


@pytest.mark.parametrize(("mode", "era"), [("ok", "legacy"), ("ok", "auto"), ("modern_only", "auto")])
async def test_evil_ok_is_a_usable_server(mode: str, era: str) -> None:
    """A server that behaves lists its tools and answers calls, in either era."""
    async with client_of(mode, era=era) as client:
        tools = (await client.list_tools()).tools
        assert [tool.name for tool in tools] == ["echo", "slow", "fail"]
        assert all(tool.annotations and tool.annotations.read_only_hint for tool in tools)
        said = await client.call_tool("echo", {"text": "hé"})
        assert (said.is_error, said.content[0].model_dump()["text"]) == (False, "hé")
        slept = await client.call_tool("slow", {"seconds": 0.01})
        assert slept.content[0].model_dump()["text"] == "slept 0.01 s"
        failed = await client.call_tool("fail", {"message": "no luck"})
        assert (failed.is_error, failed.content[0].model_dump()["text"]) == (True, "no luck")


async def test_evil_pages_come_one_by_one() -> None:
    """The tools arrive in three pages."""
    async with client_of("pages") as client:
        page = await client.list_tools()
        names = [tool.name for tool in page.tools]
        while page.next_cursor:
            page = await client.list_tools(cursor=page.next_cursor)
            names += [tool.name for tool in page.tools]
    assert names == ["echo", "slow", "fail"]


async def test_evil_slow_is_cancelled_and_does_not_block(tmp_path: Path) -> None:
    """Another call is answered meanwhile, a FIFO tells that the slow one has arrived, and a cancel reaches it."""
    fifo = tmp_path / "state"
    os.mkfifo(fifo)
    descriptor = os.open(fifo, os.O_RDWR)
    try:
        async with client_of("ok", state=fifo) as client:
            await client.list_tools()
            assert (await read_line(descriptor)).startswith("started ")
            async with anyio.create_task_group() as group:
                group.start_soon(client.call_tool, "slow", {"seconds": 50})
                assert await read_line(descriptor) == 'call slow {"seconds": 50}'
                await client.call_tool("echo", {"text": "meanwhile"})
                assert await read_line(descriptor) == 'call echo {"text": "meanwhile"}'
                group.cancel_scope.cancel()
            assert (await read_line(descriptor)).startswith("cancelled ")
        with anyio.fail_after(TIME_S):
            assert await read_line(descriptor) == "eof"
    finally:
        os.close(descriptor)


async def read_line(descriptor: int) -> str:
    """Read one line from a pipe without taking more of it."""
    line = b""
    while not line.endswith(b"\n"):
        await anyio.wait_readable(descriptor)
        line += os.read(descriptor, 1)
    return line.decode().rstrip()


# The hostile server, on the wire.

INITIALIZE: JsonObject = {"id": 1, "method": "initialize", "params": {"protocolVersion": "2025-11-25"}}
LIST: JsonObject = {"id": 2, "method": "tools/list"}
PING: JsonObject = {"id": 9, "method": "ping"}


def call(name: str, **arguments: object) -> JsonObject:
    """Return a request that calls a tool."""
    return {"id": 3, "method": "tools/call", "params": {"name": name, "arguments": arguments}}


def lines(messages: Sequence[JsonObject]) -> bytes:
    """Return messages as they go over the wire."""
    return b"".join(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n" for message in messages)


class Conversation:
    """What a server said until it ended."""

    def __init__(self, done: "subprocess.CompletedProcess[bytes]") -> None:
        self.returncode = done.returncode
        self.stderr = done.stderr.decode()
        self.junk: list[str] = []
        self.answers: dict[int, JsonObject] = {}
        for line in done.stdout.decode().splitlines():
            if line.startswith('{"jsonrpc"'):
                message = json.loads(line)
                self.answers[message["id"]] = message
            else:
                self.junk.append(line)

    @property
    def tools(self) -> list[JsonObject]:
        """The tools as listed."""
        return self.answers[2]["result"]["tools"]


async def talk(mode: str, *messages: JsonObject, state: Path | None = None, calls: int | None = None) -> Conversation:
    """Send messages, then EOF, and wait for the server's end."""
    command = evil_stdio.argv(mode, state=state, calls=calls)
    with anyio.fail_after(TIME_S):
        return Conversation(await anyio.run_process(command, input=lines(messages), check=False))


@pytest.mark.parametrize("mode", sorted(evil_stdio.MODES.keys() - NEVER_ENDS_AT_EOF))
async def test_evil_ends_at_eof(mode: str) -> None:
    """A mode ends by itself when stdin does, with the exit code 0 unless dying is its point."""
    assert (await talk(mode)).returncode == (3 if mode == "exit_at_once" else 0)


async def test_evil_speaks_the_handshake_era() -> None:
    """The probe of the modern era, a notification, an unknown tool and bad arguments get the answers of the spec."""
    probe: JsonObject = {"id": 5, "method": "server/discover"}
    unknown = call("nothing") | {"id": 6}
    wrong = call("slow", seconds="soon") | {"id": 7}
    done = await talk("ok", probe, INITIALIZE, {"method": "notifications/initialized"}, PING, unknown, wrong)
    assert {number: message.get("error", {}).get("code") for number, message in done.answers.items()} == {
        1: None,
        5: -32601,
        6: -32602,
        7: -32602,
        9: None,
    }
    assert done.answers[1]["result"]["protocolVersion"] == "2025-06-18"


async def test_evil_exit_at_once_leaves_its_reason_on_stderr() -> None:
    """The last line on stderr is the reason."""
    done = await talk("exit_at_once", INITIALIZE)
    assert (done.returncode, done.answers) == (3, {})
    assert done.stderr.splitlines()[-1] == "FATAL: cannot open database"


async def test_evil_garbage_surrounds_good_messages() -> None:
    """Fifty junk lines come before the first message and before each of the others, or nothing else does."""
    done = await talk("garbage", INITIALIZE, LIST)
    assert (len(done.junk), list(done.answers)) == (150, [1, 2])
    done = await talk("garbage_only", INITIALIZE, LIST)
    assert (len(done.junk), list(done.answers)) == (150, [])


async def test_evil_dies_or_hangs_where_it_says() -> None:
    """Modes that die or hang answer everything before that point, and only that."""
    died = await talk("die_mid_call", INITIALIZE, LIST, call("echo", text="x"), PING)
    assert (died.returncode, list(died.answers), died.stderr) == (1, [1, 2], "FATAL: out of memory\n")
    hung = await talk("hang_call", INITIALIZE, call("echo", text="x"), PING)
    assert list(hung.answers) == [1, 9]
    mute = await talk("hang_init", INITIALIZE, PING)
    assert list(mute.answers) == [9]


async def test_evil_exits_after_calls(tmp_path: Path) -> None:
    """Two calls are answered, then the process ends without reading on."""
    state = tmp_path / "state"
    calls = [call("echo", text=str(number)) | {"id": number} for number in (5, 6, 7)]
    done = await talk("exit_after_calls", *calls, state=state, calls=2)
    assert (done.returncode, list(done.answers)) == (0, [5, 6])
    assert state.read_text(encoding="utf-8").splitlines()[1:] == ['call echo {"text": "5"}', 'call echo {"text": "6"}']


async def test_evil_lists_are_spoilt_as_announced() -> None:
    """Each mode about definitions lists what its name says."""
    loop = (await talk("cursor_loop", LIST | {"params": {"cursor": "again"}})).answers[2]["result"]
    assert loop["nextCursor"] == "again"
    assert [tool["name"] for tool in (await talk("bad_tool", LIST)).tools] == ["echo", 7, "slow", "fail"]
    assert [tool["name"] for tool in (await talk("dup_names", LIST)).tools] == ["echo", "slow", "fail", "echo"]
    assert not [tool for tool in (await talk("no_annotations", LIST)).tools if "annotations" in tool]
    same = await talk("same_tool", LIST, call("echo", text="x"))
    assert [tool["name"] for tool in same.tools] == ["echo"]
    assert same.answers[3]["result"]["content"][0]["text"] == "the other echo: x"


async def test_evil_results_are_spoilt_as_announced() -> None:
    """A result violates its output schema, and one is as big as asked for."""
    done = await talk("bad_output", LIST, call("measure", city="Oslo"))
    assert done.tools[-1]["outputSchema"]["properties"] == {"celsius": {"type": "number"}}
    assert done.answers[3]["result"]["structuredContent"] == {"celsius": "rather warm"}
    done = await talk("big", call("big", mb=1.5))
    assert len(done.answers[3]["result"]["content"][0]["text"]) == 1.5 * 2**20


async def test_evil_modern_only_refuses_the_handshake() -> None:
    """The error names the version that is supported."""
    error = (await talk("modern_only", INITIALIZE)).answers[1]["error"]
    assert (error["code"], error["data"]) == (-32022, {"supported": ["2026-07-28"], "requested": "2025-11-25"})


async def test_evil_write_tools_leave_a_ledger(tmp_path: Path) -> None:
    """Tools with effects carry no annotations, and the state file shows each call."""
    state = tmp_path / "state"
    put, delete = call("put", key="a", value="b"), call("delete_everything") | {"id": 4}
    done = await talk("write_tool", LIST, put, delete, state=state)
    assert [tool["name"] for tool in done.tools if "annotations" not in tool] == ["delete_everything", "put"]
    assert [done.answers[number]["result"]["content"][0]["text"] for number in (3, 4)] == ["stored a", "deleted"]
    started, *events = state.read_text(encoding="utf-8").splitlines()
    assert started.startswith("started ")
    assert events == ['call put {"key": "a", "value": "b"}', "call delete_everything {}", "eof"]


async def test_evil_floods_stderr_first() -> None:
    """Who drains stderr gets tens of megabytes and then an answer."""
    done = await talk("stderr_flood", PING)
    assert len(done.stderr) > 2**25
    assert done.stderr.endswith("the flood is over\n")
    assert list(done.answers) == [9]


# Processes.


@asynccontextmanager
async def started(mode: str, token: str, *, state: Path | None = None) -> AsyncGenerator[anyio.abc.Process]:
    """Start the hostile server, marked, and kill all of its tree at the end."""
    environment = {**os.environ, processes.TOKEN_VARIABLE: token}
    command = evil_stdio.argv(mode, state=state)
    with anyio.fail_after(TIME_S):
        async with await anyio.open_process(command, env=environment, stderr=None) as process:
            try:
                yield process
            finally:
                processes.kill(processes.marked(token))


async def exchange(process: anyio.abc.Process, message: JsonObject) -> None:
    """Send a request and wait for an answer."""
    assert process.stdin
    assert process.stdout
    await process.stdin.send(lines([message]))
    answer = b""
    while not answer.endswith(b"\n"):
        answer += await process.stdout.receive()


async def test_evil_no_read_fills_the_pipe(token: str) -> None:
    """After the list nothing is read: a large write does not come to its end."""
    async with started("no_read", token) as process:
        assert process.stdin
        await exchange(process, LIST)
        with anyio.move_on_after(ALIVE_AFTER_S) as scope:
            await process.stdin.send(b" " * 2**22)
        assert scope.cancelled_caught


async def test_evil_ignore_eof_must_be_killed(token: str) -> None:
    """SIGTERM and EOF change nothing."""
    async with started("ignore_eof", token) as process:
        assert process.stdin
        await exchange(process, PING)
        process.terminate()
        await exchange(process, PING)
        await process.stdin.aclose()
        with anyio.move_on_after(ALIVE_AFTER_S) as scope:
            await process.wait()
        assert scope.cancelled_caught
        assert processes.alive(process.pid)
        process.kill()
        await processes.wait_gone([process.pid], within=TIME_S)


async def test_processes_finds_an_orphan_by_its_mark(token: str, tmp_path: Path) -> None:
    """A grandchild is a descendant while its parent lives and an orphan with a mark afterwards."""
    state = tmp_path / "state"
    async with started("grandchild", token, state=state) as process:
        assert process.stdin
        await exchange(process, PING)
        grandchild = int(state.read_text(encoding="utf-8").splitlines()[1].removeprefix("grandchild "))
        assert processes.descendants(process.pid) == {grandchild}
        assert processes.descendants(os.getpid()) >= {process.pid, grandchild}
        assert processes.marked(token) == {process.pid, grandchild}
        await process.stdin.aclose()
        await processes.wait_gone([process.pid], within=TIME_S)
        assert processes.marked(token) == {grandchild}
        with pytest.raises(AssertionError, match=rf"still alive after 0 s: {grandchild} \(sleep 300\)"):
            await processes.wait_unmarked(token, within=0)
        processes.kill([grandchild])
        await processes.wait_unmarked(token, within=TIME_S)
        assert not processes.alive(grandchild)


def test_processes_counts_a_zombie_as_dead() -> None:
    """A child that ended and was not waited for is not alive, and killing it again is no error."""
    child = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    try:
        anyio.run(partial(processes.wait_gone, [child.pid], within=TIME_S))
        processes.kill([child.pid])
        assert not processes.alive(child.pid)
        assert child.pid not in processes.descendants(os.getpid())
    finally:
        child.communicate()
    processes.kill([child.pid])
