"""The Config Agent: the system configuration of a component."""

from typing import Any

from batonmcp.examples.fleet_data import AS_OF, COMPONENTS, Component, Setting
from batonmcp.examples.sample_agent import SampleAgent, record, rows

__all__ = ["AGENT", "main"]


def _configuration(name: str, components: tuple[Component, ...]) -> dict[str, Any]:
    settings = [_setting(component, setting) for component in components for setting in component.settings]
    return {"component": name, "as_of": AS_OF, "settings": settings}


def _setting(component: Component, setting: Setting) -> dict[str, Any]:
    return {
        "entity": component.entity,
        "component": component.name,
        "setting": setting.name,
        "value": setting.value,
        "unit": setting.unit,
        "previous": setting.previous,
        "changed_at": setting.changed_at,
    }


AGENT = SampleAgent(
    name="config_agent",
    title="Config Agent",
    description="Holds the configuration of the components of a web shop's services.",
    tool="check_config",
    tool_description=(
        "Check the system configuration of a component: its settings, and for those that changed in the last week when "
        "and from what value."
    ),
    argument="component",
    examples=("checkout-db", "payments-gateway", "search-index"),
    parts=COMPONENTS,
    output=record(
        component={"type": "string", "description": 'The component looked at, or "all".'},
        as_of={"type": "string", "format": "date-time", "description": "When the configuration was read."},
        settings=rows(
            "Each setting in force.",
            entity={"type": "string", "description": "The entity that the component belongs to."},
            component={"type": "string", "description": "The component that is configured."},
            setting={"type": "string", "description": "What is configured."},
            value={"type": ["number", "string", "boolean"], "description": "The value in force."},
            unit={"type": ["string", "null"], "description": "The unit of the values; null where there is none."},
            previous={
                "type": ["number", "string", "boolean", "null"],
                "description": "The value before the last change; null when unchanged in the last week.",
            },
            changed_at={
                "type": ["string", "null"],
                "format": "date-time",
                "description": "When the value changed; null when unchanged in the last week.",
            },
        ),
    ),
    answer=_configuration,
)


def main() -> None:
    """Run the agent on stdio."""
    AGENT.serve()


if __name__ == "__main__":
    main()
