"""One moment of a database, seen alike by everybody who looks at it for a backup."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from moorage.core.postgres.address import Address
from moorage.core.postgres.errors import translated
from moorage.core.postgres.migrations import MigrationLine, version_of
from moorage.core.postgres.pools import Connection, connected
from moorage.core.postgres.programs import major_version
from moorage.operations.backup import store
from moorage.operations.backup.store import Table
from moorage.projects.store import patience_set

LOCK_TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class Snapshot:
    """A database as it stood at one moment.

    Attributes:
        connection: in a transaction that only reads and sees that moment.
        exported: the moment's name, for `pg_dump --snapshot`; good for as long as the transaction is open.
    """

    connection: Connection
    exported: str
    tables: tuple[Table, ...]
    server_version: str

    @property
    def server_major(self) -> int:
        return major_version(self.server_version)

    async def count_rows(self) -> dict[str, int]:
        """Return how many rows each table has, by schema.table."""
        return {table.name: await store.table_count(self.connection, table) for table in self.tables}

    async def revisions(self, lines: Sequence[MigrationLine]) -> dict[str, str]:
        """Return the revision of each line that has tables here."""
        found = {line.name: await version_of(self.connection, line) for line in lines}
        return {name: revision for name, revision in found.items() if revision is not None}

    async def extensions(self) -> dict[str, str]:
        return await store.extension_versions(self.connection)


@asynccontextmanager
async def snapshot_of(address: Address, database: str) -> AsyncGenerator[Snapshot]:
    """Keep one moment of a database in view.

    Its tables are locked against rewriting before the moment is chosen: a table that was rewritten in between would
    be empty in the dump, without an error.
    """
    with translated(f"reading the database {database!r} on {address.label}"):
        async with connected(address, database) as connection:
            await patience_set(connection)
            await store.lock_timeout_set(connection, LOCK_TIMEOUT_SECONDS)
            version = await store.server_version(connection)
            tables = await store.table_list(connection)
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                await store.table_lock_in(connection, tables)
                exported = await store.snapshot_export_in(connection)
                yield Snapshot(connection, exported, tuple(tables), version)
