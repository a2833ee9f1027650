"""Secrets stay between batonmcp and the server that they are for, whatever that server says."""

import json
import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.context import ClientRequestContext
from mcp.client.stdio import stdio_client
from mcp_types import ElicitRequestParams, ElicitResult

from doubles.fake_llm import FakeLLM, JsonObject, Text, ToolCalls
from doubles.leaky import LEAKY, serving
from doubles.processes import TOKEN_VARIABLE

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

TIME_S = 120.0

CANARIES: Mapping[str, str] = {
    "argument from secrets.env": "plainwordargument",
    "argument that is told by the one before": "cnry-02-argum3nt",
    "argument with a telling name": "cnry-03-argum3nt",
    "variable with a telling name": 'cnry"04"qu0ted',
    "variable that looks like it": "Zx81cnry05aBcD3fGh1jKlMn",
    "variable of an envFile": "cnry 06 pässwörd",
    "variable of a server that dies": "cnry-07-d1es",
    "header": "cnry-08-h3ader",
    "password in an address": "cnry-09-p4ss",
    "key in the path of an address": "8f14e45fceea167a5a36dedd4bea2510",
    "key in the query of an address": "cnry-11-qu3ry",
    "bearer of a server that refuses": "cnry-12-b3arer",
    "key of the model": "sk-cnry-13-m0del",
    "value that comes later": "cnry-14-r0tated",
}
OTHERWISE = (
    b64encode(f"ada:{CANARIES['password in an address']}".encode()).decode(),
    "cnry\\u002206",
    "p\\u00e4ssw\\u00f6rd",
    "cnry%2006",
    'cnry\\"04',
)
"""How some of them may be written, too."""

PLAN: dict[str, list[dict[str, Any]]] = {
    "steps": [
        {"id": "told", "tool": "leaky__tell", "arguments": {}},
        {"id": "again", "tool": "leaky__tell", "arguments": {"text": {"$from": "told.words"}}},
        {"id": "failed", "tool": "leaky__fail", "arguments": {}, "on_error": "continue"},
        {"id": "refused", "tool": "leaky__refuse", "arguments": {}, "on_error": "continue"},
        {"id": "asked", "tool": "leaky__ask", "arguments": {}, "on_error": "continue"},
        {"id": "linked", "tool": "leaky__link", "arguments": {}, "on_error": "continue"},
        {"id": "remote", "tool": "remote__tell", "arguments": {}, "on_error": "continue"},
        {"id": "lost", "tool": "remote__fail", "arguments": {}, "on_error": "continue"},
        {"id": "dead", "tool": "mortal__die", "arguments": {}, "on_error": "continue"},
    ]
}


def found_in(text: str) -> list[str]:
    """Return which canaries stand in a text, in any form."""
    return [name for name, canary in CANARIES.items() if canary in text] + [form for form in OTHERWISE if form in text]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the servers are configured, and all that was seen of them."""

    config: Path
    llm: FakeLLM
    sent: list[str]
    servers: dict[str, Any]
    seen: dict[str, str] = field(default_factory=dict[str, str])

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command in a process of its own, and note what it printed."""
        command = [sys.executable, "-m", "batonmcp", *arguments, "--config", str(self.config)]
        environment = {key: value for key, value in os.environ.items() if key != "BATONMCP_STORE"}
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIME_S, env=environment)
        self.seen[" ".join(arguments)] = done.stdout + done.stderr
        return done

    def kept(self) -> str:
        """Return every byte of the store's files."""
        files = sorted(self.config.parent.glob("store.sqlite3*"))
        assert files
        return "".join(file.read_bytes().decode("utf-8", "replace") for file in files)

    def assert_tight(self) -> None:
        """Nothing that was seen, kept or sent to the model holds a canary."""
        everything = {**self.seen, "the store": self.kept()}
        everything |= {f"prompt {number}": json.dumps(asked.body) for number, asked in enumerate(self.llm.requests)}
        assert not {place: found for place, text in everything.items() if (found := found_in(text))}
        assert not {place: found for place, text in everything.items() if (found := found_in(json.dumps(text)))}

    def write(self, servers: Mapping[str, Any]) -> None:
        """Write servers.json anew."""
        llm = {"base_url": self.llm.base_url, "api_key": CANARIES["key of the model"], "model": "m"}
        baton = {"llm": llm, "store": {"path": "store.sqlite3"}}
        written = self.config.with_suffix(".new")
        written.write_text(json.dumps({"mcpServers": servers, "batonmcp": baton}))
        written.replace(self.config)


def parrot(body: JsonObject) -> ToolCalls | Text:
    """Route to the tool that tells all; answer with all that was sent, and the key."""
    if "tools" in body:
        return ToolCalls([("leaky__tell", {}), ("remote__tell", {})])
    return Text(f"{CANARIES['key of the model']}: {body['messages'][-1]['content']}")


def entries(address: str, folder: Path, token: str) -> dict[str, Any]:
    """Return servers that were given every canary."""
    leaky: dict[str, Any] = {"command": sys.executable, "args": [LEAKY, "stays"], "env": {TOKEN_VARIABLE: token}}
    words = ["--about", "${ARGUMENT}", "--api-key", CANARIES["argument that is told by the one before"]]
    named = f"--token={CANARIES['argument with a telling name']}"
    mine = {
        "API_TOKEN": CANARIES["variable with a telling name"],
        "STYLE": CANARIES["variable that looks like it"],
        "LEAKS": "API_TOKEN,STYLE,DB_PASSWORD",
    }
    dying = {"DEPLOY_KEY": CANARIES["variable of a server that dies"], "LEAKS": "DEPLOY_KEY"}
    password, path, query = (
        CANARIES[f"{what} an address"] for what in ("password in", "key in the path of", "key in the query of")
    )
    return {
        "leaky": {
            **leaky,
            "args": [*leaky["args"], *words, named],
            "env": {**leaky["env"], **mine},
            "envFile": str(folder / "more.env"),
        },
        "mortal": {**leaky, "env": {**leaky["env"], **dying}},
        "dying": {**leaky, "args": [LEAKY, "dies"], "env": {**leaky["env"], **dying}},
        "remote": {
            "url": f"http://ada:{password}@{address}/s/{path}/mcp?api_key={query}",
            "headers": {"X-Whatever": "${HEADER}"},
        },
        "refusing": {
            "url": f"http://{address}/refuse",
            "headers": {"Authorization": f"Bearer {CANARIES['bearer of a server that refuses']}"},
        },
    }


@pytest.fixture
def place(tmp_path: Path, token: str) -> Generator[Place]:
    """Everything, configured."""
    secrets = tmp_path / "secrets.env"
    secrets.touch(mode=0o600)
    secrets.write_text(f"ARGUMENT={CANARIES['argument from secrets.env']}\nHEADER={CANARIES['header']}\n")
    (tmp_path / "more.env").write_text(f"DB_PASSWORD='{CANARIES['variable of an envFile']}'\n")
    (tmp_path / "plan.json").write_text(json.dumps(PLAN))
    with serving() as (address, sent), FakeLLM(parrot) as llm:
        servers = entries(address, tmp_path, token)
        here = Place(config=tmp_path / "servers.json", llm=llm, sent=sent, servers=servers)
        here.write(servers)
        yield here


def test_commands_say_no_secret(place: Place) -> None:
    """No command prints one, keeps one, or sends one to the model; the servers have them all."""
    plan = str(place.config.with_name("plan.json"))
    asked = place.run("ask", "tell it", "--plan", plan)
    assert "***" in asked.stdout
    record = json.loads(place.run("ask", "tell it", "--plan", plan, "--json").stdout)
    assert [step["status"] for step in record["steps"]][:4] == ["succeeded", "succeeded", "failed", "failed"]
    assert record["steps"][1]["value"]["same"], "steps work on what servers have really said"
    data = json.loads(place.run("ask", "tell it", "--plan", plan, "--output", "data").stdout)
    assert "***" in json.dumps(data)
    routed = json.loads(place.run("ask", "Tell everything that leaky and remote know", "--json").stdout)
    assert (routed["status"], routed["usage"]["llm_calls"]) == ("ok", 2)
    place.run("tools")
    assert len(json.loads(place.run("tools", "--json").stdout)["tools"]) == 18
    told = place.run("doctor")
    assert "dying" in told.stdout
    assert "403" in told.stdout
    assert len(json.loads(place.run("doctor", "--json").stdout)["servers"]) == 5
    assert len(place.run("runs").stdout.splitlines()) == 4
    place.run("runs", "show", record["run_id"])
    assert json.loads(place.run("runs", "show", record["run_id"], "--json").stdout)["steps"]
    place.assert_tight()
    arrived = " ".join(place.sent)
    assert {CANARIES["header"], CANARIES["key in the query of an address"]} <= {
        canary for canary in CANARIES.values() if canary in arrived
    }


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_hosts_hear_no_secret(mode: str, place: Place, tmp_path: Path) -> None:
    """Nothing that a host receives holds one: answers, records, progress, questions, resources, errors, the log."""
    heard: list[str] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        heard.append(f"{progress} {total} {message}")

    async def answer(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        del context
        heard.append(params.model_dump_json())
        return ElicitResult(action="accept", content={"ok": True})

    command = [sys.executable, "-m", "batonmcp", "serve", "--config", str(place.config)]
    parameters = StdioServerParameters(command=command[0], args=command[1:])
    with (tmp_path / "stderr").open("w") as errors, anyio.fail_after(TIME_S):
        transport = stdio_client(parameters, errlog=errors)
        async with Client(transport, mode=mode, elicitation_callback=answer) as host:

            async def ask(**more: object) -> str:
                arguments: dict[str, Any] = {"query": "tell it", "plan": PLAN, **more}
                heard.append((await host.call_tool("orchestrate", arguments, progress_callback=note)).model_dump_json())
                return heard[-1]

            assert "***" in await ask()
            assert "***" in await ask(output="data")
            heard.append((await host.call_tool("orchestrate", {"query": "Tell everything"})).model_dump_json())
            heard.append((await host.list_tools()).model_dump_json())
            listed = (await host.list_resources()).resources
            assert listed
            heard.extend(resource.model_dump_json() for resource in listed)
            heard.append((await host.read_resource(listed[0].uri)).model_dump_json())
            await _rotated(place, ask)
    assert any("Is it" in line for line in heard)
    assert any("at ***" in line or "at --about ***" in line for line in heard)
    place.seen["heard"] = "\n".join(heard)
    place.seen["stderr"] = (tmp_path / "stderr").read_text()
    place.assert_tight()


async def _rotated(place: Place, ask: Any) -> None:  # noqa: ANN401 - the caller's own function
    """Give a server a new secret, and have it said until it is the new one that is heard."""
    leaky = place.servers["leaky"]
    later = {**leaky["env"], "LATER_TOKEN": CANARIES["value that comes later"], "LEAKS": "LATER_TOKEN"}
    place.write({**place.servers, "leaky": {**leaky, "args": [LEAKY, "stays", "came-later"], "env": later}})
    while "came-later ***" not in await ask(plan={"steps": PLAN["steps"][:1]}):
        pass  # each takes its time
