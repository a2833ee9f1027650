"""An endpoint that others have written: streams with tool calls, cut in its own ways, and with chaos on."""

import json
import os
import subprocess
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import anyio
import pytest
from anyio import to_thread

from batonmcp.config.settings import LlmEndpoint, LlmSettings
from batonmcp.core.discretion import Discretion
from batonmcp.llm.openai_client import OpenAIClient
from batonmcp.llm.openai_embedder import DIMENSIONS, OpenAIEmbedder
from doubles.installed import node_packages
from doubles.llm_calls import HandTime
from doubles.streamed_runs import endpoint_of

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

AIMOCK = "@copilotkit/aimock@1.43.0"
SCRIPT = Path(__file__).parent.parent / "doubles" / "aimock.cjs"
TIME_S = 120.0
RUNS = 40
ANSWER = "It rains in Tromsø, and the train leaves at nine in the morning from platform two."
CALLS: list[tuple[str, Any]] = [
    ("weather__today", {"city": "Tromsø \N{GRINNING FACE}"}),
    ("trains__find", {}),
    ("mail__send", {"n": 1}),
]
STEPS: list[dict[str, Any]] = [
    {"id": f"n{place}", "tool": name, "arguments": arguments} for place, (name, arguments) in enumerate(CALLS)
]


@pytest.fixture(scope="module")
def packages() -> Path:
    """The folder of the installed packages; the tests are skipped where there is no Node."""
    return node_packages(AIMOCK)


@contextmanager
def aimock(packages: Path, *calls: tuple[str, Any], options: dict[str, Any], **routed: Any) -> Generator[str]:  # noqa: ANN401 - JSON
    """Yield the address of an endpoint that routes to these calls and writes the answer."""
    written = [{"name": name, "arguments": json.dumps(arguments)} for name, arguments in calls]
    fixtures = [
        {"match": {"userMessage": "Task: "}, "response": {"toolCalls": written}, **routed},
        {"match": {"userMessage": "Query: "}, "response": {"content": ANSWER}},
    ]
    job = json.dumps({"options": options, "fixtures": fixtures})
    process = subprocess.Popen(
        ["node", str(SCRIPT), job],
        env={"NODE_PATH": str(packages), "PATH": os.environ["PATH"]},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        yield process.stdout.readline().strip()
    finally:
        process.communicate(timeout=10)  # its input ends, and so does it


def asked(url: str) -> list[dict[str, Any]]:
    """Return the bodies of all requests so far."""
    with urlopen(f"{url}/__aimock/journal", timeout=5) as response:  # noqa: S310 - our own endpoint
        return [entry["body"] for entry in json.load(response)]


@pytest.mark.parametrize("size", [1, 3, 20])
@pytest.mark.parametrize("calls", [CALLS, [("plan_execution", {"steps": STEPS})]], ids=["calls", "plan"])
async def test_streams(packages: Path, calls: list[tuple[str, Any]], size: int) -> None:
    """Reads begin while it writes, each step is called once, and the answer comes through, in two streams."""
    options = {"chunkSize": size, "latency": 2}
    with aimock(packages, *calls, options=options) as url, anyio.fail_after(TIME_S):
        async with endpoint_of(f"{url}/v1") as run:
            played = await run("q")
        requests = await to_thread.run_sync(asked, url)
    assert (played.record.status, played.record.answer) == ("ok", ANSWER)
    assert [(call.tool, call.arguments) for call in played.tools.calls] == CALLS
    assert played.precedes_its_plan("weather__today")
    assert not played.precedes_its_plan("mail__send")
    assert [body["stream"] for body in requests] == [True, True]
    assert played.record.usage.prompt_tokens > 0


@pytest.mark.parametrize("chunks", [1, 4, 9])
async def test_streams_that_break_off(packages: Path, chunks: int) -> None:
    """A stream that ends after so many parts is asked for in one piece, and what began is not begun again."""
    with (
        aimock(packages, *CALLS, options={"chunkSize": 8}, truncateAfterChunks=chunks) as url,
        anyio.fail_after(TIME_S),
    ):
        async with endpoint_of(f"{url}/v1") as run:
            played = await run("q")
        requests = await to_thread.run_sync(asked, url)
    assert played.record.status == "ok"
    assert sorted(call.tool for call in played.tools.calls) == sorted(name for name, _ in CALLS)
    assert [body.get("stream", False) for body in requests[:2]] == [True, False]


async def test_embeddings(packages: Path) -> None:
    """Another's answer to the same request is read: as many vectors as texts, of the dimensions asked for."""
    with aimock(packages, *CALLS, options={}) as url, anyio.fail_after(TIME_S):
        client = OpenAIClient(LlmSettings(base_url=f"{url}/v1", api_key=None, model="m"))
        at = LlmEndpoint(base_url=f"{url}/v1", api_key=None, model="text-embedding-3-small")
        embedder = OpenAIEmbedder(client, at, Discretion(), timeout=TIME_S, retries=0)
        embedded = await embedder.embed(["Rain.", "Trains.", "Rain."])
        await client.aclose()
    first, second, third = embedded.vectors
    assert first == third != second
    assert len(first) == DIMENSIONS


@pytest.mark.parametrize(
    "chaos",
    [
        {"dropRate": 0.3},
        {"malformedRate": 0.3},
        {"disconnectRate": 0.3},
        {"rateLimitRate": 0.3},
        {"dropRate": 0.1, "malformedRate": 0.1, "disconnectRate": 0.1, "rateLimitRate": 0.1},
    ],
    ids=["500", "malformed", "disconnect", "429", "all"],
)
async def test_chaos(packages: Path, chaos: dict[str, float]) -> None:
    """Whatever it does, a run is answered rightly or says what failed, and no step of it is called twice."""
    ends = Counter[str]()
    with aimock(packages, *CALLS, options={"chunkSize": 5, "chaos": chaos}) as url, anyio.fail_after(TIME_S):
        for _ in range(RUNS):
            async with endpoint_of(f"{url}/v1", timing=HandTime().timing) as run:
                played = await run("q")
            record = played.record
            ends[record.status] += 1
            assert max(Counter(call.tool for call in played.tools.calls).values(), default=0) <= 1
            if record.status == "ok":
                assert record.answer == ANSWER
                assert [step.value for step in record.steps] == [arguments for _, arguments in CALLS]
            else:
                assert record.error is not None
                assert record.error["kind"].startswith("llm_")
                assert record.error["cure"]
            if record.status == "failed":
                assert "mail__send" not in played.tools.called
    assert ends["ok"] > RUNS / 2
    assert set(ends) <= {"ok", "partial", "failed"}
