"""The Analytics Agent: historical trends with anomaly detection."""

from statistics import fmean
from typing import Any

from batonmcp.examples.fleet_data import ENTITIES, READ_AT, Component, Metric
from batonmcp.examples.sample_agent import SampleAgent, record, rows

__all__ = ["AGENT", "main"]

_BASELINE_READINGS = 3
_STEADY_PERCENT = 5
_ANOMALY_PERCENT = 20
_SEVERITIES = {"high": 100, "medium": 50, "low": _ANOMALY_PERCENT}


def _trends(entity: str, components: tuple[Component, ...]) -> dict[str, Any]:
    measured = [(component, metric) for component in components for metric in component.metrics]
    found = [_anomaly(component, metric) for component, metric in measured]
    return {
        "entity": entity,
        "window": {"start": READ_AT[0], "end": READ_AT[-1]},
        "trends": [_trend(component, metric) for component, metric in measured],
        "anomalies": [anomaly for anomaly in found if anomaly is not None],
    }


def _trend(component: Component, metric: Metric) -> dict[str, Any]:
    change = _percent_off(metric.readings[-1], expected=metric.readings[0])
    return {
        "entity": component.entity,
        "component": component.name,
        "metric": metric.name,
        "direction": _direction(change),
        "change_percent": round(change, 1),
    }


def _direction(change_percent: float) -> str:
    if abs(change_percent) < _STEADY_PERCENT:
        return "steady"
    return "rising" if change_percent > 0 else "falling"


def _anomaly(component: Component, metric: Metric) -> dict[str, Any] | None:
    expected = fmean(metric.readings[:_BASELINE_READINGS])
    deviations = [abs(_percent_off(reading, expected=expected)) for reading in metric.readings]
    if deviations[-1] < _ANOMALY_PERCENT:
        return None
    usual = [index for index, deviation in enumerate(deviations) if deviation < _ANOMALY_PERCENT]
    return {
        "entity": component.entity,
        "component": component.name,
        "metric": metric.name,
        "severity": next(name for name, percent in _SEVERITIES.items() if deviations[-1] >= percent),
        "observed": metric.readings[-1],
        "expected": round(expected, 1),
        "unit": metric.unit,
        "since": READ_AT[max(usual) + 1],
    }


def _percent_off(value: float, *, expected: float) -> float:
    return (value / expected - 1) * 100


AGENT = SampleAgent(
    name="analytics_agent",
    title="Analytics Agent",
    description="Trend analysis and anomaly detection for a web shop's services.",
    tool="get_trends",
    tool_description=(
        "Get the historical trends of an entity's metrics over the last week, with anomaly detection: which components "
        "have anomalies, how severe they are and since when."
    ),
    argument="entity",
    examples=("checkout", "payments", "search"),
    parts=ENTITIES,
    output=record(
        entity={"type": "string", "description": 'The entity analysed, or "all".'},
        window=record(
            start={"type": "string", "format": "date-time", "description": "When the first reading was taken."},
            end={"type": "string", "format": "date-time", "description": "When the last reading was taken."},
        )
        | {"description": "The time that was analysed."},
        trends=rows(
            "How each metric developed.",
            entity={"type": "string", "description": "The entity that the component belongs to."},
            component={"type": "string", "description": "The component that was measured."},
            metric={"type": "string", "description": "What was measured."},
            direction={
                "type": "string",
                "enum": ["rising", "falling", "steady"],
                "description": f"Where the metric is heading; steady within {_STEADY_PERCENT} %.",
            },
            change_percent={"type": "number", "description": "Change from the first to the last reading, in percent."},
        ),
        anomalies=rows(
            "The metrics whose last reading is not what the first days lead to expect; empty when there is none.",
            entity={"type": "string", "description": "The entity that the component belongs to."},
            component={"type": "string", "description": "The component with the anomaly."},
            metric={"type": "string", "description": "The metric with the anomaly."},
            severity={
                "type": "string",
                "enum": list(_SEVERITIES),
                "description": "How far the metric is off: "
                + ", ".join(f"{name} from {percent} %" for name, percent in _SEVERITIES.items())
                + ".",
            },
            observed={"type": "number", "description": "The last reading."},
            expected={"type": "number", "description": "The reading to be expected: the mean of the first days."},
            unit={"type": "string", "description": "The unit of observed and expected."},
            since={"type": "string", "format": "date-time", "description": "When the anomaly was first read."},
        ),
    ),
    answer=_trends,
)


def main() -> None:
    """Run the agent on stdio."""
    AGENT.serve()


if __name__ == "__main__":
    main()
