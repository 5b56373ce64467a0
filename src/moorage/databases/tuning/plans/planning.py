"""Asking PostgreSQL for the plan of a statement that was judged before.

What is not run is only planned: the planner calls no function that may act, and no trigger fires.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from moorage.core.errors import MoorageError
from moorage.core.postgres.identifiers import quote_identifier
from moorage.core.postgres.queries import load_statements
from moorage.databases.connectors.session import Session

_ASKING = "EXPLAIN (FORMAT JSON, SETTINGS) "
_RUNNING = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON, SETTINGS) "
_MAY_HAVE_PARAMETERS = re.compile(r"\$[0-9]")
_statements = load_statements("moorage.databases.tuning.plans")


def may_have_parameters(sql: str) -> bool:
    return _MAY_HAVE_PARAMETERS.search(sql) is not None


async def plan_for_values(session: Session, sql: str, values: Sequence[Any]) -> str:
    """Return PostgreSQL's JSON of the plan for these values; the statement is not run."""
    return await _one_text(session, _ASKING + sql, values)


async def plan_of_run(session: Session, sql: str, values: Sequence[Any]) -> str:
    """Run a statement that reads, throw its rows away, and return PostgreSQL's JSON of how it went."""
    return await _one_text(session, _RUNNING + sql, values)


async def plan_for_any_values(session: Session, sql: str) -> str:
    """Return PostgreSQL's JSON of the plan that it would use whatever the values of `$1`, `$2`, ... are.

    EXPLAIN has an option for that from PostgreSQL 16 on, but not in the extended protocol: there every `$1` must be
    given a value, and the plan is one for that value. A prepared statement has such a plan in every version.
    """
    async with _prepared(session, sql) as name:
        await session.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        count = await _statements.prepared_parameters(session, name=name)
        values = f"({', '.join(['NULL'] * count)})" if count else ""
        return await _one_text(session, f"{_ASKING} EXECUTE {quote_identifier(name)}{values}", ())


async def _one_text(session: Session, sql: str, values: Sequence[Any]) -> str:
    cursor = await session.open(sql, values)
    return str((await cursor.fetch(1))[0][0])


@asynccontextmanager
async def _prepared(session: Session, sql: str) -> AsyncGenerator[str]:
    """Prepare a statement under a name of its own; it is gone at the end, as prepared ones outlive transactions."""
    name = f"moorage_{secrets.token_hex(8)}"
    async with savepoint(session):
        cursor = await session.open(f"PREPARE {quote_identifier(name)} AS {sql}", ())
        await cursor.fetch(1)
    try:
        async with savepoint(session):
            yield name
    finally:
        await session.execute(f"DEALLOCATE {quote_identifier(name)}")


@asynccontextmanager
async def savepoint(session: Session) -> AsyncGenerator[None]:
    """Let the transaction go on after a failure inside."""
    await session.execute("SAVEPOINT before_plan")
    try:
        yield
    except MoorageError:
        await session.execute("ROLLBACK TO SAVEPOINT before_plan")
        raise
