"""Prometheus metrics: what every door counts, and gauges that others read out of their own state."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from prometheus_client import CollectorRegistry, Counter, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

REGISTRY = CollectorRegistry()
CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4

ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)

BUCKETS_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

TOOL_CALLS = Counter("moorage_tool_calls", "Calls of MCP tools, by outcome.", ["tool", "outcome"], registry=REGISTRY)
TOOL_CALL_SECONDS = Histogram(
    "moorage_tool_call_seconds",
    "Duration of MCP tool calls.",
    ["tool"],
    buckets=BUCKETS_SECONDS,
    registry=REGISTRY,
)
HTTP_REQUESTS = Counter(
    "moorage_http_requests",
    "HTTP requests, by route and status.",
    ["route", "method", "status"],
    registry=REGISTRY,
)
HTTP_REQUEST_SECONDS = Histogram(
    "moorage_http_request_seconds",
    "Time to the end of the response; streams count for as long as they are open.",
    ["route"],
    buckets=BUCKETS_SECONDS,
    registry=REGISTRY,
)

Readings = Mapping[tuple[str, ...], float]


def register_gauge(
    name: str, description: str, labels: Sequence[str], read: Callable[[], Readings]
) -> Callable[[], None]:
    """Publish a gauge whose values are read when somebody asks, from state that its owner keeps anyway.

    Args:
        name: full metric name (`moorage_pool_connections`).
        description: one sentence, shown as HELP.
        labels: names of the labels; few values each.
        read: label values in the order of `labels`, and the value now. Quick, never raises.

    Returns:
        A function that takes the gauge back, for the owner to call when it closes.
    """

    class Gauge(Collector):
        def collect(self) -> Iterator[GaugeMetricFamily]:
            family = GaugeMetricFamily(name, description, labels=labels)
            for values, reading in read().items():
                family.add_metric(values, reading)
            yield family

    gauge = Gauge()
    REGISTRY.register(gauge)
    return lambda: REGISTRY.unregister(gauge)


def exposition() -> bytes:
    """Return all metrics in the text format of Prometheus."""
    return generate_latest(REGISTRY)
