"""What a backup asks a database about itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from moorage.core.postgres.identifiers import quote_qualified
from moorage.core.postgres.pools import Connection
from moorage.core.postgres.queries import load_statements

_statements = load_statements("moorage.operations.backup")


@dataclass(frozen=True)
class Table:
    """A table with rows of its own."""

    schema_name: str
    table_name: str

    @property
    def name(self) -> str:
        """Its name for people and manifests: schema.table."""
        return f"{self.schema_name}.{self.table_name}"

    @property
    def quoted(self) -> str:
        return quote_qualified(self.schema_name, self.table_name)


async def lock_timeout_set(connection: Connection, seconds: int) -> None:
    """Let the session wait for a lock no longer than this."""
    await _statements.lock_timeout_set(connection, lock_timeout=f"{seconds}s")


async def table_list(connection: Connection) -> list[Table]:
    """Return the tables whose rows a dump holds."""
    return [Table(**row) for row in await _statements.table_list(connection)]


async def table_lock_in(transaction: Connection, tables: Sequence[Table]) -> None:
    """Keep these tables from being dropped or rewritten until the transaction ends."""
    if tables:
        await transaction.execute(f"LOCK TABLE {', '.join(each.quoted for each in tables)} IN ACCESS SHARE MODE")


async def table_count(connection: Connection, table: Table) -> int:
    """Return the number of rows, without those of tables that inherit from it."""
    return await connection.fetchval(f"SELECT count(*) FROM ONLY {table.quoted}")  # noqa: S608 - quoted


async def snapshot_export_in(transaction: Connection) -> str:
    """Return the name by which other sessions see what this transaction sees, for as long as it is open."""
    return await _statements.snapshot_export(transaction)


async def server_version(connection: Connection) -> str:
    """Return the version alone: "15.18", without what a distribution adds."""
    return (await _statements.server_version(connection)).split()[0]


async def extension_versions(connection: Connection) -> dict[str, str]:
    return {row["extname"]: row["extversion"] for row in await _statements.extension_list(connection)}
