"""PostgreSQL's own protocol, by asyncpg.

Statements of callers go by the extended protocol only, which takes one statement and nothing else. What we send by
the simple one are the terms of a transaction and its end: text of our own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from asyncpg.cursor import Cursor as DriverCursor
from asyncpg.prepared_stmt import PreparedStatement

from moorage.core.postgres.identifiers import quote_identifier
from moorage.databases.connectors.codecs import set_codecs
from moorage.databases.connectors.session import Terms
from moorage.databases.definitions import DirectPostgres
from moorage.databases.models import Cell, Column
from moorage.databases.settings import SqlSettings

APPLICATION_NAME = "moorage"
# What a statement may have left in its session, by whatever hole: nothing of it meets the next caller.
_END = "ROLLBACK; SELECT pg_catalog.pg_advisory_unlock_all(); CLOSE ALL; UNLISTEN *; RESET ALL"


class DirectConnector:
    """The connections to one database."""

    def __init__(self, definition: DirectPostgres, settings: SqlSettings) -> None:
        self._definition = definition
        self._settings = settings
        self._idle: list[asyncpg.Connection] = []
        self._places = asyncio.Semaphore(definition.pool_size)

    @asynccontextmanager
    async def session(self, terms: Terms) -> AsyncGenerator[DirectSession]:
        async with self._places:
            connection = self._idle.pop() if self._idle else await self._connect()
            try:
                await connection.execute(_beginning(terms))
                yield DirectSession(connection)
                await connection.execute(_END)
            except BaseException:
                connection.terminate()
                raise
            self._idle.append(connection)

    async def close(self) -> None:
        for connection in self._idle:
            await connection.close()
        self._idle.clear()

    async def _connect(self) -> asyncpg.Connection:
        definition = self._definition
        connection = await asyncpg.connect(
            host=definition.hostname,
            port=definition.port,
            user=definition.username,
            password=definition.password.get_secret_value() if definition.password else None,
            database=definition.database,
            timeout=self._settings.connect_seconds,
            statement_cache_size=0,
            server_settings={"application_name": APPLICATION_NAME},
        )
        await set_codecs(connection)
        return connection


class DirectSession:
    """One transaction on one connection."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def fetch(self, query: str, *args: Any) -> Sequence[Any]:
        return await self._connection.fetch(query, *args)

    async def fetchrow(self, query: str, *args: Any) -> Any:
        return await self._connection.fetchrow(query, *args)

    async def execute(self, query: str, *args: Any) -> str:
        return await self._connection.execute(query, *args)

    async def open(self, sql: str, parameters: Sequence[Any]) -> DirectCursor:
        statement = await self._connection.prepare(sql, name="")
        return DirectCursor(statement, await statement.cursor(*parameters))

    async def commit(self) -> None:
        await self._connection.execute("COMMIT")


class DirectCursor:
    """A portal, read in pieces."""

    def __init__(self, statement: PreparedStatement, cursor: DriverCursor) -> None:
        self._cursor = cursor
        self._statement = statement
        self.columns = tuple(Column(name=each.name, type=each.type.name) for each in statement.get_attributes())
        self.bytes_received = 0
        self.rows_affected: int | None = None

    async def fetch(self, limit: int) -> list[list[Cell]]:
        return [list(record) for record in await self._cursor.fetch(limit)]


def _beginning(terms: Terms) -> str:
    """Return the statements that begin a transaction under its terms, all in one message."""
    settings = [
        f"SET LOCAL statement_timeout = {round(terms.statement_seconds * 1000)}",
        f"SET LOCAL lock_timeout = {round(terms.lock_seconds * 1000)}",
        f"SET LOCAL idle_in_transaction_session_timeout = {round(terms.idle_seconds * 1000)}",
        f"SET LOCAL work_mem = '{terms.work_memory_bytes // 1024}kB'",
    ]
    if terms.search_path:
        settings.append(f"SET LOCAL search_path = {', '.join(map(quote_identifier, terms.search_path))}")
    if terms.role:
        settings.append(f"SET LOCAL ROLE {quote_identifier(terms.role)}")
    return "; ".join([f"BEGIN {'READ ONLY' if terms.read_only else 'READ WRITE'}", *settings])
