"""The composition of a run's ports from settings."""

import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import anyio

from batonmcp.cli.following import follow
from batonmcp.cli.storage import RunKeeper, open_store
from batonmcp.config.settings import Settings
from batonmcp.core.discretion import Discretion
from batonmcp.core.errors import ConfigError
from batonmcp.core.prices import Price, price_of
from batonmcp.downstream.fleet import Fleet, open_fleet
from batonmcp.llm.definitions import Definitions
from batonmcp.llm.memory import Dialects
from batonmcp.llm.openai_client import OpenAIClient
from batonmcp.llm.openai_embedder import OpenAIEmbedder
from batonmcp.llm.port import LLM, Stage
from batonmcp.stages.ports import Embeddings, Keep, PlannerKind, Ports, Tools
from batonmcp.store.approvals import Approvals
from batonmcp.store.dialects import KeptDialects
from batonmcp.store.port import Store
from batonmcp.store.routes import Routes
from batonmcp.store.runs import Runs
from batonmcp.store.shapes import Shapes
from batonmcp.store.trust import Trust
from batonmcp.store.vectors import Vectors

__all__ = ["Hub", "open_hub"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """Everything that runs go through.

    Attributes:
        ports: What a run needs.
        approvals: The questions to people that all processes see.
        runs: The records of runs that have ended.
    """

    ports: Ports
    approvals: Approvals
    runs: Runs


@asynccontextmanager
async def open_hub(
    settings: Settings, *, discretion: Discretion, without_llm: PlannerKind, watching: bool = False
) -> AsyncGenerator[Hub]:
    """Connect to everything a run needs, in the background; on leaving, it is all gone.

    Args:
        settings: What to connect to.
        discretion: Knows what must not be said; told of what changes.
        without_llm: Who plans where the planner is `auto` and no model is configured.
        watching: Whether servers come and go with their entries in servers.json.

    Raises:
        ConfigError: The planner `llm` is asked for, but no model is configured.
    """
    planner = _planner(settings, without_llm)
    async with (
        open_store(settings, discretion) as store,
        open_fleet(settings, store) as fleet,
        anyio.create_task_group() as tasks,
        AsyncExitStack() as stack,
    ):
        llm = _llm(settings, discretion, store)
        if llm:
            stack.push_async_callback(llm.aclose)
            tasks.start_soon(llm.open)  # its imports take as long as a server's start: let them overlap
        if watching:
            tasks.start_soon(follow, settings, partial(_apply, fleet, discretion))
        runs = Runs(store, settings.store.results)
        keeper = RunKeeper(runs, tasks)
        stack.callback(keeper.stop)
        embeddings = _embeddings(settings, llm, discretion, store)
        ports = _ports(settings, store, tools=fleet, planner=planner, llm=llm, keep=keeper, embeddings=embeddings)
        yield Hub(ports=ports, approvals=Approvals(store), runs=runs)
        tasks.cancel_scope.cancel()


def _llm(settings: Settings, discretion: Discretion, store: Store) -> OpenAIClient | None:
    """Return the client of the configured endpoint; None where no model is configured."""
    if settings.llm is None:
        return None
    return OpenAIClient(settings.llm, discretion, dialects=Dialects(KeptDialects(store)))


def _ports(  # noqa: PLR0913 - what differs from one composition to another
    settings: Settings,
    store: Store,
    *,
    tools: Tools,
    planner: PlannerKind,
    llm: LLM | None,
    keep: Keep,
    embeddings: Embeddings | None,
) -> Ports:
    return Ports(
        tools=tools,
        planner=planner,
        llm=llm,
        limits=settings.limits,
        clock=time.monotonic,
        now=lambda: datetime.now().astimezone(),
        keep=keep,
        policy=settings.policy,
        trust=Trust(store),
        routes=Routes(store) if settings.route_cache else None,
        route_model=_router(settings),
        shapes=Shapes(store),
        prices=_prices(settings),
        embeddings=embeddings,
    )


async def _apply(fleet: Fleet, discretion: Discretion, settings: Settings) -> None:
    """Take over what servers.json now says; first of all, what must not be said."""
    discretion.learn(settings.secrets)
    await fleet.apply(settings)


def _router(settings: Settings) -> str:
    """Return what tells the model that plans from all others: the same name may be another model elsewhere."""
    at = settings.llm and settings.llm.endpoint_for("route")
    return f"{at.model} at {at.base_url}" if at else ""


def _prices(settings: Settings) -> Mapping[Stage, Price | None]:
    if settings.llm is None:
        return {}
    stages: tuple[Stage, ...] = ("route", "synthesize")
    return {stage: price_of(settings.llm.model_for(stage), settings.prices) for stage in stages}


def _embeddings(
    settings: Settings, client: OpenAIClient | None, discretion: Discretion, store: Store
) -> Embeddings | None:
    """Return what ranks tools by vectors; None where no model for it is configured."""
    at = settings.llm and settings.llm.embeddings
    if not (settings.llm and client and at):
        return None
    embedder = OpenAIEmbedder(client, at, discretion, timeout=settings.llm.timeout, retries=settings.llm.retries)
    definitions = Definitions(embedder.space, Vectors(store))
    return Embeddings(embedder=embedder, definitions=definitions, price=price_of(at.model, settings.prices))


def _planner(settings: Settings, without_llm: PlannerKind) -> PlannerKind:
    """Say who plans."""
    planner = settings.planner if settings.planner != "auto" else "llm" if settings.llm else without_llm
    if planner == "llm" and settings.llm is None:
        raise ConfigError(
            place=f"{settings.source}: batonmcp.planner",
            message='is "llm", but no model is configured.',
            cure='Write a model under "llm", or set BATONMCP_MODEL.',
        )
    return planner
