"""Prometheus metrics: what is counted where it happens, and what is read out of its owner's state when somebody asks.

Every metric is declared once, with a meaning; `declared()` lists them. Labels have few values: names of tools, of
statements, of servers, codes of failures. Nothing that a caller makes up becomes one. What is kept by project is kept
for a bounded number of them (`folded`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest
from typing import Literal

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

REGISTRY = CollectorRegistry()
CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4

disable_created_metrics()  # a second series for every one, which nothing here asks for
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)

BUCKETS_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
# Of PostgreSQL: a statement by its key takes a fraction of a millisecond, the building of an index minutes.
DATABASE_BUCKETS_SECONDS = (
    0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300,
)  # fmt: skip

OTHERS = "(others)"
"""Stands for all that have no label of their own; no name can hold a parenthesis."""

Readings = Mapping[tuple[str, ...], float]
_FAMILIES = {"gauge": GaugeMetricFamily, "counter": CounterMetricFamily}


@dataclass(frozen=True)
class Metric:
    """One metric as it is declared.

    Attributes:
        name: as Prometheus stores it; that of a counter ends in `_total`.
        meaning: one sentence, shown as HELP.
        labels: in the order in which values are given.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    meaning: str
    labels: tuple[str, ...]


_declared: dict[str, Metric] = {}


def declared() -> list[Metric]:
    """Return every metric that the modules imported so far declare, by name."""
    return [_declared[name] for name in sorted(_declared)]


def counter(name: str, meaning: str, labels: Sequence[str]) -> Counter:
    """Declare a counter that is increased where the thing happens."""
    metric = _declare(Metric(name, "counter", meaning, tuple(labels)))
    return Counter(metric.name, metric.meaning, metric.labels, registry=REGISTRY)


def histogram(name: str, meaning: str, labels: Sequence[str], buckets: Sequence[float] = BUCKETS_SECONDS) -> Histogram:
    """Declare a histogram, from which Prometheus computes p50, p95, p99 or any other."""
    metric = _declare(Metric(name, "histogram", meaning, tuple(labels)))
    return Histogram(metric.name, metric.meaning, metric.labels, buckets=buckets, registry=REGISTRY)


def read_gauge(name: str, meaning: str, labels: Sequence[str]) -> Metric:
    """Declare a gauge that `published` gives values."""
    return _declare(Metric(name, "gauge", meaning, tuple(labels)))


def read_counter(name: str, meaning: str, labels: Sequence[str]) -> Metric:
    """Declare a counter that `published` gives values; its owner counts."""
    return _declare(Metric(name, "counter", meaning, tuple(labels)))


def published(metric: Metric, read: Callable[[], Readings]) -> Callable[[], None]:
    """Publish a metric whose values are read when somebody asks, from state that its owner keeps anyway.

    Args:
        read: label values in the order of the metric's labels, and the value now. Quick, never raises.

    Returns:
        A function that takes it back, for the owner to call when it closes.
    """

    class Read(Collector):
        def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
            family = _FAMILIES[metric.kind](metric.name, metric.meaning, labels=metric.labels)
            for values, reading in read().items():
                family.add_metric(values, reading)
            yield family

    collector = Read()
    REGISTRY.register(collector)
    return lambda: REGISTRY.unregister(collector)


def folded(readings: Readings, *, most: int) -> Readings:
    """Keep the values of the `most` largest names, by their sum, and add the rest up under `OTHERS`.

    The name is the first label.
    """
    sums: defaultdict[str, float] = defaultdict(float)
    for (name, *_), value in readings.items():
        sums[name] += value
    kept = set(nlargest(most, sums, key=sums.__getitem__))
    shown: defaultdict[tuple[str, ...], float] = defaultdict(float)
    for (name, *rest), value in readings.items():
        shown[(name if name in kept else OTHERS, *rest)] += value
    return shown


def exposition() -> bytes:
    """Return all metrics in the text format of Prometheus."""
    return generate_latest(REGISTRY)


def _declare(metric: Metric) -> Metric:
    _declared[metric.name] = metric
    return metric


TOOL_CALLS = counter("moorage_tool_calls_total", "Calls of MCP tools, by outcome.", ["tool", "outcome"])
TOOL_CALL_SECONDS = histogram("moorage_tool_call_seconds", "Duration of MCP tool calls.", ["tool"])
TOOL_ERRORS = counter("moorage_tool_errors_total", "Calls of MCP tools that failed, by error code.", ["tool", "code"])
HTTP_REQUESTS = counter(
    "moorage_http_requests_total", "HTTP requests, by route and status.", ["route", "method", "status"]
)
HTTP_REQUEST_SECONDS = histogram(
    "moorage_http_request_seconds",
    "Time to the end of the response; streams count for as long as they are open.",
    ["route"],
)
