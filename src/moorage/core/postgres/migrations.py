"""Migration lines: each system brings its tables to the newest state by its own Alembic revisions.

A line owns one PostgreSQL schema, a folder of revisions and a version table inside that schema, so that a project
database is migrated by several independent lines and a further system joins without touching them. A revision's id is
its file name, `20261121_01_initial`; revisions sort by it, so the newest is known without loading Alembic.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from io import StringIO
from pathlib import Path
from typing import ClassVar

import asyncpg

from moorage.core.errors import BrokenState
from moorage.core.postgres.address import Address
from moorage.core.postgres.identifiers import quote_identifier, quote_qualified
from moorage.core.postgres.pools import connected

# Any number that nobody else uses with pg_advisory_lock in these databases; "moor" in ASCII.
MIGRATION_LOCK = 0x6D6F6F72
# A migration that waits for a table holds up everybody behind it; it rather fails and is repeated.
LOCK_TIMEOUT_SECONDS = 5


class SchemaIsNewer(BrokenState):
    """The database was migrated by a newer Moorage than this one."""

    code: ClassVar[str] = "migrations.schema_newer"


@dataclass(frozen=True)
class MigrationLine:
    """The migrations of one system.

    Attributes:
        name: the system's name, for messages.
        schema: the PostgreSQL schema that the line owns.
        package: where its `migrations/` folder lies, such as "moorage.codebase".
        folder: the folder of revisions inside the package.
        version_table: the table in `schema` that names the revision reached.
        copied_script: a file in the package with statements that make a copied database fit for the server it is on.
            They run after every copy, clones and restored backups included, at whatever revision the copy is.
    """

    name: str
    schema: str
    package: str
    folder: str = "migrations"
    version_table: str = "schema_version"
    copied_script: str | None = None

    @property
    def qualified_version_table(self) -> str:
        return quote_qualified(self.schema, self.version_table)

    @cached_property
    def path(self) -> Path:
        return Path(str(files(self.package))) / self.folder

    @cached_property
    def revisions(self) -> tuple[str, ...]:
        """All revisions known to this program, oldest first."""
        return tuple(sorted(file.stem for file in self.path.glob("2*.py")))

    @cached_property
    def after_copying(self) -> str:
        """The statements of `copied_script`; "" where there is none."""
        if self.copied_script is None:
            return ""
        return files(self.package).joinpath(self.copied_script).read_text(encoding="utf-8")

    @property
    def head(self) -> str:
        return self.revisions[-1]

    def is_current(self, version: str | None) -> bool:
        """Tell whether a database at `version` needs nothing.

        Raises:
            SchemaIsNewer: this program does not know the version.
        """
        if version is not None and version not in self.revisions:
            raise SchemaIsNewer(
                f"the {self.name} tables are at version {version}, this program knows {self.head}",
                hint="Upgrade Moorage; an older program must not write to newer tables.",
                found=version,
                known=self.head,
            )
        return version == self.head


async def version_of(connection: asyncpg.Connection, line: MigrationLine) -> str | None:
    """Return the revision that `line` has reached in this database; None where it has not begun."""
    if await connection.fetchval("SELECT to_regclass($1)", line.qualified_version_table) is None:
        return None
    return (await versions_of(connection, (line,)))[line]


async def versions_of(
    connection: asyncpg.Connection, lines: tuple[MigrationLine, ...]
) -> dict[MigrationLine, str | None]:
    """Return the revisions reached, in one round trip.

    Raises:
        asyncpg.UndefinedTableError: one of the lines has not begun in this database.
    """
    columns = ", ".join(f"(SELECT version_num FROM {line.qualified_version_table})" for line in lines)  # noqa: S608 - quoted
    row = await connection.fetchrow(f"SELECT {columns}")
    return dict(zip(lines, row, strict=True))


async def migrate(address: Address, database: str, lines: tuple[MigrationLine, ...]) -> dict[str, str]:
    """Bring one database to the head of every line, or leave it as it was; safe to repeat and to run twice at once.

    Returns:
        The lines that moved, with the revision each had before ("" for none).

    Raises:
        SchemaIsNewer: a line stands at a revision this program does not know; nothing is changed.
    """
    async with connected(address, database) as connection, connection.transaction():
        return await migrate_in(connection, lines)


async def migrate_in(transaction: asyncpg.Connection, lines: tuple[MigrationLine, ...]) -> dict[str, str]:
    """Do what `migrate` does inside a transaction that its owner commits, together with what else it does there."""
    await lock_migrations_in(transaction)
    pending = await pending_in(transaction, lines)
    for line in lines:
        if line.name in pending:
            await transaction.execute(script_from(line, pending[line.name] or None))
    return pending


async def pending_in(transaction: asyncpg.Connection, lines: tuple[MigrationLine, ...]) -> dict[str, str]:
    """Return the lines that are behind, with the revision each has ("" for none).

    Raises:
        SchemaIsNewer: a line stands at a revision this program does not know.
    """
    versions = {line: await version_of(transaction, line) for line in lines}
    return {line.name: version or "" for line, version in versions.items() if not line.is_current(version)}


async def lock_migrations_in(transaction: asyncpg.Connection) -> None:
    """Wait until nobody else migrates this database; held until the transaction ends.

    A transaction's lock, not a session's: it also holds through a pooler, and ends with the connection.
    """
    await transaction.execute("SELECT pg_advisory_xact_lock($1)", MIGRATION_LOCK)
    await transaction.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_SECONDS}s'")


@lru_cache
def script_from(line: MigrationLine, version: str | None) -> str:
    """Return the statements that lead from `version` (None: from nothing) to the head of `line`.

    Alembic writes them once for all databases: running it for each would take turns, because it keeps the
    migration that runs in module globals.
    """
    from alembic import command
    from alembic.config import Config

    statements = StringIO()
    config = Config(output_buffer=statements)
    config.set_main_option("script_location", str(Path(__file__).parent / "alembic"))
    config.set_main_option("version_locations", str(line.path).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.attributes["line"] = line
    command.upgrade(config, f"{version or 'base'}:head", sql=True)
    return f"CREATE SCHEMA IF NOT EXISTS {quote_identifier(line.schema)};\n{statements.getvalue()}"
