"""What is written down about a statement, and what never is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from structlog.testing import capture_logs

from moorage.core.postgres.queries import Statement, parse_statements
from moorage.core.telemetry.metrics import REGISTRY, exposition
from moorage.core.telemetry.statements import SLOW_SECONDS, Tally, log_statements_slower_than, tallied, timed

SECRET = "hunter2"


class Peer:
    """A connection that answers, or fails, in one way."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    async def fetch(self, query: str, *args: Any) -> Any:
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer

    fetchrow = execute = fetch


def statement() -> Statement:
    """A statement whose name no other test has."""
    (parsed,) = parse_statements("-- name: secret_find :many\nSELECT :secret", system=f"t{uuid4().hex[:8]}")
    return parsed


def count(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0


@pytest.fixture(autouse=True)
def limit_as_it_was() -> Iterator[None]:
    yield
    log_statements_slower_than(SLOW_SECONDS)


async def test_a_statement_is_measured_by_its_name():
    asked = statement()
    await asked(Peer([]), secret=1)
    assert count("moorage_statement_seconds_count", statement=asked.name) == 1


@pytest.mark.parametrize(
    ("error", "sqlstate_class"),
    [
        (asyncpg.UniqueViolationError(SECRET), "23"),
        (asyncpg.QueryCanceledError(SECRET), "57"),
        (asyncpg.InterfaceError(SECRET), "none"),
        (TimeoutError(SECRET), "none"),
    ],
)
async def test_a_failed_statement_is_counted_by_the_class_of_its_sqlstate(error: Exception, sqlstate_class: str):
    """https://www.postgresql.org/docs/current/errcodes-appendix.html"""
    asked = statement()
    with pytest.raises(type(error)):
        await asked(Peer(error), secret=SECRET)
    labels = {"statement": asked.name, "sqlstate_class": sqlstate_class}
    assert count("moorage_statement_errors_total", **labels) == 1
    assert SECRET not in exposition().decode()


async def test_a_slow_statement_is_logged_by_name_and_never_with_its_arguments():
    log_statements_slower_than(0)
    asked = statement()
    with capture_logs() as lines:
        await asked(Peer([SECRET]), secret=SECRET)
    (line,) = lines
    assert isinstance(line.pop("duration_ms"), float)
    assert line == {"event": "statement.slow", "log_level": "info", "statement": asked.name, "failed": False}


async def test_a_fast_statement_is_not_logged():
    log_statements_slower_than(60)
    with capture_logs() as lines:
        await statement()(Peer([]), secret=1)
    assert lines == []


async def test_statements_are_added_up_where_they_are_sent():
    around, inside = Tally(), Tally()
    with tallied(around):
        await statement()(Peer([]), secret=1)
        with tallied(inside), pytest.raises(asyncpg.UniqueViolationError):
            await statement()(Peer(asyncpg.UniqueViolationError()), secret=1)
        await statement()(Peer([]), secret=1)
    assert (around.statements, around.errors) == (2, 0)
    assert (inside.statements, inside.errors) == (1, 1)
    assert around.seconds > 0


def test_a_cancelled_statement_is_no_failure():
    tally = Tally()
    with tallied(tally), pytest.raises(asyncio.CancelledError), timed("tests.cancelled"):
        raise asyncio.CancelledError
    assert (tally.statements, tally.errors) == (1, 0)
