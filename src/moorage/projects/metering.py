"""The metrics of connections: pools by project, budgets by server, statements by project."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager

from moorage.core.telemetry.metrics import Metric, Readings, folded, published, read_counter, read_gauge
from moorage.core.telemetry.statements import Tally
from moorage.projects.budget import Budget
from moorage.projects.connections import ProjectConnectionManager

POOL_CONNECTIONS = read_gauge(
    "moorage_pool_connections",
    "Connections by pool and state: size is those open, max those allowed.",
    ["pool", "state"],
)
POOL_WAITING = read_gauge("moorage_pool_waiting", "Calls that wait for a connection of a pool.", ["pool"])
BUDGET_CONNECTIONS = read_gauge(
    "moorage_budget_connections",
    "Connections of all project pools on a server: used, and the limit of this process.",
    ["server", "state"],
)
BUDGET_WAITING = read_gauge("moorage_budget_waiting", "Calls that wait for a connection to a server.", ["server"])
PROJECT_STATEMENTS = read_counter("moorage_project_statements_total", "SQL statements, by project.", ["project"])
PROJECT_SECONDS = read_counter(
    "moorage_project_statement_seconds_total", "Time that SQL statements took, by project.", ["project"]
)
PROJECT_ERRORS = read_counter(
    "moorage_project_statement_errors_total", "SQL statements that failed, by project.", ["project"]
)

STATES = ("size", "idle", "active", "max")


@contextmanager
def metered(connections: ProjectConnectionManager) -> Generator[None]:
    """Publish the metrics of these connections while the context is open."""
    with ExitStack() as stack:
        for metric, read in _readers(connections).items():
            stack.callback(published(metric, read))
        yield


def _readers(connections: ProjectConnectionManager) -> dict[Metric, Callable[[], Readings]]:
    most = connections.usage.most
    return {
        POOL_CONNECTIONS: lambda: folded(_pool_connections(connections), most=most),
        POOL_WAITING: lambda: folded(_pool_waiting(connections), most=most),
        BUDGET_CONNECTIONS: lambda: _budget_connections(connections),
        BUDGET_WAITING: lambda: {(name,): budget.waiting for name, budget in _budgets(connections)},
        PROJECT_STATEMENTS: lambda: _tallied(connections, lambda tally: tally.statements),
        PROJECT_SECONDS: lambda: _tallied(connections, lambda tally: tally.seconds),
        PROJECT_ERRORS: lambda: _tallied(connections, lambda tally: tally.errors),
    }


def _pool_connections(connections: ProjectConnectionManager) -> Readings:
    stats = connections.get_pool_stats()
    return {(pool, state): readings[state] for pool, readings in stats.items() for state in STATES}


def _pool_waiting(connections: ProjectConnectionManager) -> Readings:
    stats = connections.get_pool_stats()
    return {(pool,): readings["waiting"] for pool, readings in stats.items() if "waiting" in readings}


def _budget_connections(connections: ProjectConnectionManager) -> Readings:
    readings: dict[tuple[str, ...], float] = {}
    for name, budget in _budgets(connections):
        readings[name, "used"] = budget.used
        readings[name, "limit"] = budget.limit
    return readings


def _budgets(connections: ProjectConnectionManager) -> list[tuple[str, Budget]]:
    """Return the budgets of the servers that anything was asked of yet."""
    return [(server.name, server.budget) for server in connections.servers if server.budget is not None]


def _tallied(connections: ProjectConnectionManager, read: Callable[[Tally], float]) -> Readings:
    return {(name,): read(tally) for name, tally in connections.usage.tallies().items()}
