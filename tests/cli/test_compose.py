"""The composition: who plans, and that everything is gone afterwards."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from batonmcp.cli.compose import open_hub
from batonmcp.cli.storage import open_store
from batonmcp.config.load import load
from batonmcp.config.settings import LlmEndpoint, LlmSettings, PlannerChoice, Settings, StoreSettings
from batonmcp.core.discretion import Discretion
from batonmcp.core.errors import ConfigError
from batonmcp.core.limits import Limits
from batonmcp.core.record import RunRecord
from batonmcp.llm.openai_client import OpenAIClient
from batonmcp.stages.ports import PlannerKind
from batonmcp.store.runs import Runs
from doubles.evil_stdio import argv
from doubles.processes import marked, wait_unmarked

pytestmark = pytest.mark.anyio

TIME_S = 20.0
LLM = LlmSettings(base_url="http://127.0.0.1:9/v1", api_key=None, model="m")


def settings(planner: PlannerChoice = "auto", llm: LlmSettings | None = None) -> Settings:
    """Return settings without any server."""
    return Settings(source=Path("servers.json"), servers=(), llm=llm, planner=planner, limits=Limits(steps=3))


@pytest.mark.parametrize(
    ("planner", "llm", "without_llm", "chosen"),
    [
        ("auto", LLM, "host", "llm"),
        ("auto", LLM, "lexical", "llm"),
        ("auto", None, "host", "host"),
        ("auto", None, "lexical", "lexical"),
        ("llm", LLM, "host", "llm"),
        ("host", LLM, "lexical", "host"),
        ("host", None, "lexical", "host"),
        ("lexical", LLM, "host", "lexical"),
        ("lexical", None, "host", "lexical"),
    ],
)
async def test_who_plans(
    planner: PlannerChoice, llm: LlmSettings | None, without_llm: PlannerKind, chosen: PlannerKind
) -> None:
    """The configured planner; else the model where there is one; else who is at hand."""
    with anyio.fail_after(TIME_S):
        async with open_hub(settings(planner, llm), discretion=Discretion(), without_llm=without_llm) as hub:
            assert hub.ports.planner == chosen
            assert isinstance(hub.ports.llm, OpenAIClient) is (llm is not None)
            assert hub.ports.limits.steps == 3
            assert hub.ports.now().tzinfo is not None
            assert hub.ports.clock() <= hub.ports.clock()


@pytest.mark.parametrize("model", [None, "text-embedding-3-small"])
async def test_embeddings_are_made_where_a_model_for_them_is_configured(model: str | None) -> None:
    """With the price of that model; nothing is sent for it."""
    at = model and LlmEndpoint(base_url="http://127.0.0.1:9/v1", api_key=None, model=model)
    config = settings(llm=replace(LLM, embeddings=at or None))
    with anyio.fail_after(TIME_S):
        async with open_hub(config, discretion=Discretion(), without_llm="host") as hub:
            found = hub.ports.embeddings
    assert (found is None) is (model is None)
    assert found is None or (found.price and found.price.prompt) == 0.02


async def test_a_model_elsewhere_is_another() -> None:
    """Plans of one are not taken for those of another that has the same name; without a model there are none."""
    models: set[str] = set()
    elsewhere = LlmEndpoint(base_url="http://127.0.0.1:8/v1", api_key=None, model="m")
    for llm in (None, LLM, replace(LLM, route=elsewhere), replace(LLM, synthesize=elsewhere)):
        with anyio.fail_after(TIME_S):
            async with open_hub(settings(llm=llm), discretion=Discretion(), without_llm="host") as hub:
                models.add(hub.ports.route_model)
    assert models == {"", "m at http://127.0.0.1:9/v1", "m at http://127.0.0.1:8/v1"}


async def test_the_planner_llm_needs_a_model() -> None:
    """Without a model the planner `llm` is refused, with the place in the file and what to write."""
    with anyio.fail_after(TIME_S), pytest.raises(ConfigError, match=r"servers.json: batonmcp.planner: is .llm., but"):
        async with open_hub(settings("llm"), discretion=Discretion(), without_llm="host"):
            pytest.fail("it opened")


async def test_runs_are_kept_in_the_store(tmp_path: Path) -> None:
    """A record that is kept is in the store's file; where there is no file, nothing is written."""
    path = tmp_path / "store.sqlite3"
    run = RunRecord(run_id="r1", query="q", planner="host", status="ok")
    with anyio.fail_after(TIME_S):
        for store in (StoreSettings(), StoreSettings(path=path)):
            assert not await anyio.Path(path).exists()
            config = replace(settings(), store=store)
            async with open_hub(config, discretion=Discretion(), without_llm="host") as hub:
                await hub.ports.keep(run)
        async with open_store(config, Discretion()) as opened:
            assert await Runs(opened).get("r1") == run.as_json()


async def test_servers_are_connected_and_gone_afterwards(write_config: Callable[..., Path], token: str) -> None:
    """The servers come up in the background and can be used; on leaving, no process is left."""
    command, *arguments = argv("ok")
    config = load(write_config({"evil": {"command": command, "args": arguments}}), {})
    with anyio.fail_after(TIME_S):
        async with open_hub(config, discretion=Discretion(), without_llm="host") as hub:
            known = await hub.ports.tools.registry()
            assert "evil__echo" in known
            assert marked(token)
        await wait_unmarked(token, within=3)


async def test_an_error_inside_closes_everything(write_config: Callable[..., Path], token: str) -> None:
    """Whatever happens to a run, its servers are stopped."""
    command, *arguments = argv("ok")
    config = load(write_config({"evil": {"command": command, "args": arguments}}), {})
    with anyio.fail_after(TIME_S):
        with pytest.RaisesGroup(LookupError, flatten_subgroups=True):
            async with open_hub(config, discretion=Discretion(), without_llm="host") as hub:
                await hub.ports.tools.registry()
                raise LookupError
        await wait_unmarked(token, within=3)
