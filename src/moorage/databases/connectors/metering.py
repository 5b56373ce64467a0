"""The metrics of connections to databases of others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack

from moorage.core.telemetry.metrics import Readings, counter, folded, published, read_gauge
from moorage.databases.connectors.health import ConnectorState

SHOWN_DATABASES = 50
"""Databases with metrics of their own, those with most connections first; the rest are added up."""

CONNECTIONS = read_gauge(
    "moorage_database_connections",
    "Connections to databases of others by state: open and in_use; waiting are calls that wait for one.",
    ["database", "state"],
)
DOWN = read_gauge("moorage_database_down", "Databases of others that did not answer when last asked.", ["database"])
CONNECT_FAILURES = counter(
    "moorage_database_connect_failures_total",
    "Attempts to connect to databases of others that failed, by error code.",
    ["code"],
)

_States = Callable[[], Mapping[str, ConnectorState]]


def metered(states: _States) -> ExitStack:
    """Publish the metrics of connectors by the ids of their databases, until the stack is closed."""
    stack = ExitStack()
    stack.callback(published(CONNECTIONS, lambda: folded(_connections(states()), most=SHOWN_DATABASES)))
    stack.callback(published(DOWN, lambda: folded(_down(states()), most=SHOWN_DATABASES)))
    return stack


def _connections(states: Mapping[str, ConnectorState]) -> Readings:
    return {
        (name, kind): count
        for name, state in states.items()
        for kind, count in (("open", state.open), ("in_use", state.in_use), ("waiting", state.waiting))
    }


def _down(states: Mapping[str, ConnectorState]) -> Readings:
    return {(name,): float(state.status == "down") for name, state in states.items()}
