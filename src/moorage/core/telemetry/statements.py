"""How long statements take: a histogram by name, failures by SQLSTATE class, a log line for the slow ones.

Arguments are seen nowhere here. A tally adds up the statements sent through one pool, so that a project's share shows
without a histogram for each project.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from time import perf_counter
from types import TracebackType

import structlog
from prometheus_client import Histogram

from moorage.core.telemetry.metrics import DATABASE_BUCKETS_SECONDS, counter, histogram

log = structlog.get_logger()

STATEMENT_SECONDS = histogram(
    "moorage_statement_seconds",
    "Duration of SQL statements, by name; those of the registry include the wait for a connection.",
    ["statement"],
    DATABASE_BUCKETS_SECONDS,
)
STATEMENT_ERRORS = counter(
    "moorage_statement_errors_total",
    "SQL statements that failed, by name and the first two characters of the SQLSTATE; none: no answer.",
    ["statement", "sqlstate_class"],
)
NO_SQLSTATE = "none"
SLOW_SECONDS = 0.5

_slow_seconds = SLOW_SECONDS
_histograms: dict[str, Histogram] = {}  # a child is found twice as fast here as through `labels`


@dataclass
class Tally:
    """Statements of one pool since the process began."""

    statements: int = 0
    errors: int = 0
    seconds: float = 0.0


_tally: ContextVar[Tally | None] = ContextVar("tally", default=None)


def log_statements_slower_than(seconds: float) -> None:
    """Log every statement that takes at least so long; 0 logs them all. The last call holds."""
    global _slow_seconds  # noqa: PLW0603 - one log, one limit
    _slow_seconds = seconds


@contextmanager
def tallied(tally: Tally) -> Generator[None]:
    """Add the statements sent inside to a tally, instead of the one around it."""
    before = _tally.get()
    _tally.set(tally)
    try:
        yield
    finally:
        _tally.set(before)  # not by a token, which only the task that got it may give back


class timed:  # noqa: N801 - used as a function: `with timed("codebase.chunk_copy"):`
    """Time the one statement that is run inside, under its name (`<system>.<statement>`); names are few."""

    __slots__ = ("_began", "_name")

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        self._began = perf_counter()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        seconds = perf_counter() - self._began
        _histogram(self._name).observe(seconds)
        tally = _tally.get()
        if tally is not None:
            tally.statements += 1
            tally.seconds += seconds
        if isinstance(error, Exception):
            _count_failure(self._name, error, tally)
        if seconds >= _slow_seconds:
            log.info("statement.slow", statement=self._name, duration_ms=round(seconds * 1000, 3), failed=bool(kind))


def _histogram(name: str) -> Histogram:
    found = _histograms.get(name)
    if found is None:
        found = _histograms[name] = STATEMENT_SECONDS.labels(name)
    return found


def _count_failure(name: str, error: Exception, tally: Tally | None) -> None:
    STATEMENT_ERRORS.labels(name, _sqlstate_class(error)).inc()
    if tally is not None:
        tally.errors += 1


def _sqlstate_class(error: Exception) -> str:
    """Return the class of a driver's error; a connection that was cut, and a time limit of ours, have none."""
    state = getattr(error, "sqlstate", None)
    return state[:2] if isinstance(state, str) else NO_SQLSTATE
