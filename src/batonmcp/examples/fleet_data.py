"""The made-up web shop that the sample agents know: constants, so that every answer is the same on every day.

Three incidents are told by the numbers. On 14 March checkout-db got a smaller connection pool, and checkout-api a
longer wait for a connection; since then connections are waited for, and checkout is slow. On 15 March search-index
began to refresh every second, and its queries slowed down. On 16 March login-sessions began to forget sessions sooner,
so that fewer are active. Payments, catalog and shipping are well.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["AS_OF", "COMPONENTS", "ENTITIES", "READ_AT", "Component", "Metric", "Setting"]

READ_AT = (
    "2026-03-10T08:00:00Z",
    "2026-03-11T08:00:00Z",
    "2026-03-12T08:00:00Z",
    "2026-03-13T08:00:00Z",
    "2026-03-14T08:00:00Z",
    "2026-03-15T08:00:00Z",
    "2026-03-16T08:00:00Z",
)
AS_OF = READ_AT[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One measured quantity of a component.

    Attributes:
        name: What is measured.
        unit: The unit of the readings.
        readings: One value for each time in `READ_AT`; the last one is current.
        limit: The highest acceptable value, where one is set.
    """

    name: str
    unit: str
    readings: tuple[float, ...]
    limit: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One configured value of a component.

    Attributes:
        name: What is configured.
        value: The value in force.
        unit: The unit of a quantity.
        previous: The value before the last change, where it changed within `READ_AT`.
        changed_at: When it changed.
    """

    name: str
    value: float | str | bool
    unit: str | None = None
    previous: float | str | bool | None = None
    changed_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One running part of an entity.

    Attributes:
        name: Unique in the whole system.
        entity: The service that it is part of.
        metrics: What is measured of it.
        settings: What is configured for it.
    """

    name: str
    entity: str
    metrics: tuple[Metric, ...]
    settings: tuple[Setting, ...]


_CHECKOUT = (
    Component(
        name="checkout-api",
        entity="checkout",
        metrics=(
            Metric(name="latency_p95", unit="ms", readings=(182, 185, 179, 183, 298, 305, 311), limit=250),
            Metric(name="request_rate", unit="requests/s", readings=(212, 208, 215, 211, 214, 209, 213)),
        ),
        settings=(
            Setting(name="replicas", value=6),
            Setting(name="request_timeout", value=3000, unit="ms"),
            Setting(
                name="connection_wait_timeout",
                value=2000,
                unit="ms",
                previous=200,
                changed_at="2026-03-14T06:30:00Z",
            ),
        ),
    ),
    Component(
        name="checkout-db",
        entity="checkout",
        metrics=(
            Metric(name="connection_wait_p95", unit="ms", readings=(4, 5, 4, 4, 36, 37, 38), limit=20),
            Metric(name="query_latency_p95", unit="ms", readings=(11, 12, 11, 11, 12, 12, 11), limit=30),
        ),
        settings=(
            Setting(
                name="connection_pool_size",
                value=20,
                unit="connections",
                previous=50,
                changed_at="2026-03-14T06:30:00Z",
            ),
            Setting(name="statement_timeout", value=5000, unit="ms"),
            Setting(name="replication", value=True),
        ),
    ),
)

_PAYMENTS = (
    Component(
        name="payments-gateway",
        entity="payments",
        metrics=(
            Metric(
                name="authorization_latency_p95", unit="ms", readings=(420, 415, 428, 422, 418, 425, 421), limit=600
            ),
            Metric(name="decline_rate", unit="%", readings=(2.1, 2.2, 2.1, 2.0, 2.1, 2.2, 2.1), limit=4),
        ),
        settings=(
            Setting(name="authorization_timeout", value=5000, unit="ms"),
            Setting(name="retry_attempts", value=2),
        ),
    ),
    Component(
        name="payments-db",
        entity="payments",
        metrics=(
            Metric(name="query_latency_p95", unit="ms", readings=(9, 9, 10, 9, 9, 10, 9), limit=30),
            Metric(name="storage_used", unit="%", readings=(61, 62, 63, 63, 64, 65, 66), limit=85),
        ),
        settings=(
            Setting(name="connection_pool_size", value=40, unit="connections"),
            Setting(name="backup_schedule", value="hourly"),
        ),
    ),
)

_SEARCH = (
    Component(
        name="search-api",
        entity="search",
        metrics=(
            Metric(name="latency_p95", unit="ms", readings=(240, 238, 233, 230, 228, 224, 221), limit=350),
            Metric(name="request_rate", unit="requests/s", readings=(340, 352, 347, 338, 345, 350, 343)),
        ),
        settings=(
            Setting(name="replicas", value=4),
            Setting(name="result_cache", value=True),
        ),
    ),
    Component(
        name="search-index",
        entity="search",
        metrics=(
            Metric(name="query_latency_p95", unit="ms", readings=(41, 42, 40, 41, 41, 66, 67), limit=60),
            Metric(name="heap_used", unit="%", readings=(58, 59, 58, 59, 60, 61, 62), limit=80),
        ),
        settings=(
            Setting(name="refresh_interval", value=1, unit="s", previous=30, changed_at="2026-03-15T05:10:00Z"),
            Setting(name="shards", value=6),
            Setting(name="heap_size", value=8, unit="GiB"),
        ),
    ),
)

_CATALOG = (
    Component(
        name="catalog-api",
        entity="catalog",
        metrics=(
            Metric(name="latency_p95", unit="ms", readings=(96, 94, 97, 95, 96, 95, 94), limit=150),
            Metric(name="request_rate", unit="requests/s", readings=(510, 498, 505, 502, 511, 507, 503)),
        ),
        settings=(
            Setting(name="replicas", value=4),
            Setting(name="log_level", value="info", previous="debug", changed_at="2026-03-12T13:45:00Z"),
        ),
    ),
    Component(
        name="catalog-cache",
        entity="catalog",
        metrics=(
            Metric(name="hit_ratio", unit="%", readings=(96.2, 96.4, 96.1, 96.3, 96.2, 96.5, 96.3)),
            Metric(name="memory_used", unit="%", readings=(71, 71, 72, 71, 72, 72, 72), limit=90),
        ),
        settings=(
            Setting(name="max_memory", value=4, unit="GiB"),
            Setting(name="eviction_policy", value="lru"),
        ),
    ),
)

_LOGIN = (
    Component(
        name="login-api",
        entity="login",
        metrics=(
            Metric(name="latency_p95", unit="ms", readings=(120, 118, 121, 119, 122, 120, 119), limit=200),
            Metric(name="failed_login_rate", unit="%", readings=(3.1, 3.0, 3.2, 3.1, 3.0, 3.1, 3.2), limit=8),
        ),
        settings=(
            Setting(name="replicas", value=3),
            Setting(name="max_login_attempts", value=5),
        ),
    ),
    Component(
        name="login-sessions",
        entity="login",
        metrics=(
            Metric(name="active_sessions", unit="sessions", readings=(5200, 5240, 5180, 5210, 5190, 5220, 3950)),
            Metric(name="write_latency_p95", unit="ms", readings=(2.8, 2.9, 2.8, 2.8, 2.9, 2.8, 2.9), limit=10),
        ),
        settings=(
            Setting(name="session_ttl", value=2700, unit="s", previous=3600, changed_at="2026-03-16T06:50:00Z"),
            Setting(name="persistence", value=True),
        ),
    ),
)

_SHIPPING = (
    Component(
        name="shipping-api",
        entity="shipping",
        metrics=(
            Metric(name="latency_p95", unit="ms", readings=(150, 148, 152, 149, 151, 150, 149), limit=250),
            Metric(name="error_rate", unit="%", readings=(0.2, 0.21, 0.2, 0.2, 0.21, 0.2, 0.2), limit=1),
        ),
        settings=(
            Setting(name="replicas", value=2),
            Setting(name="carrier_timeout", value=4000, unit="ms"),
        ),
    ),
    Component(
        name="shipping-queue",
        entity="shipping",
        metrics=(
            Metric(name="queue_depth", unit="jobs", readings=(14, 13, 15, 14, 14, 13, 14), limit=100),
            Metric(name="oldest_job_age", unit="s", readings=(22, 21, 23, 22, 22, 21, 22), limit=120),
        ),
        settings=(
            Setting(name="workers", value=4),
            Setting(name="retry_attempts", value=5),
        ),
    ),
)

ENTITIES: Mapping[str, tuple[Component, ...]] = MappingProxyType(
    {
        "checkout": _CHECKOUT,
        "payments": _PAYMENTS,
        "search": _SEARCH,
        "catalog": _CATALOG,
        "login": _LOGIN,
        "shipping": _SHIPPING,
    },
)
"""Every entity, by name, with its components."""

COMPONENTS: Mapping[str, tuple[Component, ...]] = MappingProxyType(
    {component.name: (component,) for components in ENTITIES.values() for component in components},
)
"""Every component, by name: each name stands for one."""
