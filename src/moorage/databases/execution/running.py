"""Running a caller's statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from moorage.databases.connectors.connections import Connections, terms_of
from moorage.databases.definitions import Database
from moorage.databases.execution.answers import Answer
from moorage.databases.policy.guard import Guard


@dataclass(frozen=True)
class Request:
    """What a caller asks.

    Attributes:
        max_rows, max_bytes, statement_seconds: None is what the database's limits say; never more than they allow.
        commit: keep what is written; without it a statement that writes is tried and rolled back.
        next: the handle of an answer that was cut; `sql` is empty then.
    """

    sql: str
    parameters: Sequence[Any] = ()
    max_rows: int | None = None
    max_bytes: int | None = None
    statement_seconds: float | None = None
    commit: bool = False
    next: str | None = None


class Runner:
    """Runs callers' statements."""

    def __init__(self, connections: Connections, guard: Guard) -> None:
        self._connections = connections
        self._guard = guard

    async def run(self, database: Database, request: Request) -> Answer:
        """Run one statement and return its answer, cut where a limit says so."""
        connector = await self._connections.to(database)
        async with connector.session(terms_of(database, statement_seconds=request.statement_seconds)) as session:
            await self._guard.judge(request.sql, database, session)
            cursor = await session.open(request.sql, request.parameters)
            rows = await cursor.fetch(request.max_rows or database.limits.rows)
            return Answer(database=database.id, columns=tuple(cursor.columns), rows=rows)
