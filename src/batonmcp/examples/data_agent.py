"""The Data Agent: the latest report for an entity."""

from typing import Any

from batonmcp.examples.fleet_data import AS_OF, ENTITIES, Component, Metric
from batonmcp.examples.sample_agent import SampleAgent, record, rows

__all__ = ["AGENT", "main"]

_STATUS = ["ok", "degraded"]


def _report(entity: str, components: tuple[Component, ...]) -> dict[str, Any]:
    metrics = [_reading(component, metric) for component in components for metric in component.metrics]
    degraded = any(metric["status"] == "degraded" for metric in metrics)
    return {"entity": entity, "as_of": AS_OF, "status": "degraded" if degraded else "ok", "metrics": metrics}


def _reading(component: Component, metric: Metric) -> dict[str, Any]:
    value = metric.readings[-1]
    degraded = metric.limit is not None and value > metric.limit
    return {
        "entity": component.entity,
        "component": component.name,
        "metric": metric.name,
        "value": value,
        "unit": metric.unit,
        "limit": metric.limit,
        "status": "degraded" if degraded else "ok",
    }


AGENT = SampleAgent(
    name="data_agent",
    title="Data Agent",
    description="Reports the current metrics of a web shop's services.",
    tool="get_report",
    tool_description=(
        "Get the latest report for an entity: the current metrics of each of its components and whether they are "
        "within their limits."
    ),
    argument="entity",
    examples=("checkout", "payments", "search"),
    parts=ENTITIES,
    output=record(
        entity={"type": "string", "description": 'The entity reported on, or "all".'},
        as_of={"type": "string", "format": "date-time", "description": "When the metrics were read."},
        status={"type": "string", "enum": _STATUS, "description": "Degraded when any metric is over its limit."},
        metrics=rows(
            "The current value of each metric.",
            entity={"type": "string", "description": "The entity that the component belongs to."},
            component={"type": "string", "description": "The component that was measured."},
            metric={"type": "string", "description": "What was measured."},
            value={"type": "number", "description": "The current value."},
            unit={"type": "string", "description": "The unit of value and limit."},
            limit={"type": ["number", "null"], "description": "The highest acceptable value; null where none is set."},
            status={"type": "string", "enum": _STATUS, "description": "Degraded when the value is over the limit."},
        ),
    ),
    answer=_report,
)


def main() -> None:
    """Run the agent on stdio."""
    AGENT.serve()


if __name__ == "__main__":
    main()
