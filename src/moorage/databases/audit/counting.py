"""Statements as metrics count them: by database, and by how they end."""

from __future__ import annotations

from time import perf_counter

from moorage.core.telemetry.metrics import DATABASE_BUCKETS_SECONDS, OTHERS, counter, histogram
from moorage.databases.audit.records import Record

LABELLED_DATABASES = 100
"""So many databases have a label of their own, first come first served; a label is never given to another one."""

UNJUDGED = "(unjudged)"
"""Stands for the kind of a statement that came to its end before it was judged; no kind has a parenthesis."""

STATEMENTS = counter(
    "moorage_sql_statements_total", "Statements of callers, by database and outcome.", ["database", "outcome"]
)
STATEMENT_SECONDS = histogram(
    "moorage_sql_statement_seconds",
    "Time from taking a caller's statement to its answer, by kind.",
    ["kind"],
    DATABASE_BUCKETS_SECONDS,
)
ROWS = counter("moorage_sql_rows_total", "Rows given to callers, by database.", ["database"])

_labelled: set[str] = set()


def count(record: Record) -> None:
    """Count a statement at its end."""
    label = _label(record.database_id)
    STATEMENTS.labels(label, record.outcome).inc()
    STATEMENT_SECONDS.labels(record.kind or UNJUDGED).observe(perf_counter() - record.started)
    if record.rows:
        ROWS.labels(label).inc(record.rows)


def _label(database_id: str) -> str:
    if database_id not in _labelled and len(_labelled) >= LABELLED_DATABASES:
        return OTHERS
    _labelled.add(database_id)
    return database_id
