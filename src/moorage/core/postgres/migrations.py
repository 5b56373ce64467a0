"""Migration lines: each system brings its tables to the newest state by its own Alembic revisions.

A line owns one PostgreSQL schema, a folder of revisions and a version table inside that schema, so that a project
database is migrated by several independent lines and a further system joins without touching them. A revision's id is
its file name, `20261121_01_initial`; revisions sort by it, so the newest is known without loading Alembic.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import ClassVar
from weakref import WeakKeyDictionary

import asyncpg

from moorage.core.errors import BrokenState
from moorage.core.postgres.address import Address
from moorage.core.postgres.identifiers import quote_identifier
from moorage.core.postgres.pools import connect

# Any number that nobody else uses with pg_advisory_lock in these databases; "moor" in ASCII.
MIGRATION_LOCK = 0x6D6F6F72


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
    """

    name: str
    schema: str
    package: str
    folder: str = "migrations"
    version_table: str = "schema_version"

    @property
    def qualified_version_table(self) -> str:
        return f"{quote_identifier(self.schema)}.{quote_identifier(self.version_table)}"

    @cached_property
    def path(self) -> Path:
        return Path(str(files(self.package))) / self.folder

    @cached_property
    def revisions(self) -> tuple[str, ...]:
        """All revisions known to this program, oldest first."""
        return tuple(sorted(file.stem for file in self.path.glob("2*.py")))

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
    """Bring one database to the head of every line; safe to repeat and to run twice at once.

    Returns:
        The lines that moved, with the revision each had before ("" for none).

    Raises:
        SchemaIsNewer: a line stands at a revision this program does not know; nothing is changed.
    """
    connection = await connect(address, database)
    try:
        # A transaction's lock, not a session's: it also holds through a pooler, and ends with the connection.
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", MIGRATION_LOCK)
            versions = {line: await version_of(connection, line) for line in lines}
            behind = [line for line in lines if not line.is_current(versions[line])]
            for line in behind:
                await _upgrade(address, database, line)
    finally:
        await connection.close()
    return {line.name: versions[line] or "" for line in behind}


async def _upgrade(address: Address, database: str, line: MigrationLine) -> None:
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlalchemy.pool import NullPool

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "alembic"))
    config.set_main_option("version_locations", str(line.path).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.attributes["line"] = line
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: connect(address, database), poolclass=NullPool
    )

    def run(connection) -> None:  # noqa: ANN001 - a type of SQLAlchemy's, imported only when needed
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

    try:
        async with _alembic_turn(), engine.connect() as connection:
            await connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {quote_identifier(line.schema)}"))
            await connection.commit()
            await connection.run_sync(run)
    except DBAPIError as error:  # SQLAlchemy's wrapping of what callers know
        raise getattr(error.orig, "__cause__", None) or error from error
    finally:
        await engine.dispose()


def _alembic_turn() -> asyncio.Lock:
    """Return this event loop's lock: Alembic keeps the migration that runs in module globals, so one runs at a time."""
    return _alembic_turns.setdefault(asyncio.get_running_loop(), asyncio.Lock())


_alembic_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()
