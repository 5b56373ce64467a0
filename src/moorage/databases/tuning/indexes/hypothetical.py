"""Indexes that only the planner of one session believes in: the extension hypopg.

Source: https://hypopg.readthedocs.io/en/rel1_stable/usage.html
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from moorage.core.postgres.identifiers import quote_qualified
from moorage.databases.connectors.session import Session
from moorage.databases.tuning.indexes.tables import statements
from moorage.databases.tuning.plans.planning import savepoint


class Hypothetical:
    """The hypothetical indexes of one session; they outlive transactions, so they are dropped at the end."""

    def __init__(self, session: Session, schema: str) -> None:
        self._session = session
        self._schema = schema

    async def make(self, definition: str) -> int:
        """Make an index and return its number; the transaction goes on when PostgreSQL refuses it.

        Raises:
            MoorageError: such an index cannot be.
        """
        async with savepoint(self._session):
            return await self._call("hypopg_create_index", "CAST($1 AS text)", definition, gives="indexrelid::bigint")

    async def size(self, number: int) -> int:
        return await self._call("hypopg_relation_size", "CAST($1 AS oid)", number)

    async def drop(self, number: int) -> None:
        await self._call("hypopg_drop_index", "CAST($1 AS oid)", number)

    async def drop_all(self) -> None:
        await self._session.execute(f"SELECT {quote_qualified(self._schema, 'hypopg_reset')}()")

    async def _call(self, function: str, argument: str, value: str | int, *, gives: str = "made") -> int:
        name = quote_qualified(self._schema, function)
        row = await self._session.fetchrow(f"SELECT {gives} FROM {name}({argument}) AS made", value)  # noqa: S608
        return int(row[0])


@asynccontextmanager
async def hypothetical_indexes(session: Session) -> AsyncGenerator[Hypothetical | None]:
    """Yield the means to try indexes, or None where hypopg is not installed."""
    place = await statements.hypopg_place(session)
    if place is None:
        yield None
        return
    hypothetical = Hypothetical(session, place["schema_name"])
    try:
        yield hypothetical
    finally:
        await hypothetical.drop_all()
