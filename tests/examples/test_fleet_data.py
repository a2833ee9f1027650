"""The made-up system holds together: in itself, and in what the three agents say of it."""

from dataclasses import FrozenInstanceError
from datetime import datetime
from itertools import pairwise
from typing import Any

import anyio
import pytest
from mcp import Client

from batonmcp.examples import analytics_agent, config_agent, data_agent
from batonmcp.examples.fleet_data import AS_OF, COMPONENTS, ENTITIES, READ_AT, Component
from batonmcp.examples.sample_agent import SampleAgent

ALL = [component for components in ENTITIES.values() for component in components]


@pytest.fixture
def anyio_backend() -> str:
    """Run on the event loop that the agents run on."""
    return "asyncio"


async def ask(agent: SampleAgent, **arguments: str) -> dict[str, Any]:
    """Return what the agent's tool answers over MCP."""
    with anyio.fail_after(10):
        async with Client(agent.server()) as client:
            result = await client.call_tool(agent.tool, arguments)
    assert result.structured_content is not None
    return result.structured_content


def test_every_component_is_found_under_its_own_name() -> None:
    """Names are unique, lower case, and lead to the component."""
    assert list(COMPONENTS.values()) == [(component,) for component in ALL]
    assert [*COMPONENTS] == [component.name for component in ALL]
    assert all(name == name.strip().lower() for name in [*COMPONENTS, *ENTITIES])


@pytest.mark.parametrize(("entity", "component"), [(name, part) for name, parts in ENTITIES.items() for part in parts])
def test_a_component_says_which_entity_it_is_part_of(entity: str, component: Component) -> None:
    """The two ways to get from a component to its entity agree."""
    assert component.entity == entity


@pytest.mark.parametrize("component", ALL, ids=lambda component: component.name)
def test_every_metric_has_a_reading_for_every_time(component: Component) -> None:
    """No series is longer or shorter than the times it was read at, and all started within their limit."""
    for metric in component.metrics:
        assert len(metric.readings) == len(READ_AT)
        assert metric.limit is None or metric.readings[0] <= metric.limit


@pytest.mark.parametrize("component", ALL, ids=lambda component: component.name)
def test_a_setting_that_changed_says_when_and_from_what(component: Component) -> None:
    """A change is told completely, and is one."""
    for setting in component.settings:
        assert (setting.previous is None) == (setting.changed_at is None)
        assert setting.previous != setting.value
        assert setting.changed_at is None or READ_AT[0] < setting.changed_at < AS_OF


def test_times_only_go_forward() -> None:
    """The readings are in order, a day apart, and the last one is current."""
    times = [datetime.fromisoformat(time) for time in READ_AT]
    assert {(later - earlier).days for earlier, later in pairwise(times)} == {1}
    assert READ_AT[-1] == AS_OF


def test_nothing_can_be_changed() -> None:
    """An agent cannot spoil the data for the next call."""
    with pytest.raises(FrozenInstanceError):
        ALL[0].name = "other"  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(TypeError):
        ENTITIES["other"] = ()  # pyright: ignore[reportIndexIssue]


def test_some_entities_are_well_and_some_are_not() -> None:
    """Both kinds of question have something to find."""
    troubled = {component.entity for component in ALL if any(setting.changed_at for setting in component.settings)}
    assert len(ENTITIES) > len(troubled) > 1


@pytest.mark.anyio
async def test_the_report_shows_each_anomaly() -> None:
    """An anomaly's observed value is the current value of the same metric of the same component."""
    trends, report = await ask(analytics_agent.AGENT), await ask(data_agent.AGENT)
    current = {(row["component"], row["metric"]): (row["value"], row["unit"]) for row in report["metrics"]}
    assert trends["anomalies"]
    for anomaly in trends["anomalies"]:
        assert current[anomaly["component"], anomaly["metric"]] == (anomaly["observed"], anomaly["unit"])
    assert trends["window"]["end"] == report["as_of"]


@pytest.mark.anyio
async def test_what_is_over_its_limit_is_an_anomaly() -> None:
    """The report does not complain about anything that the trends do not know."""
    trends, report = await ask(analytics_agent.AGENT), await ask(data_agent.AGENT)
    anomalous = {(row["component"], row["metric"]) for row in trends["anomalies"]}
    limited = {(row["component"], row["metric"]) for row in report["metrics"] if row["limit"] is not None}
    degraded = {(row["component"], row["metric"]) for row in report["metrics"] if row["status"] == "degraded"}
    assert degraded == anomalous & limited


@pytest.mark.anyio
async def test_the_configuration_explains_each_anomaly() -> None:
    """The component of an anomaly can be asked for, and a setting of it changed shortly before, on the same day."""
    for anomaly in (await ask(analytics_agent.AGENT))["anomalies"]:
        configuration = await ask(config_agent.AGENT, component=anomaly["component"])
        changes = [row["changed_at"] for row in configuration["settings"] if row["changed_at"]]
        assert [change < anomaly["since"] and change[:10] == anomaly["since"][:10] for change in changes] == [True]
